"""Samples of the e-mails about alerts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.number_formats import format_quantity
from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

LIMITS = (Decimal(250_000), Decimal(350_000))


WHEN = {
    "alert": "When an alert rule crosses one of its thresholds, once for each period.",
    "alert_recovered": "When an alert of which somebody was told does not hold any more.",
    "alert_test": "When somebody presses Send test on an alert rule.",
}


def samples(brand: Brand) -> Samples:
    when = _("in %(month)s") % {"month": month_text(date(2026, 11, 1))}
    seen = _("%(about)s: %(used)s %(when)s") % {"about": "API calls", "used": _calls(Decimal(351_204)), "when": when}

    def over(sentence: str, limit: Decimal) -> str:
        return _(sentence) % {"seen": seen, "limit": _calls(limit)}

    fired = [over("%(seen)s, at or above %(limit)s", limit) for limit in LIMITS]
    ended = [over("%(seen)s, not at or above %(limit)s any more", LIMITS[-1])]
    common: dict[str, Any] = {"customer": "Sample Customer Private Limited", "rule": "API calls of the month"}
    return {
        "alert": {**common, "headline": fired[-1], "sentences": fired, "link": "https://billing.example/alert"},
        "alert_recovered": {**common, "headline": ended[-1], "sentences": ended},
        "alert_test": {**common, "headline": common["rule"], "sentences": [seen]},
    }


def _calls(number: Decimal) -> str:
    return format_quantity(number, "call", "calls")


EXPLAINED = Explained(WHEN, samples)
