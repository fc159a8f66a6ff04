"""Months of sellers outside India, and exports to businesses that account for the tax themselves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test.client import Client

from invoicing.computing.credit_notes import Wanted
from invoicing.documents import InvoiceDocument
from invoicing.models import Invoice
from invoicing.services import issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.tax_rates import add_tax_rate
from organisations.models import BillingEntity, Organisation
from tests import factories
from tests.invoicing.language import draft, issued, one_off, per_unit, taxes, used

pytestmark = pytest.mark.django_db

NOWHERE = {"state_code": "", "gstin": ""}


@pytest.fixture
def berlin() -> BillingEntity:
    add_tax_rate(name="Germany 19%", country="DE", tax_name="VAT", rate=Decimal(19), effective_from=date(2021, 1, 1))
    return factories.billing_entity(
        name="Metrics Berlin", legal_name="Metrics GmbH", country="DE", tax_id="DE136695976", tax_id_kind="eu_vat",
        time_zone="Europe/Berlin",
        is_default=False, **NOWHERE,
    )  # fmt: skip


def customer(name: str, entity: BillingEntity, country: str, **fields: Any) -> Organisation:
    return factories.organisation(
        name, billing_entity=entity, country=country, state_code="", currency="EUR", time_zone="Europe/Berlin", **fields
    )


def document(invoice: Invoice) -> InvoiceDocument:
    invoice.refresh_from_db()
    return InvoiceDocument.from_json(invoice.document.content)


def test_a_month_of_a_german_seller(berlin: BillingEntity) -> None:
    """1,000.50 and VAT of 19 % on it, 190.10; in euros, without State, service code and rupees."""
    kunde = customer("Kunde", berlin, "DE")
    per_unit("10.005", currency="EUR")
    used(factories.project(kunde), 100)
    invoice = issued(kunde)
    assert (invoice.subtotal, taxes(invoice), invoice.total) == (
        Decimal("1000.50"),
        {"VAT": Decimal("190.10")},
        Decimal("1190.60"),
    )
    printed = document(invoice)
    assert (printed.title, printed.place_of_supply, printed.reverse_charge, printed.exchange) == (
        "Tax Invoice", "", "", None,
    )  # fmt: skip
    assert printed.seller.tax_id_label == "VAT id"
    assert printed.lines[0].sac == ""
    assert (invoice.seller_gstin, invoice.supply_kind, invoice.taxable_in_rupees) == ("", "NO_GST", None)


def test_credit_notes_of_a_tax_outside_gst_add_up_to_the_invoice(berlin: BillingEntity) -> None:
    kunde = customer("Kunde", berlin, "DE")
    invoice = issuing.finalize_invoice(invoice_id=one_off(kunde, "33.33", "3").pk)
    assert invoice.total == Decimal("118.99")  # 99.99 + 19.00
    why = Why(reason="deficiency")
    first = issue_credit_note(invoice_id=invoice.pk, lines=[Wanted(1, amount=Decimal("33.33"))], why=why)
    last = issue_credit_note(invoice_id=invoice.pk, lines=None, why=why)
    assert (first.kind, first.tax_total, last.tax_total) == ("tax", Decimal("6.33"), Decimal("12.67"))
    assert first.total + last.total == invoice.total
    assert first.taxable_in_rupees is None
    commercial = issuing.finalize_invoice(invoice_id=one_off(kunde, "10.00").pk)
    note = issue_credit_note(invoice_id=commercial.pk, lines=None, why=why, kind="commercial")
    assert (note.tax_total, note.document["title"]) == (Decimal(0), "Commercial Credit Note")


def test_a_business_in_another_member_state_accounts_for_the_tax(berlin: BillingEntity) -> None:
    client = customer("Client", berlin, "FR", tax_id="FR 23 334 175 221")
    assert (client.tax_id, client.tax_id_kind) == ("FR23334175221", "eu_vat")
    printed = document(issuing.finalize_invoice(invoice_id=one_off(client).pk))
    assert (printed.title, printed.tax_total, printed.reverse_charge) == ("Invoice", Decimal(0), "Yes")
    assert (printed.tax_note, printed.lines[0].sac) == ("Tax (reverse charge)", "")
    assert "Articles 44 and 196 of Directive 2006/112/EC" in printed.tax_remark
    assert (printed.customer.tax_id_label, printed.customer.tax_id) == ("VAT id", "FR23334175221")


def test_a_rate_that_is_missing_blocks(berlin: BillingEntity) -> None:
    consumer = customer("Konsument", berlin, "AT")
    drafted = one_off(consumer)
    (warning,) = drafted.warnings
    assert (warning["code"], warning["blocks"]) == ("TAX_RATE_MISSING", True)
    assert "There is no tax rate of Austria" in warning["message"]


def test_an_export_from_india_says_who_accounts_for_the_tax() -> None:
    client = customer("Client", factories.billing_entity(), "DE", tax_id="DE136695976")
    Organisation.objects.filter(pk=client.pk).update(currency="INR")
    client.refresh_from_db()
    printed = document(issuing.finalize_invoice(invoice_id=one_off(client).pk))
    assert (printed.supply_kind, printed.reverse_charge) == ("EXPWOP", "No")  # of GST
    assert printed.endorsement
    assert "Article" in printed.tax_remark


def test_rates_of_several_countries_stand_beside_each_other(api: Client, berlin: BillingEntity) -> None:
    body = {"name": "France 20%", "country": "FR", "tax_name": "VAT", "rate": "20", "effective_from": "2020-01-01"}
    made = api.post("/api/v1/admin/tax-rates", body, content_type="application/json")
    assert (made.status_code, made.json()["country"], made.json()["tax_name"]) == (201, "FR", "VAT")
    assert api.get("/api/v1/admin/tax-rates?country=FR").json()["count"] == 1
    again = api.post("/api/v1/admin/tax-rates", body, content_type="application/json")
    assert "effective_from" in again.json()["details"]
    for change in (
        {"country": "IT", "tax_name": ""},
        {"country": "IT", "tax_name": "IGST"},
        {"country": "IN", "sac": "998316"},
    ):
        refused = api.post("/api/v1/admin/tax-rates", body | change, content_type="application/json")
        assert (refused.status_code, [*refused.json()["details"]]) == (400, ["tax_name"]), change


def test_a_tax_id_that_cannot_be_one_is_refused_at_its_field(berlin: BillingEntity) -> None:
    with pytest.raises(ValidationError) as refused:
        customer("Client", berlin, "FR", tax_id="DE136695976")
    assert [*refused.value.message_dict] == ["tax_id"]


def test_the_month_of_an_indian_customer_is_as_it_was(acme: Organisation) -> None:
    assert taxes(draft_of(acme)) == {"CGST": Decimal("9.00"), "SGST": Decimal("9.00")}


def draft_of(organisation: Organisation) -> Invoice:
    per_unit("1")
    used(factories.project(organisation), 100)
    return draft(organisation)
