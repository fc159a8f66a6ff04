"""Questions about invoices: asked, answered by e-mail, closed; meanwhile nobody need ask for the money again."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from invoicing.models import Invoice, InvoiceQuestion, QuestionMessage
from invoicing.services.questions import answer_question, ask_about_invoice, close_question
from organisations.models import Notification, Organisation
from payments.models import ReminderPause
from payments.services.dunning import pauses, quiet
from tests.invoicing.language import one_off
from tests.payments.language import issued_invoice


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    return issued_invoice(acme)


def asked(invoice: Invoice, text: str = "Why so much?", line_id: object = None) -> InvoiceQuestion:
    return ask_about_invoice(invoice_id=invoice.pk, text=text, asked_by="Asha", line_id=line_id)  # type: ignore[arg-type]


def test_a_question_is_open_until_it_is_answered_and_again_when_the_customer_writes(invoice: Invoice) -> None:
    line = invoice.lines.get()
    question = asked(invoice, line_id=line.pk)
    assert (question.status, question.waits_since is not None) == ("open", True)
    answer_question(question_id=question.pk, text="Since October.\n\n<b>See</b> the line.", answered_by="operator")
    question.refresh_from_db()
    assert (question.status, question.waits_since) == ("answered", None)
    [mail] = Notification.objects.filter(kind="question_answered")
    assert mail.subject == f"Our answer about invoice {invoice.number}"
    for said in ("Since October.", "Why so much?", line.description):
        assert said in mail.text
    assert "<b>See" not in mail.html
    again = asked(invoice, "And before?", line.pk)
    assert (again.pk, again.status) == (question.pk, "open")
    assert list(question.messages.values_list("side", flat=True)) == ["customer", "seller", "customer"]
    assert asked(invoice, "Of the whole?").pk != question.pk


def test_a_closed_question_takes_nothing_more_and_another_one_may_follow(invoice: Invoice) -> None:
    question = asked(invoice)
    close_question(question_id=question.pk, closed_by="operator")
    for verb in (
        lambda: close_question(question_id=question.pk, closed_by="other"),
        lambda: answer_question(question_id=question.pk, text="Late", answered_by="other"),
    ):
        with pytest.raises(DomainError, match="closed by operator"):
            verb()
    with pytest.raises(IntegrityError, match="is closed"), transaction.atomic():
        QuestionMessage.objects.create(question=question, side="customer", text="x", written_by="x")
    assert asked(invoice).pk != question.pk


def test_a_line_of_another_invoice_a_draft_and_no_text_are_refused(acme: Organisation, invoice: Invoice) -> None:
    draft = one_off(acme)
    with pytest.raises(DomainError, match="is a draft"):
        asked(draft)
    other = draft.lines.get()
    with pytest.raises(NotFound):
        asked(invoice, line_id=other.pk)
    with pytest.raises(IntegrityError, match="another invoice"), transaction.atomic():
        InvoiceQuestion.objects.create(invoice=invoice, line=other, waits_since=invoice.created_at)
    with pytest.raises(InvalidInput):
        asked(invoice, " \n ")
    with pytest.raises(InvalidInput, match="at most 2,000"):
        asked(invoice, "x" * 2001)
    with pytest.raises(ValidationError):
        asked(invoice, "\u202eevil")
    assert not InvoiceQuestion.objects.exists()


def test_what_was_written_stays(invoice: Invoice) -> None:
    asked(invoice)
    for forbidden in (
        lambda: QuestionMessage.objects.update(text="x"),
        lambda: QuestionMessage.objects.all().delete(),
        lambda: InvoiceQuestion.objects.all().delete(),
    ):
        with pytest.raises(Exception, match="annot"), transaction.atomic():
            forbidden()
    with pytest.raises(IntegrityError, match="tells_who_waits"), transaction.atomic():
        InvoiceQuestion.objects.update(status="answered")


def test_reminders_wait_for_the_question_and_go_on_once_it_is_closed(invoice: Invoice) -> None:
    question = asked(invoice)
    pauses.pause_for_question(question_id=question.pk, placed_by="operator")
    assert quiet.why_quiet(invoice).endswith("The customer has a question.")
    answer_question(question_id=question.pk, text="So", answered_by="operator")
    assert quiet.standing_pause(invoice) is not None
    close_question(question_id=question.pk, closed_by="operator")
    assert quiet.why_quiet(invoice) == ""
    with pytest.raises(DomainError, match="is closed"):
        pauses.pause_for_question(question_id=question.pk, placed_by="operator")


def test_a_pause_for_another_reason_outlives_the_question(invoice: Invoice) -> None:
    question = asked(invoice)
    pauses.pause(invoice_id=invoice.pk, note="Their CFO is away", placed_by="operator")
    close_question(question_id=question.pk, closed_by="operator")
    assert ReminderPause.objects.get().ended_at is None
