"""Price simulations: start one, work it out in parts, forget it; and make its draft prices real ones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.batches import batches
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.work.claims import claim, done, due_ids, failure_text, let_go, note_failure, note_progress
from billing_platform.lib.work.waking import wake_on_commit
from events.models import UsagePeriod
from invoicing.computing.simulation import MonthOfUse, Redeemed, compare
from invoicing.models import PriceSimulation, PricingRule, SimulatedCustomer
from invoicing.models.price_simulation import MOST_MONTHS
from invoicing.pricing.rules import Rule
from invoicing.services.facts.simulation_facts import months_of_use
from invoicing.services.prices.drafts import draft_rule, reaches
from invoicing.services.prices.price_book import create_pricing_rule, new_version
from organisations.models import Organisation

CHUNK = 50
"""Customers whose months are read together."""
AT_ONCE = 2_000
"""Customers of one try: afterwards another worker may go on, and a deployment has not long to wait."""
RETENTION = timedelta(days=90)
_TASK = "invoicing.tasks.simulate_prices"


@transaction.atomic
def start_simulation(
    *, drafts: Sequence[PricingRule], months: int, customers: Collection[Organisation] = (), by: Any = None
) -> PriceSimulation:
    """Have a worker price the last closed months anew by some drafts, of all customers whom a draft may reach or of
    the chosen ones. The drafts are checked (`drafts.py`), and not stored as prices.

    Raises InvalidInput at `months`, `prices` and `customers`; DomainError NOTHING_TO_SIMULATE where no month is closed.
    """
    if not 1 <= months <= MOST_MONTHS:
        raise InvalidInput.field("months", f"Choose 1 to {MOST_MONTHS} months.")
    _refuse_twice(drafts)
    newest = UsagePeriod.objects.filter(closed_at__isnull=False).aggregate(newest=Max("month"))["newest"]
    if newest is None:
        raise DomainError("No month is closed yet: there is no usage to price anew.", code="NOTHING_TO_SIMULATE")
    first = BillingPeriod.of(newest)
    for _each in range(months - 1):
        first = first.previous()
    simulation = PriceSimulation(
        drafts=[draft_body(each) for each in drafts],
        first_month=first.start,
        months=months,
        chosen=sorted(each.pk for each in customers) or None,
        requested_by=by,
    )
    simulation.customers = _customers(simulation).count()
    if not simulation.customers:
        raise InvalidInput.field(
            "customers", f"None of them has a closed month in {simulation.span_text} and is reached by a price."
        )
    simulation.save()
    wake_on_commit(_TASK, simulation.pk)
    return simulation


def draft_body(rule: PricingRule) -> dict[str, Any]:
    """A draft as it is stored: the body of a price rule in the form of docs/api.md, without days."""
    return {
        "organisation": str(rule.organisation_id) if rule.organisation_id else None,
        "metric_name": rule.metric_name,
        "unit": rule.unit,
        "currency": rule.currency,
        "dimensions": rule.dimensions,
        "pool": str(rule.pool),
        "may_be_exchanged": rule.may_be_exchanged,
        **rule.price.to_dict(),
    }


def _refuse_twice(drafts: Sequence[PricingRule]) -> None:
    if not drafts:
        raise InvalidInput.field("prices", "Give at least one price.")
    for index, draft in enumerate(drafts):
        same = (draft.organisation_id, draft.metric_name, draft.unit, draft.currency, draft.dimensions)
        if any(
            same == (each.organisation_id, each.metric_name, each.unit, each.currency, each.dimensions)
            for each in drafts[:index]
        ):
            named = f"{draft.metric_name} ({draft.unit})"
            raise InvalidInput.field("prices", f"{named} has two drafts for the same usage: leave one out.")


def _customers(simulation: PriceSimulation) -> QuerySet[Organisation]:
    """Whom the simulation is about, in the order of their ids: those with a closed month whom a draft may reach."""
    reached = Q(pk__in=())
    for body in simulation.drafts:
        reached |= reaches(body)
    closed = UsagePeriod.objects.filter(
        organisation=OuterRef("pk"),
        closed_at__isnull=False,
        month__range=(simulation.first_month, simulation.periods[-1].start),
    )
    found = Organisation.objects.real().filter(reached, Exists(closed)).order_by("pk")
    return found if simulation.chosen is None else found.filter(pk__in=simulation.chosen)


def simulate(*, simulation_id: UUID) -> None:
    """A worker's part: some customers after those that are done, a chunk of them in one transaction."""
    simulation = claim(_open(), simulation_id, early=True)
    if simulation is None:
        return
    try:
        _go_on(simulation)
    except DomainError as error:
        note_failure(simulation, error, final=True)
    except Exception as error:  # whatever else it is: the simulation says so, and is tried again
        note_failure(simulation, error)


def _go_on(simulation: PriceSimulation) -> None:
    left = _customers(simulation)
    if simulation.done_up_to is not None:
        left = left.filter(pk__gt=simulation.done_up_to)
    rules = [draft_rule(body, simulation.first_month) for body in simulation.drafts]
    number = 0
    for chunk in batches(left[:AT_ONCE].iterator(chunk_size=AT_ONCE), CHUNK):
        number += len(chunk)
        if not _store(simulation, chunk, list(_rows(simulation, chunk, rules))):
            return
    if number < AT_ONCE:
        done(simulation, finished_at=clock.now(), customers=simulation.customers_done)
    else:
        with transaction.atomic():
            if let_go(simulation):
                wake_on_commit(_TASK, simulation.pk)


