"""The pages on which operators read and answer what customers ask about invoices."""

from __future__ import annotations

import pytest
from django.test.client import Client
from django.urls import reverse

from invoicing.models import InvoiceQuestion
from invoicing.services.questions import ask_about_invoice
from organisations.models import Organisation
from tests.admin.bulk import hidden
from tests.payments.language import issued_invoice


@pytest.fixture
def question(acme: Organisation) -> InvoiceQuestion:
    text = "Why <b>so</b> much?\n\nAnd since when?"
    return ask_about_invoice(invoice_id=issued_invoice(acme).pk, text=text, asked_by="customer, in the portal")


def page(question: InvoiceQuestion) -> str:
    return reverse("admin:invoicing_invoicequestion_change", args=[question.pk])


def action(question: InvoiceQuestion, name: str) -> str:
    return reverse("admin:invoicing_invoicequestion_action", args=[question.pk, name])


def test_what_was_written_stands_in_paragraphs_and_is_never_html(
    question: InvoiceQuestion, as_operator: Client
) -> None:
    for address in (page(question), action(question, "answer")):
        shown = as_operator.get(address).content.decode()
        assert "<p>Why &lt;b&gt;so&lt;/b&gt; much?</p>" in shown
        assert "<p>And since when?</p>" in shown


def test_an_operator_answers_and_closes(question: InvoiceQuestion, as_operator: Client) -> None:
    url = action(question, "answer")
    as_operator.post(url, {**hidden(as_operator, url, "once"), "text": "Since October."})
    question.refresh_from_db()
    assert (question.status, question.messages.last().text) == ("answered", "Since October.")  # type: ignore[union-attr]
    url = action(question, "close")
    as_operator.post(url, hidden(as_operator, url, "once"))
    question.refresh_from_db()
    assert (question.status, question.closed_by) == ("closed", "operator")
    assert "Answer</a>" not in as_operator.get(page(question)).content.decode()


def test_a_viewer_reads_it_and_may_not_answer(question: InvoiceQuestion, as_viewer: Client) -> None:
    assert "And since when?" in as_viewer.get(page(question)).content.decode()
    assert as_viewer.get(action(question, "answer")).status_code == 403
