"""What invoicing tells of a customer: documents as they were issued and made void, its questions about them,
and its own prices."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from itertools import islice

from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.admin.timeline import Before, Moment, Tells, told
from billing_platform.lib.dates_in_words import day_text, last_day_text
from billing_platform.lib.number_formats import format_money
from invoicing.models import CreditNote, Invoice, PricingRule, QuestionMessage
from organisations.models import Organisation


def _invoices(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def issued(invoice: Invoice) -> Moment:
        total = format_money(invoice.total, invoice.currency)
        due = f", due on {day_text(invoice.due_date)}" if invoice.due_date else ""
        text = f"Invoice {invoice.number} for {invoice.period_label}: {total}{due}"
        return Moment(invoice.finalized_at, str(invoice.pk), text, admin_url(invoice))  # type: ignore[arg-type]  # issued

    def voided(invoice: Invoice) -> Moment:
        text = f"{invoice} made void: {invoice.void_reason}"
        return Moment(invoice.voided_at, str(invoice.pk), text, admin_url(invoice), "warning")  # type: ignore[arg-type]

    rows = Invoice.objects.filter(organisation=customer)
    both = merge(
        told(rows, "finalized_at", before, most, issued),
        told(rows, "voided_at", before, most, voided),
        key=lambda moment: moment.place,
        reverse=True,
    )
    return list(islice(both, most))


def _credit_notes(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def moment(note: CreditNote) -> Moment:
        text = f"Credit note {note.number} on {note.invoice}: {format_money(note.total, note.currency)}"
        return Moment(note.created_at, str(note.pk), text, admin_url(note))

    rows = CreditNote.objects.filter(organisation=customer).select_related("invoice")
    return told(rows, "created_at", before, most, moment)


def _questions(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def moment(message: QuestionMessage) -> Moment:
        question = message.question
        text = f"{message.written_by} about {question.invoice}: {message.text}"
        waits = message.side == QuestionMessage.Side.CUSTOMER and question.status == question.Status.OPEN
        return Moment(message.created_at, str(message.pk), text, admin_url(question), "warning" if waits else "")

    rows = QuestionMessage.objects.filter(question__invoice__organisation=customer).select_related("question__invoice")
    return told(rows, "created_at", before, most, moment)


def _prices(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    """The customer's own. Prices for all customers stand in the price book."""

    def moment(rule: PricingRule) -> Moment:
        until = f" to {last_day_text(rule.effective_to)}" if rule.effective_to else ""
        text = f"Price of {rule.metric_name} from {day_text(rule.effective_from)}{until}"
        return Moment(rule.created_at, str(rule.pk), text, admin_url(rule))

    return told(PricingRule.objects.filter(organisation=customer), "created_at", before, most, moment)


TELLS = (
    Tells("invoices", "Invoices", "receipt_long", "invoicing.view_invoice", _invoices),
    Tells("credit_notes", "Credit notes", "assignment_return", "invoicing.view_creditnote", _credit_notes),
    Tells("questions", "Questions", "contact_support", "invoicing.view_invoicequestion", _questions),
    Tells("prices", "Prices", "sell", "invoicing.view_pricingrule", _prices),
)
