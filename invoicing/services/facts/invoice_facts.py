"""The only reader for computing invoices: usage, prices, terms, what was invoiced, parties and rates. No arithmetic.

Facts are read for many organisations at once: each source is a function `(organisations, period) -> Mapping` from the
organisation's id, which takes as many queries for a thousand organisations as for one. What the usage of a month is
priced by comes from `month_facts.py`.

Facts of an invoice that is being issued are consistent because the caller holds locks: the closed month takes no more
usage, the organisation's invoices are worked out one at a time, and prices stand still. Facts that are only shown are
read from one snapshot of the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import F

from billing_platform.lib import clock
from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.gst import INDIA
from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.parties import Customer, Seller
from invoicing.computing.terms import Terms
from invoicing.gst_heads import TaxHead
from invoicing.lines import Line, LineKind
from invoicing.models import Invoice, InvoiceLine, LetterOfUndertaking, TaxRate
from invoicing.pricing.month_facts import MonthFacts
from invoicing.rates import BOOKS, Rate
from invoicing.selectors.exchange_rates import published
from invoicing.selectors.letters import letter_on, letters_of
from invoicing.selectors.templates import templates_of
from invoicing.services.facts.month_facts import Usage, months_of
from invoicing.services.facts.term_facts import terms_of
from organisations.models import BillingEntity, Organisation


@dataclass(frozen=True, slots=True)
class Charges:
    """What a month is charged by, before tax: its usage and prices, its terms, and what people typed on its draft."""

    month: MonthFacts
    terms: Terms
    typed: tuple[Line, ...]


def charges_of_months(
    organisations: Collection[Organisation], period: BillingPeriod, *, usage: Mapping[UUID, Usage] | None = None
) -> dict[UUID, Charges]:
    """By the organisation's id. `usage` is what the month counts, where the caller has read it in the same snapshot."""
    with consistent_read():
        months, typed = months_of(organisations, period, usage), _typed_lines(organisations, period)
        terms = terms_of(organisations, period, months)
    return {each.pk: Charges(months[each.pk], terms[each.pk], typed.get(each.pk, ())) for each in organisations}


def facts_of_months(organisations: Collection[Organisation], period: BillingPeriod) -> dict[UUID, InvoiceFacts]:
    """What the invoices of a month are computed from by now, by the organisation's id. The seller is the organisation's
    of today: have `billing_entity` read with the organisations."""
    with consistent_read():
        charges = charges_of_months(organisations, period)
        shared = _Shared(organisations, {each.currency for each in organisations})
        return {each.pk: shared.facts_of_month(each, charges[each.pk]) for each in organisations}


def month_facts(*, organisation: Organisation, period: BillingPeriod) -> InvoiceFacts:
    """The same of one organisation."""
    return facts_of_months([organisation], period)[organisation.pk]


def _typed_lines(organisations: Collection[Organisation], period: BillingPeriod) -> Mapping[UUID, tuple[Line, ...]]:
    """What people typed on the month's drafts."""
    rows = InvoiceLine.objects.filter(
        kind=LineKind.ONE_OFF,
        invoice__organisation__in=[each.pk for each in organisations],
        invoice__period_start=period.start,
        invoice__status=Invoice.Status.DRAFT,
    )
    found: defaultdict[UUID, tuple[Line, ...]] = defaultdict(tuple)
    for row in rows.annotate(owner=F("invoice__organisation_id")).order_by("position"):
        found[row.owner] += (as_typed(row),)
    return found


def one_off_facts(*, organisation: Organisation, currency: str, lines: Sequence[Line]) -> InvoiceFacts:
    """The same for an invoice of given lines."""
    with consistent_read():
        return _Shared([organisation], {currency}).facts(organisation, currency, lines=tuple(lines))


def facts_of(invoice: Invoice) -> InvoiceFacts:
    """What a draft would be computed from by now. A one-off keeps its lines and its currency."""
    if invoice.period is not None:
        return month_facts(organisation=invoice.organisation, period=invoice.period)
    lines = [as_typed(row) for row in invoice.lines.all()]
    return one_off_facts(organisation=invoice.organisation, currency=invoice.currency, lines=lines)


