"""How quantities look on the pages of usage."""

from __future__ import annotations

from typing import Any

from django.utils.html import format_html

from events.models import Metric


def plain(number: Any) -> str:
    """A quantity without trailing zeros: 1,234.5."""
    text = f"{number:,f}" if not isinstance(number, int) else f"{number:,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount_of(number: Any, metric: Metric) -> str:
    return format_html('<span class="whitespace-nowrap tabular-nums">{} {}</span>', plain(number), metric.unit)
