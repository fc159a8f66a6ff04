"""The demo's price simulation: tiers for API calls in place of one price."""

from __future__ import annotations

from typing import Any

from invoicing.services.prices.drafts import draft
from invoicing.services.prices.simulating import simulate, start_simulation

TIERS = (("250000", "0.018"), (None, "0.011"))


def try_a_price(*, by: Any) -> None:
    """Work out who would pay more if the first calls cost more and the rest less."""
    tiers = [{"up_to": up_to, "unit_price": price} for up_to, price in TIERS]
    tried = draft(metric_name="api_calls", unit="call", currency="INR", price={"model": "graduated", "tiers": tiers})
    simulation = start_simulation(drafts=[tried], months=2, by=by)
    simulate(simulation_id=simulation.pk)