_APART = {"heads", "taxable", "dimensions", "steps", "discounts"}
LINE_COLUMNS = tuple(each.name for each in fields(Line) if each.name not in _APART)
"""What a line and its row call the same; what is JSON there is read apart, and taxes have rows of their own."""


def line_of(row: InvoiceLine) -> Line:
    """A stored line, without its taxes."""
    same = {name: getattr(row, name) for name in LINE_COLUMNS}
    dimensions = tuple(sorted(row.dimensions.items()))
    return Line(**same, dimensions=dimensions, steps=row.steps, discounts=row.line_discounts)


def as_typed(row: InvoiceLine) -> Line:
    """A line as a person typed it: discounts are computed anew."""
    return replace(line_of(row), discount=ZERO, discounts=())


def stored_lines(invoice: Invoice) -> tuple[Line, ...]:
    """The stored lines with their taxes, in order."""
    return tuple(
        replace(line_of(row), heads=tuple(TaxHead(tax.name, tax.rate) for tax in row.taxes.all()))
        for row in invoice.lines.order_by("position").prefetch_related("taxes")
    )


class _Shared:
    """What many invoices have in common: their sellers, the day, the rates of tax and of exchange."""

    def __init__(self, organisations: Collection[Organisation], currencies: Collection[str]) -> None:
        entities = {each.billing_entity_id: each.billing_entity for each in organisations}
        self._templates = templates_of(organisations)
        self._days = {pk: clock.today(entity.time_zone) for pk, entity in entities.items()}
        letters = letters_of(entities)
        self._sellers = {
            pk: _seller(entity, letter_on(letters.get(pk, ()), self._days[pk])) for pk, entity in entities.items()
        }
        days = set(self._days.values())  # two at the most, but for a seller across the date line
        self._tax_rates = {day: _tax_rates(day) for day in days}
        self._exchange_rates = {day: _exchange_rates(currencies, day) for day in days}

    def facts_of_month(self, organisation: Organisation, charges: Charges) -> InvoiceFacts:
        return self.facts(
            organisation, organisation.currency, month=charges.month, terms=charges.terms, lines=charges.typed
        )

    def facts(
        self,
        organisation: Organisation,
        currency: str,
        *,
        month: MonthFacts | None = None,
        terms: Terms | None = None,
        lines: tuple[Line, ...] = (),
    ) -> InvoiceFacts:
        day = self._days[organisation.billing_entity_id]
        return InvoiceFacts(
            day=day,
            currency=currency,
            seller=self._sellers[organisation.billing_entity_id],
            customer=_customer(organisation),
            tax_rates=self._tax_rates[day][0],
            rates_abroad=self._tax_rates[day][1],
            exchange_rate=self._exchange_rates[day].get(currency),
            month=month,
            terms=terms or Terms(),
            lines=lines,
            template=self._templates.get(organisation.pk),
            sac_digits=settings.GST_SAC_DIGITS,
        )


def _tax_rates(day: date) -> tuple[dict[str, Decimal], dict[tuple[str, str], TaxHead]]:
    """The rates of GST, and those of other countries."""
    rates = list(TaxRate.objects.on(day))
    abroad = {(each.country, each.sac): TaxHead(each.tax_name, each.rate) for each in rates if each.country != INDIA}
    return {each.sac: each.rate for each in rates if each.country == INDIA}, abroad


def _exchange_rates(currencies: Iterable[str], day: date) -> Mapping[str, Rate]:
    foreign = {currency for currency in currencies if currency != BOOKS}
    if not foreign:
        return {}
    known = published(at=day)
    rates = {currency: known.between(currency, BOOKS, day=day) for currency in foreign}
    return {currency: found for currency, found in rates.items() if found is not None}


def _seller(entity: BillingEntity, letter: LetterOfUndertaking | None) -> Seller:
    apart = {"logo", "lut_number"}
    columns = {each.name: getattr(entity, each.name) for each in fields(Seller) if each.name not in apart}
    return Seller(**columns, logo=entity.logo.name or "", lut_number=letter.number if letter else "")


def _customer(organisation: Organisation) -> Customer:
    return Customer(**{each.name: getattr(organisation, each.name) for each in fields(Customer)})
