"""The month-end check: what should be in order before a month is billed. Nothing here is stored.

Asked by people who serve every customer. A finding that `stops` keeps invoices from being issued; any other costs money
or time later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.document_numbers import last_number
from billing_platform.lib.gst import INDIA, GstError, validate_gstin
from billing_platform.lib.number_formats import format_number
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter
from events.selectors.backlog import unsettled_by_status
from invoicing.models import BillingRunItem, Invoice, NumberSequence
from invoicing.selectors.exchange_rates import pairs_without_rate
from invoicing.selectors.letters import letter_on, letters_of
from invoicing.selectors.price_coverage import Unpriced, unpriced_usage_in
from invoicing.services.numbering import registration_of
from invoicing.services.runs.billing_run import who_is_billed
from organisations.models import BillingEntity, BillingHold, Organisation
from organisations.operators_clock import operators_today
from organisations.scoping import Actor

LAST_ZONE = ZoneInfo("Etc/GMT+12")
"""Where a month is over last."""


class Topic(StrEnum):
    """What is asked about; pages know the way to each mend."""

    UNSETTLED = "unsettled"
    QUARANTINED = "quarantined"
    DEAD_LETTERS = "dead_letters"
    UNPRICED = "unpriced"
    RATES = "rates"
    PARTICULARS = "particulars"
    LUT = "lut"
    SERIES = "series"
    HOLDS = "holds"
    EARLIER_ITEMS = "earlier_items"
    EARLIER_DRAFTS = "earlier_drafts"


@dataclass(frozen=True, slots=True)
class Check:
    """One question. `count` is how many rows are at fault, zero when all is in order; `sentence` says how it stands.
    `rows` are the first of them: customers, sellers, or usage without a price."""

    topic: Topic
    title: str
    count: int
    sentence: str
    stops: bool = False
    rows: tuple[Any, ...] = ()

    @property
    def is_green(self) -> bool:
        return not self.count


SHOWN_ROWS = 5


def month_end_check(*, period: BillingPeriod, actor: Actor) -> tuple[Check, ...]:
    """Every question about a month, in the order in which the run meets them. `actor` reaches every customer."""
    ready, not_over = who_is_billed(period)
    customers = [*ready, *(organisation for organisation, _end in not_over)]
    return (
        *_usage(period, actor),
        _unpriced(period, actor),
        _rates(actor),
        _particulars(customers),
        _lut(customers),
        _series(customers),
        _holds(actor),
        _earlier_items(period, actor),
        _earlier_drafts(period, actor),
    )


def _usage(period: BillingPeriod, actor: Actor) -> Iterator[Check]:
    found = unsettled_by_status(actor=actor, received_before=period.bounds(LAST_ZONE)[1])
    yield _check(
        Topic.UNSETTLED,
        "Usage is counted",
        found.pending,
        "Every request of the month is counted.",
        f"{_are(found.pending, 'accepted request')} not counted yet: the run waits for that, customer by customer.",
        stops=True,
    )
    yield _check(
        Topic.QUARANTINED,
        "No batch is quarantined",
        found.quarantined,
        "None is.",
        f"{_are(found.quarantined, 'batch', 'batches')} quarantined: the customer's month waits for a decision.",
        stops=True,
    )
    letters = DeadLetter.objects.for_organisations(actor).filter(status=DeadLetter.Status.OPEN).count()
    yield _check(
        Topic.DEAD_LETTERS,
        "No event waits as a dead letter",
        letters,
        "None does.",
        f"{_are(letters, 'event')} accepted but not counted: what is replayed after the run is billed as late usage.",
    )


def _unpriced(period: BillingPeriod, actor: Actor) -> Check:
    rows: Sequence[Unpriced] = unpriced_usage_in(period, actor=actor)
    metrics = len({row.metric.pk for row in rows})
    return _check(
        Topic.UNPRICED,
        "All usage has a price",
        metrics,
        "Every metric that was used has one.",
        f"{_are(metrics, 'metric')} used without a price: that usage is on no invoice.",
        rows=rows,
    )


def _rates(actor: Actor) -> Check:
    lacking = pairs_without_rate(actor=actor, today=operators_today())
    customers = {customer.pk: customer for _pair, of_pair in lacking for customer in of_pair.order_by("name")}
    pairs = ", ".join(f"{base} to {target}" for (base, target), _of_pair in lacking)
    return _check(
        Topic.RATES,
        "Exchange rates are fresh",
        len(customers),
        "Each that is needed is of the last 7 days.",
        f"{_are(len(customers), 'customer')} billed by an exchange rate of which there is none of the last 7 days: "
        f"{pairs}. Without one of the last 31 days nothing is issued by it.",
        rows=list(customers.values()),
    )


def _particulars(customers: Iterable[Organisation]) -> Check:
    lacking = [customer for customer in customers if lacks_particulars(customer)]
    return _check(
        Topic.PARTICULARS,
        "Customers' particulars are complete",
        len(lacking),
        "Each GSTIN is valid, and has a name, an address and a State with it.",
        f"{_are(len(lacking), 'customer')} held up by a wrong GSTIN, or by a particular that CGST Rule 46 asks for.",
        stops=True,
        rows=lacking,
    )


def lacks_particulars(customer: Organisation) -> bool:
    """Whether a GST invoice to the customer would be refused, whatever it comes to: the GSTIN is wrong or missing in
    a Special Economic Zone, or comes without a name, an address or a State."""
    if customer.billing_entity.country != INDIA or not customer.billing_entity.gstin or customer.country != INDIA:
        return False
    if not customer.gstin:
        return customer.is_sez
    try:
        validate_gstin(customer.gstin)
    except GstError:
        return True
    return not (customer.legal_name.strip() and customer.address_line1.strip() and customer.state_code)


def _lut(customers: Iterable[Organisation]) -> Check:
    today = operators_today()
    needing = {
        each.billing_entity_id: each.billing_entity
        for each in customers
        if (each.country != INDIA or each.is_sez) and each.billing_entity.gstin
    }
    letters = letters_of(needing)
    sellers = {
        pk: seller
        for pk, seller in needing.items()
        if letter_on(letters.get(pk, ()), clock.today(seller.time_zone)) is None
    }
    return _check(
        Topic.LUT,
        "Letters of undertaking are valid",
        len(sellers),
        "Each seller that exports or supplies to a Special Economic Zone has one.",
        f"{_are(len(sellers), 'seller')} without one that is valid on {day_text(today)}: exports are charged IGST.",
        rows=list(sellers.values()),
    )


def _series(customers: Iterable[Organisation]) -> Check:
    """Each seller needs a number for each of its customers."""
    needed = Counter(customer.billing_entity_id for customer in customers)
    sellers = {customer.billing_entity_id: customer.billing_entity for customer in customers}
    left = numbers_left(sellers.values())
    short = [seller for pk, seller in sellers.items() if left[pk] < needed[pk]]
    least = min(left.values(), default=0)
    return _check(
        Topic.SERIES,
        "Number series have room",
        len(short),
        f"At least {format_number(least)} numbers are left in each.",
        f"{_are(len(short), 'seller')} short of numbers: this financial year has fewer left than there are customers. "
        "Choose another prefix.",
        stops=True,
        rows=short,
    )


def numbers_left(sellers: Iterable[BillingEntity]) -> dict[Any, int]:
    """How many invoice numbers each seller has left in its series of today."""
    keys = {
        seller.pk: (
            registration_of(seller),
            seller.number_style.series(seller.invoice_prefix, clock.today(seller.time_zone)),
        )
        for seller in sellers
    }
    counters = NumberSequence.objects.filter(registration__in={registration for registration, _series in keys.values()})
    following = {(each.registration, each.series): each.next_number for each in counters.iterator()}
    return {pk: last_number(key[1]) + 1 - following.get(key, 1) for pk, key in keys.items()}


def _holds(actor: Actor) -> Check:
    holds = BillingHold.objects.for_organisations(actor).standing().filter(kind=BillingHold.Kind.DRAFT_ONLY)
    held = Organisation.objects.filter(pk__in=holds.values("organisation")).order_by("name")
    count = held.count()
    return _check(
        Topic.HOLDS,
        "No customer is held",
        count,
        "Everybody's invoices may be issued.",
        f"{_are(count, 'customer')} held: the month is drafted and not issued until the hold ends.",
        rows=list(held[:SHOWN_ROWS]),
    )


def _earlier_items(period: BillingPeriod, actor: Actor) -> Check:
    status = BillingRunItem.Status
    items = BillingRunItem.objects.for_organisations(actor).filter(run__period_start__lt=period.start)
    waiting = Q(status__in=[status.PENDING, status.CLAIMED, status.FAILED, status.PARKED])
    count = items.filter(waiting).count()
    return _check(
        Topic.EARLIER_ITEMS,
        "Earlier runs are finished",
        count,
        "Nothing of an earlier month waits, failed or is parked.",
        f"{_are(count, 'month')} before this one not billed yet: it waits, failed, or is parked.",
    )


def _earlier_drafts(period: BillingPeriod, actor: Actor) -> Check:
    count = Invoice.objects.for_organisations(actor).drafts_of_past_months(on=period.start).count()
    return _check(
        Topic.EARLIER_DRAFTS,
        "No draft of an earlier month is left",
        count,
        "None is.",
        f"{_are(count, 'draft')} left of earlier months: finalize or discard each.",
    )


def _check(
    topic: Topic,
    title: str,
    count: int,
    green: str,
    red: str,
    *,
    stops: bool = False,
    rows: Sequence[Any] = (),
) -> Check:
    return Check(topic, title, count, red if count else green, stops and bool(count), tuple(rows[:SHOWN_ROWS]))


def _are(count: int, one: str, several: str = "") -> str:
    """1 draft is, 2 drafts are."""
    return f"{format_number(count)} {one} is" if count == 1 else f"{format_number(count)} {several or one + 's'} are"
