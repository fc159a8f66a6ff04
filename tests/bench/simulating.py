"""A price simulation of a year of many customers with usage of four metrics on every day: speed and memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from uuid import UUID

from tests.bench.billing import hear, processes, tell
from tests.bench.customers import customers_with_prices, use
from tests.bench.sample import METRICS

MONTHS = 12
_TIERS = [{"up_to": "900", "unit_price": "2.1"}, {"up_to": None, "unit_price": "1.2"}]

_SIMULATE = """
import django, resource, sys
django.setup()
from uuid import UUID
from invoicing.models import PriceSimulation
from invoicing.services.prices.simulating import simulate
print("ready", flush=True)
pk = UUID(sys.stdin.readline().strip())
while PriceSimulation.objects.filter(pk=pk, finished_at=None, last_failure="").exists():
    simulate(simulation_id=pk)
print("done", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, flush=True)
"""


@dataclass(frozen=True)
class Simulated:
    """`peak_mb` is the most memory of the process that worked it out."""

    seconds: float
    customers: int
    peak_mb: int


def simulated(customers: int) -> tuple[Simulated, Simulated]:
    """A tenth of the customers, then all of them: memory must not follow."""
    owners = customers_with_prices(customers)
    _use(owners)
    pks = [organisation for organisation, _project in owners]
    return _worked_out(pks[: customers // 10]), _worked_out(pks)


def _use(owners: list[tuple[UUID, UUID]]) -> None:
    """Usage of closed months."""
    from billing_platform.lib import clock
    from billing_platform.lib.periods import BillingPeriod
    from events.models import UsagePeriod

    period = BillingPeriod.of(clock.now().date())
    for _month in range(MONTHS):
        period = period.previous()
        use(owners, period)
    ids = [organisation for organisation, _project in owners]
    UsagePeriod.objects.filter(organisation__in=ids).update(closed_at=clock.now())


def _worked_out(pks: list[UUID]) -> Simulated:
    from invoicing.models import PriceSimulation
    from invoicing.services.prices.drafts import draft
    from invoicing.services.prices.simulating import start_simulation
    from organisations.models import Organisation

    name, unit = METRICS[0]
    tried = draft(metric_name=name, unit=unit, currency="INR", price={"model": "graduated", "tiers": _TIERS})
    chosen = Organisation.objects.filter(pk__in=pks)
    started = start_simulation(drafts=[tried], months=MONTHS, customers=chosen)
    with processes([_SIMULATE]) as (process,):
        begun = time.perf_counter()
        tell(process, str(started.pk))
        (peak,) = hear(process, "done")
        seconds = time.perf_counter() - begun
    found = PriceSimulation.objects.get(pk=started.pk)
    if found.finished_at is None or found.rows.exclude(failure="").exists() or found.rows.count() != len(pks):
        raise RuntimeError(f"The simulation did not come to its end: {found.last_failure}")
    return Simulated(seconds, len(pks), int(peak))
