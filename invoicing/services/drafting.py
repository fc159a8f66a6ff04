"""Drafts: usage times prices plus tax, stored so that it can be looked at, changed and computed again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.database.locks import LockSpace, advisory_lock
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.limits import MAX_LINES, MAX_MONEY, QUANTITY_PLACES, UNIT_PRICE_PLACES
from billing_platform.lib.money import (
    ZERO,
    MoneyError,
    exact_arithmetic,
    parse_decimal,
    round_money,
)
from billing_platform.lib.periods import BillingPeriod
from billing_platform.lib.validators import require, validate_printed_paragraphs, validate_sac
from invoicing.models import Invoice, InvoiceLine, InvoiceTax
from invoicing.pricing import ChargeDetail
from invoicing.services import rating, taxation
from invoicing.services.exchange_rates import rate_warnings
from invoicing.services.lettering import letter_warnings
from invoicing.services.particulars import particular_warnings
from invoicing.services.rated import RatedLine, TooLarge
from invoicing.tax import SupplyContext, TaxHead, tax_line
from invoicing.totals import Line, Totals, compute_totals
from organisations.models import BillingEntity, Organisation

Warnings = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Computed:
    """An invoice worked out, whether it is stored or only shown."""

    day: date  # in the seller's time zone: its LUT, tax rates and exchange rates hold, and it is the document's
    lines: tuple[RatedLine, ...]
    heads: tuple[tuple[TaxHead, ...], ...]
    totals: Totals
    supply: SupplyContext | None
    warnings: Warnings


@transaction.atomic
def create_draft(*, organisation: Organisation, period: BillingPeriod) -> Invoice:
    """Draft the invoice of a month.

    Raises DomainError INVOICE_EXISTS when the month has a live invoice, NOTHING_TO_BILL when nothing was used.
    """
    lock_months(organisation)
    existing = Invoice.objects.live().filter(organisation=organisation, period_start=period.start).first()
    if existing is not None:
        raise DomainError(
            f"{organisation.name} has an invoice for {month_text(period)} already.",
            code="INVOICE_EXISTS",
            details={"invoice": str(existing.pk)},
        )
    computed = compute_month(organisation=organisation, period=period)
    if not computed.lines and not computed.warnings:
        raise DomainError(f"{organisation.name} used nothing in {month_text(period)}.", code="NOTHING_TO_BILL")
    invoice = _new_invoice(organisation, period_start=period.start, period_end=period.end)
    _store(invoice, computed)
    return invoice


@transaction.atomic
def create_one_off_draft(*, organisation: Organisation, lines: Sequence[Mapping[str, Any]]) -> Invoice:
    """Draft an invoice of given lines: `{description, quantity, unit_price, sac?}`. Raises InvalidInput."""
    if not 1 <= len(lines) <= MAX_LINES:
        raise InvalidInput.field("lines", f"Give 1 to {MAX_LINES} lines.")
    entity = organisation.billing_entity
    rated = tuple(_one_off_line(index, line, organisation.currency, entity) for index, line in enumerate(lines))
    if abs(sum((line.amount for line in rated), ZERO)) >= MAX_MONEY:
        raise InvalidInput.field("lines", "The lines add up to too large an amount: spread them over several invoices.")
    invoice = _new_invoice(organisation)
    _store(invoice, compute(organisation=organisation, lines=rated))
    return invoice


@transaction.atomic
def recompute_draft(*, invoice_id: UUID) -> Invoice:
    """Work a draft out again from today's usage, prices and rates. Raises DomainError INVOICE_NOT_DRAFT."""
    invoice = lock_draft(invoice_id)
    recompute_locked(invoice)
    return invoice


@transaction.atomic
def delete_draft(*, invoice_id: UUID) -> None:
    """Throw a draft away; its month can be drafted again. Raises DomainError INVOICE_NOT_DRAFT."""
    lock_draft(invoice_id).delete()


