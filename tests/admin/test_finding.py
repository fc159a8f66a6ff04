"""Find anything (Ctrl-K): what is pasted leads to its row, and nobody finds what they may not see."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.test import Client

from billing_platform.lib.admin.contributions import sidebar_items
from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from organisations.models import Organisation, Project
from payments.models import Payment
from payments.services.offline import record_offline_payment
from tests.events.language import event, send, settle


def found(person: Client, text: str) -> list[str]:
    """The titles of the answer, in its order."""
    answer = person.get("/admin/search/", {"s": text, "extended": "1"})
    assert answer.status_code == 200
    return re.findall(r'data-title="([^"]*)"', answer.content.decode())


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    line = {"description": "Set-up", "quantity": "1", "unit_price": "1000"}
    draft = drafting.create_one_off_draft(organisation=acme, lines=[line])
    return issuing.finalize_invoice(invoice_id=draft.pk)


@pytest.fixture
def payment(invoice: Invoice) -> Payment:
    return record_offline_payment(
        invoice_id=invoice.pk,
        amount=Decimal("100"),
        method="bank_transfer",
        reference="HDFCR52026112712345678",
        received_on=date(2026, 11, 1),
    )


def test_what_is_pasted_comes_first(as_operator: Client, invoice: Invoice, payment: Payment) -> None:
    """A number, its running number alone, an id, a UTR in small letters, a GSTIN, and an address of a customer."""
    customer = invoice.organisation
    type(customer).objects.update(gstin="29AAGCB7383J1Z4")
    customer.refresh_from_db()
    pasted = {
        invoice.number: invoice.number,
        f"  {invoice.number.lower()} ": invoice.number,
        f"{invoice.sequence_number:06d}": invoice.number,
        str(invoice.pk): invoice.number,
        payment.reference.lower(): str(payment),
        customer.gstin: customer.name,
        customer.billing_email: customer.name,
        customer.name[1:4]: customer.name,
    }
    assert {text: found(as_operator, text)[:1] for text in pasted} == {text: [title] for text, title in pasted.items()}


def test_an_event_is_found_by_its_whole_id(as_operator: Client, project: Project) -> None:
    send(project, event("order-4711-shipped"))
    settle()

    assert found(as_operator, "order-4711-shipped") == ["order-4711-shipped"]
    assert found(as_operator, "order-4711") == []


def test_pages_and_actions_are_found_by_the_words_of_their_titles(as_admin: Client, as_viewer: Client) -> None:
    assert found(as_admin, "billing run")[0] == "Billing runs"
    assert found(as_admin, "set-up") == ["Set-up"]
    assert found(as_viewer, "set-up") == []
    assert "Start billing run" in found(as_admin, "run start")
    assert "Add customer" in found(as_admin, "add cust")
    assert "Add customer" not in found(as_viewer, "add cust")


def test_nobody_finds_what_is_another_customers(as_viewer: Client, globex: Organisation) -> None:
    line = {"description": "Set-up", "quantity": "1", "unit_price": "1000"}
    draft = drafting.create_one_off_draft(organisation=globex, lines=[line])

    assert [found(as_viewer, text) for text in ("Globex", globex.billing_email, str(draft.pk))] == [[], [], []]


@pytest.mark.parametrize("text", ["", " ", "%", "a\x00b", "'; --", "9" * 300, "½²", "_" * 20])
def test_any_text_is_answered(as_operator: Client, text: str) -> None:
    assert found(as_operator, text) == []


def test_a_letter_after_a_g_leads_to_a_page_of_the_sidebar(as_viewer: Client, as_admin: Client) -> None:
    keys = [item.key for item in sidebar_items() if item.key]
    page = as_viewer.get("/admin/").content.decode()

    assert len(keys) == len(set(keys))
    assert not {"g", "d"} & set(keys)
    assert re.findall(r'data-key="(\w)"', as_admin.get("/admin/").content.decode()) == ["d", *keys]
    assert 'data-key="i"' in page
