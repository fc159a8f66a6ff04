"""The pages of e-invoices: what waits and how long, the JSON out, the answer in, and the section on the document."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from invoicing.models import EInvoice, Invoice
from invoicing.tasks import look_for_e_invoices
from organisations.models import Membership
from organisations.services.sellers import update_seller
from tests import factories
from tests.admin.test_object_actions import action_url
from tests.invoicing.e_invoices.language import again, answer, credited, customer_with_gstin, issued_on, making_seller
from tests.invoicing.language import at

pytestmark = pytest.mark.django_db
NOON = "2026-10-05 12:00"
LIST = "admin:invoicing_einvoice_changelist"


@pytest.fixture
def invoice(db: None) -> Invoice:
    """₹1,180.00 of 5 October 2026, which needs an IRN."""
    return issued_on("2026-10-05 10:00", customer_with_gstin(making_seller()))


@pytest.fixture
def e_invoice(invoice: Invoice) -> EInvoice:
    return EInvoice.objects.get(invoice=invoice)


def shown(client: Client, address: str, moment: str = NOON) -> str:
    with at(moment):
        return client.get(address).content.decode()


def post(client: Client, found: Any, action: str, **answers: str) -> Any:
    with at(NOON):
        return client.post(action_url(found, action), {"once": str(uuid.uuid4()), **answers}, follow=True)


def upload(client: Client, content: Any, moment: str = NOON) -> str:
    file = SimpleUploadedFile("answer.json", json.dumps(content).encode(), "application/json")
    with at(moment):
        return client.post(reverse("admin:invoicing_einvoice_upload"), {"file": file}, follow=True).content.decode()


def page_of(found: Any) -> str:
    return reverse(f"admin:invoicing_{found._meta.model_name}_change", args=[found.pk])


def test_the_list_says_what_waits_and_how_long(as_admin: Client, e_invoice: EInvoice) -> None:
    assert "30 days" in shown(as_admin, reverse(LIST))
    assert "Last day" in shown(as_admin, reverse(LIST) + "?attention=near", "2026-11-03 10:00")
    assert "Too late" in shown(as_admin, reverse(LIST), "2026-11-04 10:00")


def test_the_dashboard_tells_of_documents_near_the_limit(as_admin: Client, e_invoice: EInvoice) -> None:
    assert "document needs its IRN" in shown(as_admin, reverse("admin:index"))
    assert "near the 30 days" in shown(as_admin, reverse("admin:index"), "2026-11-01 10:00")


def test_the_invoices_page_says_what_waits_and_leads_on(
    as_admin: Client,
    invoice: Invoice,
    e_invoice: EInvoice,
) -> None:
    page = shown(as_admin, page_of(invoice))
    for text in ("E-invoice", "waits for the IRN", "as soon as it has its IRN", "3 Nov 2026", page_of(e_invoice)):
        assert text in page
    assert "It is sent as soon as it has its IRN" in shown(as_admin, action_url(invoice, "send"))
    note = credited(invoice)
    assert "waits for the IRN" in shown(as_admin, page_of(note))


def test_the_json_of_one_and_of_many(as_admin: Client, e_invoice: EInvoice) -> None:
    one = as_admin.get(action_url(e_invoice, "download_json"))
    assert json.loads(one.content)[0]["DocDtls"]["No"] == e_invoice.number
    assert e_invoice.number.replace("/", "-") in one["Content-Disposition"]
    address = reverse("admin:invoicing_einvoice_list_action", args=["download_many"]) + f"?pk__in={e_invoice.pk}"
    assert "1 document that needs an IRN" in shown(as_admin, address)
    with at(NOON):
        many = as_admin.post(address, {"once": str(uuid.uuid4())})
    assert [each["DocDtls"]["No"] for each in json.loads(many.content)] == [e_invoice.number]


def test_an_answer_is_uploaded_and_what_is_wrong_is_said(as_admin: Client, e_invoice: EInvoice) -> None:
    wrong = answer(e_invoice, ValDtls={"TotInvVal": 1.0})
    assert "another total" in upload(as_admin, [wrong])
    assert "1 document has its IRN now" in upload(as_admin, answer(e_invoice))
    found = again(e_invoice)
    assert (found.status, found.source, found.recorded_by) == ("generated", "file", "admin")
    page = shown(as_admin, page_of(found))
    assert found.irn in page
    assert "Record IRN" not in page


def test_an_irn_is_typed_in(as_admin: Client, e_invoice: EInvoice) -> None:
    given = answer(e_invoice)
    typed = {"irn": given["Irn"].upper(), "ack_number": str(given["AckNo"]), "signed_qr": given["SignedQRCode"]}
    assert (
        "is no time of the portal"
        in post(as_admin, e_invoice, "record", **typed, acknowledged_at="5 October").content.decode()
    )
    post(as_admin, e_invoice, "record", **typed, acknowledged_at=given["AckDt"])
    assert again(e_invoice).irn == given["Irn"]


def test_a_cancellation_leads_to_voiding(as_admin: Client, invoice: Invoice, e_invoice: EInvoice) -> None:
    upload(as_admin, answer(e_invoice))
    assert "Cancel the IRN first" in shown(as_admin, action_url(invoice, "void"))
    told = post(as_admin, e_invoice, "record_cancellation", at="2026-10-05 11:50:00", reason="2")
    assert page_of(invoice) in told.redirect_chain[-1][0]
    assert "stands without an IRN" in told.content.decode()
    assert again(e_invoice).status == "cancelled"


def test_who_serves_another_customer_records_nothing_here(e_invoice: EInvoice, client: Client) -> None:
    other = factories.organisation("Elsewhere")
    client.force_login(factories.member("stranger", other, Membership.Role.OPERATOR))
    assert "No document" in upload(client, answer(e_invoice))
    assert client.get(action_url(e_invoice, "download_json")).status_code in (302, 404)
    assert again(e_invoice).status == "pending"


def test_what_the_portal_would_refuse_is_said_with_the_way_to_mend_it(
    as_admin: Client,
) -> None:
    """A document from before the seller's first day lacks a PIN code."""
    seller = making_seller()
    customer = customer_with_gstin(seller, postal_code="")
    update_seller(seller=seller, e_invoices_from=None)
    old = issued_on("2026-10-05 10:00", customer)
    update_seller(seller=seller, e_invoices_from=old.issue_date)
    look_for_e_invoices()
    page = shown(as_admin, page_of(EInvoice.objects.get(invoice=old)))
    for text in ("PIN code is missing", "take the document back", "Nobody looked up", page_of_customer(customer)):
        assert text in page