def lock_draft(invoice_id: UUID) -> Invoice:
    """The draft, locked until the transaction ends, with its organisation and seller."""
    invoice = lock_invoice(invoice_id)
    if not invoice.is_draft:
        raise DomainError(
            f"Invoice {invoice} is {invoice.get_status_display().lower()}, not a draft.", code="INVOICE_NOT_DRAFT"
        )
    return invoice


def lock_invoice(invoice_id: UUID) -> Invoice:
    invoice: Invoice | None = (
        Invoice.objects.select_for_update(of=("self",))
        .select_related("organisation__billing_entity", "billing_entity")
        .filter(pk=invoice_id)
        .first()
    )
    if invoice is None:
        raise NotFound("There is no such invoice.")
    return invoice


def require_issued(invoice: Invoice) -> None:
    """Raises DomainError INVOICE_NOT_FINALIZED for a draft and INVOICE_VOID for a void invoice."""
    if invoice.is_draft:
        raise DomainError("The invoice is a draft: finalize it first.", code="INVOICE_NOT_FINALIZED")
    if invoice.status == Invoice.Status.VOID:
        raise DomainError(f"Invoice {invoice} is void.", code="INVOICE_VOID")


def lock_months(organisation: Organisation) -> None:
    """One organisation's invoices are worked out one at a time, until the transaction ends.

    A month's late usage is charged by the difference to what other invoices charged for it: two that are worked out
    at the same moment would both leave the same usage out, or both charge it.
    """
    advisory_lock(LockSpace.BILLING_RUN, organisation.pk)


def recompute_locked(invoice: Invoice) -> Computed:
    """Store the draft anew. The seller is the organisation's of today."""
    organisation = invoice.organisation
    lock_months(organisation)
    computed = computed_anew(invoice)
    invoice.billing_entity = organisation.billing_entity
    if invoice.period is not None:
        invoice.currency = organisation.currency
    _store(invoice, computed)
    return computed


def computed_anew(invoice: Invoice) -> Computed:
    """What a draft comes to by now; nothing is stored. A one-off keeps its lines and currency."""
    organisation = invoice.organisation
    if invoice.period is not None:
        return compute_month(organisation=organisation, period=invoice.period)
    kept = tuple(RatedLine.of(line) for line in invoice.lines.select_related("pricing_rule"))
    return compute(organisation=organisation, lines=kept, currency=invoice.currency)


def compute_month(*, organisation: Organisation, period: BillingPeriod) -> Computed:
    """What the invoice of a month would be by now; nothing is stored."""
    rated = rating.rate_period(organisation=organisation, period=period)
    lines, left_out = _within_bounds(rated.lines, organisation.currency)
    warnings = [*rated.warnings, *(large.warning for large in left_out)]
    return compute(organisation=organisation, lines=lines, warnings=warnings)


def _within_bounds(lines: Sequence[RatedLine], currency: str) -> tuple[tuple[RatedLine, ...], list[TooLarge]]:
    """The lines whose sum an invoice can hold, and what had to be left off: its blocking warnings."""
    kept, left_out, together = [], [], ZERO
    for line in lines:
        if together + abs(line.amount) < MAX_MONEY:
            together += abs(line.amount)
            kept.append(line)
        else:
            left_out.append(TooLarge.amount(line.metric, line.description, together + abs(line.amount), currency))
    return tuple(kept), left_out