@transaction.atomic
def _store(simulation: PriceSimulation, chunk: Sequence[Organisation], rows: list[SimulatedCustomer]) -> bool:
    """False if another worker has taken over: its rows are the ones."""
    SimulatedCustomer.objects.bulk_create(rows)
    count = simulation.customers_done + len(chunk)
    is_ours = note_progress(
        simulation,
        customers_done=count,
        customers=max(simulation.customers, count),  # a month may have been closed since it was started
        done_up_to=chunk[-1].pk,
    )
    if not is_ours:
        transaction.set_rollback(True)
    return is_ours


def _rows(simulation: PriceSimulation, chunk: Sequence[Organisation], rules: Sequence[Rule]) -> Any:
    drafts = {each.pk: [rule for rule in rules if rule.organisation_id in (None, each.pk)] for each in chunk}
    months, redeemed = months_of_use(chunk, simulation.periods, drafts)
    for each in chunk:
        yield _row(simulation, each, months[each.pk], drafts[each.pk], redeemed.get(each.pk, {}))


def _row(
    simulation: PriceSimulation,
    customer: Organisation,
    months: Sequence[MonthOfUse],
    drafts: Sequence[Rule],
    redeemed: Mapping[UUID, Redeemed],
) -> SimulatedCustomer:
    row = SimulatedCustomer(
        simulation=simulation, organisation=customer, currency=customer.currency, months=len(months)
    )
    try:
        found = compare(months, drafts, redeemed)
    except Exception as error:  # one customer's wrong facts stop no other
        row.failure = failure_text(error)[:500]
        return row
    row.before, row.after, row.delta = found.before.total, found.after.total, found.delta
    row.usage_before, row.usage_after = found.before.usage, found.after.usage
    row.left_out_before, row.left_out_after = found.before.left_out, found.after.left_out
    return row


@transaction.atomic
def try_now(*, simulation_id: UUID) -> None:
    """An operator's wish: go on at once with what waits after a failure or was given up.

    Raises DomainError SIMULATION_NOT_WAITING where nothing of the kind waits.
    """
    simulation = _open().select_for_update().filter(pk=simulation_id).first()
    if simulation is None or not simulation.may_be_tried_now:
        raise DomainError("This simulation waits for no other try.", code="SIMULATION_NOT_WAITING")
    simulation.save(update_fields=simulation.try_now())
    wake_on_commit(_TASK, simulation.pk)


def due_simulations() -> list[UUID]:
    """Ids of simulations to go on with: new ones, those to be tried again, those whose worker died."""
    return due_ids(_open())


def forget_simulations() -> int:
    """Delete simulations that were started `RETENTION` ago. Returns how many."""
    old = PriceSimulation.objects.filter(created_at__lt=clock.now() - RETENTION)
    pks = list(old.values_list("pk", flat=True))
    for pk in pks:  # one at a time: each may have ten thousand rows
        with transaction.atomic():
            SimulatedCustomer.objects.filter(simulation=pk).delete()
            PriceSimulation.objects.filter(pk=pk).delete()
    return len(pks)


@transaction.atomic
def schedule_prices(
    *, simulation_id: UUID, effective_from: date, reason: str = "", by: Any = None
) -> list[PricingRule]:
    """Make all drafts of a finished simulation real prices from a day on: the next version of the price for the same
    usage, or a new price where there is none. All or none of them.

    Raises NotFound, DomainError SIMULATION_NOT_FINISHED and PRICES_SCHEDULED, and what the price book raises.
    """
    simulation = PriceSimulation.objects.select_for_update().filter(pk=simulation_id).first()
    if simulation is None:
        raise NotFound("There is no such price simulation.")
    if simulation.finished_at is None:
        raise DomainError(
            "The simulation is not finished: its prices are not scheduled.", code="SIMULATION_NOT_FINISHED"
        )
    if simulation.scheduled_from is not None:
        first = day_text(simulation.scheduled_from)
        raise DomainError(f"Its prices are scheduled already, from {first} on.", code="PRICES_SCHEDULED")
    rules = [_schedule(body, effective_from, reason) for body in simulation.drafts]
    simulation.scheduled_from, simulation.scheduled_by = effective_from, by
    simulation.save(update_fields=["scheduled_from", "scheduled_by", "updated_at"])
    return rules


def _schedule(body: Mapping[str, Any], effective_from: date, reason: str) -> PricingRule:
    old = followed_price(body, effective_from)
    if old is not None:
        return new_version(
            rule_id=old.pk,
            price=body,
            effective_from=effective_from,
            pool=body["pool"],
            may_be_exchanged=body["may_be_exchanged"],
            reason=reason,
        )
    owner = body["organisation"]
    return create_pricing_rule(
        organisation=Organisation.objects.get(pk=owner) if owner else None,
        metric_name=body["metric_name"],
        unit=body["unit"],
        currency=body["currency"],
        dimensions=body["dimensions"],
        pool=body["pool"],
        may_be_exchanged=body["may_be_exchanged"],
        price=body,
        effective_from=effective_from,
        reason=reason,
    )


def followed_price(body: Mapping[str, Any], effective_from: date) -> PricingRule | None:
    """The stored price for the same usage that a draft would follow, if it began on a day."""
    begun = PricingRule.objects.filter(
        Q(effective_to__isnull=True) | Q(effective_to__gte=effective_from),
        organisation=body["organisation"],
        metric_name=body["metric_name"],
        unit=body["unit"],
        currency=body["currency"],
        dimensions=body["dimensions"],
        effective_from__lt=effective_from,
    )
    return begun.order_by("-effective_from").first()


def _open() -> QuerySet[PriceSimulation]:
    return PriceSimulation.objects.filter(finished_at__isnull=True)
