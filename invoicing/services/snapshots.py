"""The one freeze: the document of an invoice as data, and the columns that are asked for across invoices."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from babel import Locale

from billing_platform.lib.gst import INDIA, place_of_supply_label, validate_gstin
from billing_platform.lib.money import ZERO, Money
from billing_platform.lib.tax_ids import label_of
from invoicing.computing.in_rupees import InRupees
from invoicing.computing.invoice import Computed
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.parties import Customer, Party, Seller
from invoicing.computing.tax_abroad import TaxAbroad, tax_abroad
from invoicing.documents import BankDetails, DocumentLine, DocumentParty, DocumentTax, ExchangeNote, InvoiceDocument
from invoicing.documents.amounts_in_words import amount_in_words
from invoicing.gst_heads import CGST, IGST, SGST, UTGST, SupplyContext, SupplyKind
from invoicing.lines import Line
from invoicing.look import Template
from invoicing.models import Invoice
from invoicing.selectors.documents import page_address
from invoicing.steps import Step

_TAX_NOTES = {
    SupplyKind.EXPORT_WITHOUT_PAYMENT: "IGST 0% (zero-rated, LUT)",
    SupplyKind.SEZ_WITHOUT_PAYMENT: "IGST 0% (zero-rated, LUT)",
    SupplyKind.NO_GST: "Tax (none charged)",
}
"""What the tax row is called where no tax is charged; a rate of 0% otherwise."""


def freeze_columns(invoice: Invoice, facts: InvoiceFacts, computed: Computed) -> None:
    """Copy onto the invoice what is asked for across invoices and must not change with the originals: the registration
    that its number belongs to, and what returns are made of. Everything else is in the document."""
    if computed.supply is None:
        raise ValueError("Without a supply the draft had a warning that blocks.")
    invoice.seller_gstin = facts.seller.gstin
    invoice.supply_kind = computed.supply.kind.value
    invoice.place_of_supply = computed.supply.place_of_supply
    books = computed.in_rupees
    if books is not None:
        invoice.taxable_in_rupees = books.taxable_amount
        invoice.igst_in_rupees = books.of_heads(IGST)
        invoice.cgst_in_rupees = books.of_heads(CGST)
        invoice.sgst_in_rupees = books.of_heads(SGST, UTGST)


def build_document(invoice: Invoice, facts: InvoiceFacts, computed: Computed) -> InvoiceDocument:
    """The document of an invoice that has its dates, and its number if that is taken already."""
    if invoice.issue_date is None or invoice.due_date is None or computed.supply is None:
        raise ValueError("A document has its dates, and its taxes are known.")
    seller, supply, totals = facts.seller, computed.supply, computed.totals
    abroad = tax_abroad(seller, facts.customer)
    document = InvoiceDocument(
        title="Invoice" if supply.kind == SupplyKind.NO_GST and not totals.taxes else "Tax Invoice",
        number=invoice.number,
        issue_date=invoice.issue_date,
        due_date=invoice.due_date,
        currency=computed.currency,
        seller=_seller(seller),
        customer=_document_party(facts.customer, email=facts.customer.billing_email),
        lines=_document_lines(facts, computed),
        taxes=tuple(DocumentTax(tax.name, tax.rate, tax.taxable_amount, tax.amount) for tax in totals.taxes),
        subtotal=totals.subtotal,
        discount_total=totals.discount_total,
        tax_total=totals.tax_total,
        round_off=totals.round_off,
        total=totals.total,
        total_in_words=amount_in_words(Money(totals.total, computed.currency)),
        period_start=invoice.period_start,
        period_last_day=invoice.period_end - timedelta(days=1) if invoice.period_end else None,
        supply_kind=supply.kind.value,
        place_of_supply=place_of_supply_label(supply.place_of_supply) if supply.place_of_supply else "",
        reverse_charge=_reverse_charge(supply, abroad),
        endorsement=supply.endorsement,
        tax_remark=abroad.remark,
        lut_number=supply.lut_number,
        exchange=_exchange_note(computed.in_rupees),
        bank=_bank_details(seller, facts.customer),
        pay_url=page_address(invoice.public_token) if invoice.total > ZERO else "",
        brand_colour=seller.brand_colour,
        logo=seller.logo,
        notes=invoice.notes,
        purchase_order=invoice.purchase_order or facts.customer.purchase_order,
        payment_terms=_payment_terms(facts.customer.payment_terms_days),
        tax_note=_tax_note(supply, abroad),
    )
    return dressed(document, facts.template) if facts.template else document


def dressed(document: InvoiceDocument, template: Template) -> InvoiceDocument:
    """A document as a template has it."""
    notes = () if document.credits else filter(None, (document.notes, template.notes))
    return replace(
        document,
        brand_colour=template.colour or document.brand_colour,
        logo=template.logo or document.logo,
        notes="\n".join(notes),
        look=template.look,
    )


def _seller(seller: Seller) -> DocumentParty:
    party = _document_party(seller, email=seller.email, phone=seller.phone)
    return replace(party, pan=party.pan or seller.pan, cin=seller.cin, udyam=seller.udyam)


def _tax_note(supply: SupplyContext, abroad: TaxAbroad) -> str:
    if supply.kind == SupplyKind.NO_GST and abroad.is_reverse_charged:
        return "Tax (reverse charge)"
    return _TAX_NOTES.get(supply.kind, "GST 0%")


def _reverse_charge(supply: SupplyContext, abroad: TaxAbroad) -> str:
    """Whether the customer owes the tax. Of GST it never does here; CGST Rule 46 (p) asks for the word all the same."""
    if supply.kind != SupplyKind.NO_GST:
        return "No"
    return "Yes" if abroad.is_reverse_charged else ""


def _document_party(party: Party, *, email: str, phone: str = "") -> DocumentParty:
    indian = party.country == INDIA
    return DocumentParty(
        name=party.legal_name,
        address_lines=party.address_lines,
        state=place_of_supply_label(party.state_code) if indian and party.state_code else "",
        country=Locale("en").territories.get(party.country, party.country),
        gstin=party.gstin,
        tax_id=party.tax_id,
        tax_id_label=label_of(party.tax_id_kind) if party.tax_id else "",
        email=email,
        phone=phone,
        pan=_pan(party.gstin),
        city=party.city,
        postal_code=party.postal_code,
        state_code=party.state_code,
        country_code=party.country,
    )


def _pan(gstin: str) -> str:
    """The income-tax number inside the GSTIN of a regular taxpayer. Customers who deduct tax at source need it."""
    return (validate_gstin(gstin).pan or "") if gstin else ""


def _bank_details(seller: Seller, customer: Customer) -> BankDetails:
    return BankDetails(
        account_name=seller.legal_name,
        bank_name=seller.bank_name,
        account_number=seller.bank_account_number,
        ifsc=seller.bank_ifsc,
        upi_id=seller.upi_id,
        swift=seller.bank_swift,
        address=seller.bank_address,
        correspondent=seller.correspondent_bank,
        is_foreign=customer.country != seller.country,
    )


def _payment_terms(days: int) -> str:
    return {0: "Due at once", 1: "1 day"}.get(days, f"{days} days")


def _document_lines(facts: InvoiceFacts, computed: Computed) -> tuple[DocumentLine, ...]:
    rates = facts.tax_rates if facts.seller.charges_gst else {}
    return tuple(
        DocumentLine(
            position=position,
            description=line.description,
            sac=line.sac,
            quantity=line.quantity,
            unit=line.unit_label or line.unit,
            unit_price=line.unit_price,
            tax_rate=sum((tax.rate for tax in taxes), ZERO),
            amount=line.amount,
            tax_amount=sum((tax.amount for tax in taxes), ZERO),
            steps=_printed_steps(line),
            discounts=line.discounts,
            gst_rate=rates.get(line.sac, rates.get("")) if line.taxable else None,
        )
        for position, (line, taxes) in enumerate(zip(computed.lines, computed.totals.line_taxes, strict=True), 1)
    )


def _printed_steps(line: Line) -> tuple[Step, ...]:
    """The steps that say more than the line itself: without the working of quantity times unit price, and without the
    share of a project that used the whole quantity."""
    return tuple(
        step
        for step in line.steps
        if step.is_note or (line.project_id is None if step.is_share else line.unit_price is None)
    )


def _exchange_note(books: InRupees | None) -> ExchangeNote | None:
    if books is None or books.rate is None:
        return None
    rate = books.rate
    return ExchangeNote(
        base=rate.base,
        target=rate.target,
        rate=rate.rate,
        as_of=rate.as_of,
        source=rate.source,
        taxable_amount=books.taxable_amount,
        tax_total=books.tax_total,
        total=books.total,
    )
