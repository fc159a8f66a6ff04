"""How many customers' bills change by how much, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.safestring import SafeString

from billing_platform.lib.admin.charts.bars import Bar, bars_chart
from billing_platform.lib.number_formats import format_number
from invoicing.selectors.price_simulations import Step


def distribution(steps: Sequence[Step], currency: str) -> SafeString:
    """A bar for each step, from who saves most to who pays most more; empty steps at the ends are left out."""
    used = [place for place, step in enumerate(steps) if step.customers]
    shown = steps[used[0] : used[-1] + 1] if used else steps
    bars = [Bar(step.label, format_number(step.customers), Decimal(step.customers)) for step in shown]
    return bars_chart(f"Customers in {currency} by the change of their bills", bars)