def page_of_customer(customer: Any) -> str:
    return reverse("admin:organisations_organisation_change", args=[customer.pk])


# --- the API ------------------------------------------------------------------------------------------------------


def test_the_api_tells_where_the_irn_stands_and_takes_it(
    admin_key: str,
    invoice: Invoice,
    e_invoice: EInvoice,
) -> None:
    client, address = factories.client(admin_key), f"/api/v1/admin/invoices/{invoice.pk}/e-invoice"
    with at(NOON):
        told = client.get(address).json()
        assert (told["status"], told["last_day"]) == ("pending", "2026-11-03")
        assert [(each["code"], each["blocks"]) for each in told["findings"]] == [("3029", False)]  # not looked up yet
        assert told["payload"]["ValDtls"]["TotInvVal"] == "1180.00"
        given = answer(e_invoice)
        body = {
            "irn": given["Irn"],
            "ack_number": str(given["AckNo"]),
            "ack_date": "2026-10-05T11:00:00+05:30",
            "signed_qr": given["SignedQRCode"],
        }
        wrong = client.post(address, body | {"irn": "0" * 64}, "application/json")
        assert (wrong.status_code, wrong.json()["code"]) == (409, "E_INVOICE_DIFFERS")
        assert client.post(address, body | {"irn": "x"}, "application/json").status_code == 400
        told = client.post(address, body, "application/json").json()
    assert (told["status"], told["irn"]) == ("generated", given["Irn"])


def test_a_document_that_needs_none_has_none(admin_key: str, acme: Any) -> None:
    with at(NOON):
        other = issued_on(NOON, acme)
    answer_ = factories.client(admin_key).get(f"/api/v1/admin/invoices/{other.pk}/e-invoice")
    assert answer_.status_code == 404
