"""The form of a credit note shows what the note will do before it does it; its pages lead to the invoice and back."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from invoicing.models import CreditNote, Invoice
from invoicing.services.delivery import deliver
from organisations.models import Organisation, Project
from tests.admin.test_object_actions import action_url
from tests.invoicing.language import at, issued, per_unit, used
from tests.invoicing.test_corrections import correct, november
from tests.invoicing.test_credit_notes import credit, finalized

pytestmark = pytest.mark.django_db
NOVEMBER_20 = "2026-11-20 10:00"


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """1000.00 and 100.00, with CGST and SGST: 1298.00."""
    return finalized(acme, "100", "10")


def sent(**answers: str) -> dict[str, str]:
    return {"once": str(uuid.uuid4()), "reason": "deficiency", "kind": "gst", "e_mail": "hold", **answers}


def post(client: Client, invoice: Invoice, **answers: str) -> Any:
    with at(NOVEMBER_20):
        return client.post(action_url(invoice, "credit"), sent(**answers), follow=True)


def page_of(client: Client, invoice: Invoice, query: str = "") -> str:
    with at(NOVEMBER_20):
        return client.get(action_url(invoice, "credit") + query).content.decode()


def test_the_form_shows_what_is_left_of_each_line(as_admin: Client, invoice: Invoice) -> None:
    credit(invoice, (2, "100.00"), (1, "400.00"))
    page = page_of(as_admin, invoice)
    for text in ("Work 100", "₹400.00", "₹600.00", "All of it is credited.", "30 Nov 2027", 'name="amount_1"'):
        assert text in page
    assert 'name="amount_2"' not in page


def test_the_page_tells_what_the_note_would_do_while_it_is_typed(as_admin: Client, invoice: Invoice) -> None:
    page = page_of(as_admin, invoice, "?amount_1=500&quantity_2=5")
    # 500.00 + 50.00, and 9% of each twice: 649.00 of 1298.00
    for text in ("₹550.00", "₹49.50", "₹649.00", "Due on the invoice afterwards"):
        assert text in page
    assert not CreditNote.objects.exists()
    assert "₹600.00 is left to credit" not in page
    assert "Of line 1, ₹1,000.00 is left to credit." in page_of(as_admin, invoice, "?amount_1=1000.01")


def test_nothing_is_issued_before_the_page_has_shown_what_it_does(as_admin: Client, invoice: Invoice) -> None:
    page = post(as_admin, invoice, amount_1="500").content.decode()
    assert "See below what the note will do" in page
    assert 'name="seen" value="590.00"' in page
    assert not CreditNote.objects.exists()
    answer = post(as_admin, invoice, amount_1="500", seen="590.00")
    note = CreditNote.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("admin:invoicing_creditnote_change", args=[note.pk])
    assert (str(note.total), note.send_to) == ("590.0000", [])
    page = answer.content.decode()
    for text in (note.number, invoice.number, "Deficiency in the service", "₹708.00"):
        assert text in page


def test_an_amount_too_large_is_told_at_its_field(as_admin: Client, invoice: Invoice) -> None:
    page = post(as_admin, invoice, amount_2="100.01").content.decode()
    assert "Of line 2, ₹100.00 is left to credit." in page
    assert "Give either an amount or a quantity" not in page
    assert not CreditNote.objects.exists()


def test_the_invoice_leads_to_its_notes(as_admin: Client, invoice: Invoice) -> None:
    note = credit(invoice, (1, "500.00"))
    page = as_admin.get(reverse("admin:invoicing_invoice_change", args=[invoice.pk])).content.decode()
    assert reverse("admin:invoicing_creditnote_change", args=[note.pk]) in page
    assert f"₹590.00 by {note.number}" in page
    listed = as_admin.get(reverse("admin:invoicing_creditnote_changelist")).content.decode()
    assert invoice.number in listed


def test_voiding_what_was_sent_leads_to_a_credit_note(as_admin: Client, invoice: Invoice) -> None:
    Invoice.objects.get(pk=invoice.pk)
    with at(NOVEMBER_20):
        deliver(invoice_id=invoice.pk)
        page = as_admin.get(action_url(invoice, "void")).content.decode()
    assert "was sent to accounts@acme.example" in page
    assert f"{action_url(invoice, 'credit')}?everything=on" in page
    assert "₹1,298.00" in page_of(as_admin, invoice, "?everything=on")


def test_operators_see_notes_and_do_not_issue_them(as_operator: Client, invoice: Invoice) -> None:
    note = credit(invoice, (1, "500.00"))
    assert as_operator.get(reverse("admin:invoicing_creditnote_change", args=[note.pk])).status_code == 200
    assert post(as_operator, invoice, everything="on").status_code == 403


def test_a_negative_draft_leads_to_its_credit_notes(
    client: Client, admin_user: Any, acme: Organisation, project: Project
) -> None:
    """1000.00 of October were charged; 600.00 of it are taken back, and November has 50.00."""
    per_unit("10")
    used(project, 60)
    used(project, 40)
    october = issued(acme)
    used(project, 5, on="2026-11-04")
    correct(project, 60)
    draft = november(acme)
    with at("2026-12-01 10:00"):
        client.force_login(admin_user)
        page = client.get(action_url(draft, "credit_corrections")).content.decode()
        assert f"Credit note for {october}" in page
        assert "₹708.00" in page
        answers = {"once": str(uuid.uuid4()), "e_mail": "hold"}
        done = client.post(action_url(draft, "credit_corrections"), answers, follow=True).content.decode()
    assert "Credited by CN/26-27/000001; INV/26-27/000002 bills the rest." in done
