"""What is copied onto an invoice when it is issued, and the document that this makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from babel import Locale
from django.conf import settings
from django.urls import NoReverseMatch, reverse

from billing_platform.lib.gst import INDIA, place_of_supply_label, validate_gstin
from billing_platform.lib.money import ZERO, Money, exact_arithmetic, round_money
from invoicing.documents import (
    BankDetails,
    DocumentLine,
    DocumentStep,
    DocumentTax,
    ExchangeNote,
    InvoiceDocument,
    Party,
)
from invoicing.documents.words import amount_in_words
from invoicing.models import Invoice, InvoiceLine, InvoiceTax
from invoicing.models.exchange_rate import BOOKS
from invoicing.selectors.documents import summed_taxes
from invoicing.services.exchange_rates import needs_rate, rate_on
from invoicing.tax import SupplyContext, SupplyKind, TaxAmount
from organisations.models import BillingEntity, Organisation

_TAX_NOTES = {
    SupplyKind.EXPORT_WITHOUT_PAYMENT: "IGST 0% (zero-rated, LUT)",
    SupplyKind.SEZ_WITHOUT_PAYMENT: "IGST 0% (zero-rated, LUT)",
    SupplyKind.NO_GST: "Tax (none charged)",
}
"""What the tax row is called where no tax is charged; a rate of 0% otherwise."""

_EXPORTS = (SupplyKind.EXPORT_WITH_PAYMENT, SupplyKind.EXPORT_WITHOUT_PAYMENT)


def seller_snapshot(entity: BillingEntity) -> dict[str, Any]:
    return {
        **_party(entity),
        "email": entity.email,
        "phone": entity.phone,
        "bank_name": entity.bank_name,
        "bank_account_number": entity.bank_account_number,
        "bank_ifsc": entity.bank_ifsc,
        "bank_swift": entity.bank_swift,
        "bank_address": entity.bank_address,
        "correspondent_bank": entity.correspondent_bank,
        "upi_id": entity.upi_id,
        "brand_colour": entity.brand_colour,
        "logo": entity.logo.name or "",
    }


def customer_snapshot(organisation: Organisation) -> dict[str, Any]:
    return {
        **_party(organisation),
        "name": organisation.name,
        "email": organisation.billing_email,
        "is_sez": organisation.is_sez,
        "payment_terms_days": organisation.payment_terms_days,
    }


def supply_snapshot(supply: SupplyContext) -> dict[str, Any]:
    place = supply.place_of_supply
    return {
        "kind": supply.kind.value,
        "place_of_supply": place,
        "place_of_supply_label": place_of_supply_label(place) if place else "",
        "is_inter_state": supply.is_inter_state,
        "lut_number": supply.lut_number,
        "endorsement": supply.endorsement,
        "reverse_charge": False,  # software is never under reverse charge when the seller is in India
    }


def exchange_snapshot(
    *, entity: BillingEntity, currency: str, taxable: Decimal, taxes: tuple[TaxAmount, ...], on: date
) -> dict[str, Any]:
    """The invoice's values in rupees, which GST returns need. Raises DomainError EXCHANGE_RATE_MISSING."""
    if not needs_rate(entity, currency):
        return {}
    rate = rate_on(base=currency, target=BOOKS, day=on)
    with exact_arithmetic():
        taxable_in_books = round_money(taxable * rate.rate, BOOKS)
        tax_in_books = round_money(sum((_tax_in_books(tax, rate.rate) for tax in taxes), ZERO), BOOKS)
    return {
        "base": currency,
        "target": BOOKS,
        "rate": f"{rate.rate:f}",
        "as_of": rate.as_of.isoformat(),
        "source": rate.source,
        "taxable_amount": f"{taxable_in_books:f}",
        "tax_total": f"{tax_in_books:f}",
        "total": f"{taxable_in_books + tax_in_books:f}",
    }


