"""How quantities look on the pages of usage."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html

from events.models import Metric
from events.usage.metered import MetricWords


def amount_of(number: Any, metric: Metric) -> str:
    text = MetricWords.of(metric).quantity_text(number)
    return format_html('<span class="whitespace-nowrap tabular-nums">{}</span>', text)