def compute(
    *,
    organisation: Organisation,
    lines: tuple[RatedLine, ...],
    currency: str = "",
    warnings: Sequence[dict[str, Any]] = (),
) -> Computed:
    """Tax and totals of lines. What keeps tax from being known becomes a warning that blocks finalizing."""
    entity = organisation.billing_entity
    currency = currency or organisation.currency
    on = clock.today(entity.time_zone)
    found = [
        *warnings,
        *letter_warnings(seller=entity, customer=organisation, lines=lines),
        *rate_warnings(entity=entity, currency=currency, day=on),
    ]
    heads: tuple[tuple[TaxHead, ...], ...] = tuple(() for _ in lines)
    supply = None
    try:
        supply = taxation.supply_of(seller=entity, customer=organisation, on=on)
        by_sac = {
            sac: taxation.heads_for(supply, sac=sac, on=on)
            for sac in sorted({line.sac or entity.default_sac for line in lines})
        }
        heads = tuple(by_sac[line.sac or entity.default_sac] for line in lines)
        if lapsed := taxation.lapsed_lut_warning(entity, supply, on):
            found.append({"code": "NO_LUT", "message": lapsed})
    except DomainError as error:
        found.append({"code": error.code, "message": error.message, "blocks": True})
    totals = compute_totals(
        [Line(line.kind, line.amount, line_heads) for line, line_heads in zip(lines, heads, strict=True)], currency
    )
    taxable = totals.subtotal - totals.discount_total
    found += particular_warnings(seller=entity, customer=organisation, taxable=taxable, currency=currency)
    return Computed(on, lines, heads, totals, supply, found)


def _new_invoice(organisation: Organisation, **values: date) -> Invoice:
    return Invoice.objects.create(
        organisation=organisation,
        billing_entity=organisation.billing_entity,
        currency=organisation.currency,
        **values,
    )


def _store(invoice: Invoice, computed: Computed) -> None:
    """Replace lines and taxes of a draft, and its sums."""
    invoice.taxes.all().delete()
    invoice.lines.all().delete()
    default_sac = invoice.billing_entity.default_sac
    lines = [_stored_line(invoice, position, rated, default_sac) for position, rated in enumerate(computed.lines, 1)]
    InvoiceLine.objects.bulk_create(lines)
    InvoiceTax.objects.bulk_create(
        InvoiceTax(
            invoice=invoice, line=line, name=tax.name, rate=tax.rate, taxable_amount=line.amount, amount=tax.amount
        )
        for line, heads in zip(lines, computed.heads, strict=True)
        for tax in tax_line(line.amount, heads, invoice.currency)
    )
    totals = computed.totals
    invoice.subtotal, invoice.discount_total = totals.subtotal, totals.discount_total
    invoice.tax_total, invoice.round_off, invoice.total = totals.tax_total, totals.round_off, totals.total
    invoice.warnings = computed.warnings
    invoice.save()


def _stored_line(invoice: Invoice, position: int, rated: RatedLine, default_sac: str) -> InvoiceLine:
    columns = {**rated.as_columns(), "sac": rated.sac or default_sac}
    return InvoiceLine(invoice=invoice, position=position, **columns)


def _one_off_line(index: int, line: Mapping[str, Any], currency: str, entity: BillingEntity) -> RatedLine:
    number = partial(_number, index, line)
    description = str(line.get("description", "")).strip()
    if not description:
        raise InvalidInput.field(f"lines[{index}].description", "Say what is charged.")
    require(f"lines[{index}].description", description, validate_printed_paragraphs)
    sac = str(line.get("sac") or entity.default_sac)
    require(f"lines[{index}].sac", sac, validate_sac)
    quantity = number("quantity", QUANTITY_PLACES)
    unit_price = number("unit_price", UNIT_PRICE_PLACES)
    with exact_arithmetic():
        exact = quantity * unit_price
    amount = round_money(exact, currency)
    if quantity <= ZERO:
        raise InvalidInput.field(f"lines[{index}].quantity", "The quantity must be greater than 0.")
    if abs(amount) >= MAX_MONEY:
        raise InvalidInput.field(f"lines[{index}].unit_price", "The unit price makes the amount too large.")
    return RatedLine(
        kind=InvoiceLine.Kind.ONE_OFF,
        description=description,
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        sac=sac,
        explanation=[ChargeDetail(description, quantity, unit_price, ZERO, exact).to_dict()],
    )


def _number(index: int, line: Mapping[str, Any], name: str, places: int) -> Decimal:
    try:
        return parse_decimal(line.get(name, ""), places=places, max_digits=14)
    except MoneyError as error:
        raise InvalidInput.field(f"lines[{index}].{name}", str(error)) from None