def build_document(invoice: Invoice) -> InvoiceDocument:
    """The document of an invoice whose snapshots are taken, and which has its number and dates."""
    if invoice.issue_date is None or invoice.due_date is None:
        raise ValueError("A document has its dates.")
    seller, supply = invoice.seller, invoice.supply
    taxes = list(invoice.taxes.order_by("line__position", "name"))
    return InvoiceDocument(
        title="Invoice" if supply["kind"] == SupplyKind.NO_GST else "Tax Invoice",
        number=invoice.number,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        currency=invoice.currency,
        seller=_document_party(seller),
        customer=_document_party(invoice.customer),
        lines=_document_lines(invoice, taxes),
        taxes=tuple(DocumentTax(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in summed_taxes(taxes)),
        subtotal=invoice.subtotal,
        discount_total=invoice.discount_total,
        tax_total=invoice.tax_total,
        round_off=invoice.round_off,
        total=invoice.total,
        total_in_words=amount_in_words(Money(invoice.total, invoice.currency)),
        period_start=invoice.period_start,
        period_last_day=invoice.period_end - timedelta(days=1) if invoice.period_end else None,
        place_of_supply=supply["place_of_supply_label"],
        endorsement=supply["endorsement"],
        lut_number=supply["lut_number"],
        exchange=_exchange_note(invoice.exchange),
        bank=_bank_details(seller, invoice.customer),
        pay_url=pay_url(invoice),
        brand_colour=seller["brand_colour"],
        logo=seller["logo"],
        notes=invoice.notes,
        payment_terms=_payment_terms(invoice.customer["payment_terms_days"]),
        tax_note=_TAX_NOTES.get(SupplyKind(supply["kind"]), "GST 0%"),
    )


def pay_url(invoice: Invoice) -> str:
    """Where the customer pays. Payments owns the page; invoicing knows it by name only."""
    if invoice.total <= ZERO:
        return ""
    try:
        return str(settings.SITE_URL) + reverse("payments:pay", kwargs={"token": invoice.public_token})
    except NoReverseMatch:
        return ""


def _party(party: BillingEntity | Organisation) -> dict[str, Any]:
    indian = party.country == INDIA
    return {
        "legal_name": party.legal_name,
        "address_lines": party.address_lines,
        "state": place_of_supply_label(party.state_code) if indian and party.state_code else "",
        "state_code": party.state_code,
        "country": party.country,
        "country_name": Locale("en").territories.get(party.country, party.country),
        "gstin": party.gstin,
        "tax_id": party.tax_id,
    }


def _tax_in_books(tax: TaxAmount, rate: Decimal) -> Decimal:
    """Computed from the taxable value in rupees, as a GST return would."""
    return round_money((round_money(tax.taxable_amount * rate, BOOKS) * tax.rate).scaleb(-2), BOOKS)


def _document_party(snapshot: dict[str, Any]) -> Party:
    return Party(
        name=snapshot["legal_name"],
        address_lines=tuple(snapshot["address_lines"]),
        state=snapshot["state"],
        country=snapshot["country_name"],
        gstin=snapshot["gstin"],
        tax_id=snapshot["tax_id"],
        email=snapshot["email"],
        phone=snapshot.get("phone", ""),
        pan=_pan(snapshot["gstin"]),
    )


def _pan(gstin: str) -> str:
    """The income-tax number that the GSTIN of a regular taxpayer holds: customers who deduct tax at source ask."""
    return (validate_gstin(gstin).pan or "") if gstin else ""


def _bank_details(seller: dict[str, Any], customer: dict[str, Any]) -> BankDetails:
    return BankDetails(
        account_name=seller["legal_name"],
        bank_name=seller["bank_name"],
        account_number=seller["bank_account_number"],
        ifsc=seller["bank_ifsc"],
        upi_id=seller["upi_id"],
        swift=seller["bank_swift"],
        address=seller["bank_address"],
        correspondent=seller["correspondent_bank"],
        is_foreign=customer["country"] != seller["country"],
    )


def _payment_terms(days: int) -> str:
    return {0: "Due at once", 1: "1 day"}.get(days, f"{days} days")


def _document_lines(invoice: Invoice, taxes: Iterable[InvoiceTax]) -> tuple[DocumentLine, ...]:
    rates: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    tax_amounts: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for tax in taxes:
        rates[tax.line_id] += tax.rate
        tax_amounts[tax.line_id] += tax.amount
    return tuple(
        DocumentLine(
            position=line.position,
            description=line.description,
            sac=line.sac,
            quantity=line.quantity,
            unit=line.unit_label or line.unit,
            unit_price=line.unit_price,
            tax_rate=rates[line.pk],
            amount=line.amount,
            tax_amount=tax_amounts[line.pk],
            steps=_document_steps(line),
        )
        for line in invoice.lines.order_by("position")
    )


def _document_steps(line: InvoiceLine) -> tuple[DocumentStep, ...]:
    """The working of a line, as far as it says more than the line itself: neither quantity times unit price, nor the
    share of a project that has used all of it."""
    shares = [step for step in line.explanation if step["description"].startswith("of which ")]
    working = [step for step in line.explanation if step not in shares] if line.unit_price is None else []
    return tuple(
        DocumentStep(
            description=step["description"],
            quantity=Decimal(step["quantity"]),
            unit_price=Decimal(step["unit_price"]),
            flat_fee=Decimal(step["flat_fee"]),
            amount=Decimal(step["amount"]),
        )
        for step in (*working, *(shares if line.project_id is None else ()))
    )


def _exchange_note(snapshot: dict[str, Any]) -> ExchangeNote | None:
    if not snapshot:
        return None
    numbers = {name: Decimal(snapshot[name]) for name in ("rate", "taxable_amount", "tax_total", "total")}
    return ExchangeNote(
        base=snapshot["base"],
        target=snapshot["target"],
        as_of=date.fromisoformat(snapshot["as_of"]),
        source=snapshot["source"],
        **numbers,
    )
