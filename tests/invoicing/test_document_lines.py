"""The PDF shows the working of each line, tax by name, payment terms, PAN and foreign bank details."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from invoicing.documents import InvoiceDocument, render_pdf
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document
from invoicing.services import issuing
from invoicing.services.exchange_rates import add_exchange_rate
from organisations.models import BillingEntity, Organisation, Project
from tests import factories
from tests.invoicing.language import after_october, issued, one_off, per_unit, price, used

pytestmark = pytest.mark.django_db

TIERS = [{"up_to": "1000", "unit_price": "1"}, {"up_to": None, "unit_price": "0.5"}]


def printed(invoice: Invoice) -> str:
    return text_of(invoice_document(invoice))


def text_of(document: InvoiceDocument) -> str:
    pages = PdfReader(BytesIO(render_pdf(document))).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def finalized(customer: Organisation, amount: str = "100.00") -> Invoice:
    with after_october():
        return issuing.finalize_invoice(invoice_id=one_off(customer, amount).pk)


def test_tiers_stand_under_their_line_and_add_up_to_it(acme: Organisation, project: Project) -> None:
    price({"model": "graduated", "tiers": TIERS})
    used(project, 1600)
    invoice = issued(acme)
    text = printed(invoice)
    assert "1,000 × ₹1.00 ₹1,000.00" in text
    assert "600 × ₹0.50 ₹300.00" in text
    (line,) = invoice_document(invoice).lines
    assert sum(step.amount for step in line.steps) == line.amount == Decimal("1300")


@pytest.mark.parametrize(
    ("body", "quantity", "workings"),
    [
        ({"model": "package", "package_price": "100", "package_size": "10"}, 25, ["3 × ₹100.00 ₹300.00"]),
        ({"model": "per_unit", "unit_price": "2", "free_units": "10"}, 15, ["5 × ₹2.00 ₹10.00"]),
        ({"model": "per_unit", "unit_price": "1", "minimum": "500"}, 15, ["15 × ₹1.00 ₹15.00", "₹485.00"]),
        ({"model": "percentage", "rate": "1.3", "fixed_fee": "2"}, 800, ["800 × ₹0.013 ₹10.40", "1 × ₹2.00 ₹2.00"]),
        ({"model": "flat", "amount": "499"}, 5, ["₹499.00"]),
        ({"model": "per_unit", "unit_price": "0.0123", "free_units": "1"}, 4, ["3 × ₹0.0123 ₹0.0369"]),
    ],
)
def test_each_price_model_shows_its_working_with_all_its_digits(
    acme: Organisation, project: Project, body: dict[str, Any], quantity: int, workings: list[str]
) -> None:
    price(body)
    used(project, quantity)
    text = printed(issued(acme))
    for working in workings:
        assert working in text, working


def test_where_quantity_times_price_is_all_there_is_nothing_is_repeated(acme: Organisation, project: Project) -> None:
    per_unit("0.0123")
    used(project, 1000)
    invoice = issued(acme)
    assert invoice_document(invoice).lines[0].steps == ()
    assert "1,000 call ₹0.0123 ₹12.30 ₹2.22 18%" in printed(invoice)  # 1.11 CGST and 1.11 SGST


def test_projects_that_share_a_price_are_told_apart(acme: Organisation, project: Project) -> None:
    per_unit("2", pool="organisation")
    used(project, 6)
    used(factories.project(acme, "Second"), 4)
    text = printed(issued(acme))
    assert "10 call ₹2.00 ₹20.00" in text
    assert "of which Main: 6" in text
    assert "of which Second: 4" in text


def test_an_export_names_the_tax_that_is_not_charged(globex: Organisation) -> None:
    add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 10, 31), source="FBIL")
    text = printed(finalized(globex))
    assert "IGST 0% (zero-rated, LUT) $0.00" in text
    assert "TAXABLE VALUE" in text


def test_a_special_economic_zone_is_zero_rated_too() -> None:
    zone = factories.organisation("Zone", gstin=factories.KARNATAKA_GSTIN, is_sez=True)
    assert "IGST 0% (zero-rated, LUT) ₹0.00" in printed(finalized(zone))


def test_a_seller_without_gst_says_that_no_tax_is_charged() -> None:
    small = factories.billing_entity(name="Small", gstin="", is_default=False)
    customer = factories.organisation("Shop", billing_entity=small)
    assert "Tax (none charged) ₹0.00" in printed(finalized(customer))


@pytest.mark.parametrize(("days", "terms"), [(15, "15 days"), (1, "1 day"), (0, "Due at once")])
def test_terms_of_payment_and_the_pan_of_a_registered_seller_are_printed(days: int, terms: str) -> None:
    text = printed(finalized(factories.organisation("Terms", payment_terms_days=days)))
    assert f"Payment terms {terms}" in text
    assert "PAN: AAACA1234A" in text


BANK = {
    "bank_name": "HDFC Bank",
    "bank_account_number": "50200012345678",
    "bank_ifsc": "HDFC0001234",
    "bank_swift": "HDFCINBB",
    "bank_address": "Richmond Road, Bengaluru 560025",
    "correspondent_bank": "JPMorgan Chase, CHASUS33, account 001-1-406717",
    "upi_id": "metrics@hdfc",
}
ABROAD = ("SWIFT (BIC) HDFCINBB", "Bank address Richmond Road", "Correspondent bank JPMorgan Chase, CHASUS33")


def test_an_invoice_abroad_prints_swift_and_bank_address(globex: Organisation) -> None:
    BillingEntity.objects.update(**BANK)
    globex.refresh_from_db()
    add_exchange_rate(base="USD", target="INR", rate=Decimal("83.4725"), as_of=date(2026, 10, 31), source="FBIL")
    text = printed(finalized(globex))
    for detail in (*ABROAD, "Account number 50200012345678"):
        assert detail in text, detail
    assert "HDFC0001234" not in text
    assert "metrics@hdfc" not in text


def test_rupees_from_abroad_have_no_upi_code_either() -> None:
    customer = factories.organisation("Nepal", country="NP", state_code="", currency="INR")
    BillingEntity.objects.update(**BANK)
    customer.refresh_from_db()
    text = printed(finalized(customer))
    assert "SWIFT (BIC) HDFCINBB" in text
    assert "UPI" not in text


def test_a_customer_in_india_pays_by_ifsc_and_upi(acme: Organisation) -> None:
    BillingEntity.objects.update(**BANK)
    acme.billing_entity.refresh_from_db()
    text = printed(finalized(acme))
    assert "IFSC HDFC0001234" in text
    assert "UPI metrics@hdfc" in text
    assert "SWIFT" not in text


def test_a_document_of_an_earlier_version_is_still_drawn(acme: Organisation) -> None:
    """What was frozen before a field was thought of lacks it."""
    content = invoice_document(finalized(acme)).to_json()
    for name in ("payment_terms", "tax_note"):
        del content[name]
    for name in ("swift", "address", "correspondent", "is_foreign"):
        del content["bank"][name]
    for party in ("seller", "customer"):
        del content[party]["pan"]
    for line in content["lines"]:
        del line["tax_amount"], line["steps"]
    text = text_of(InvoiceDocument.from_json(content))
    assert "Onboarding 998315 1 ₹100.00 ₹100.00 18%" in text
    assert "Payment terms" not in text


def test_the_upi_code_holds_a_name_of_fifty_letters_at_most(acme: Organisation) -> None:
    BillingEntity.objects.update(**BANK)
    acme.billing_entity.refresh_from_db()
    document = invoice_document(finalized(acme))
    long = replace(document, seller=replace(document.seller, name="W" * 200))
    assert f"pn={'W' * 50}&am=118.00" in long.upi_url(long.total)
