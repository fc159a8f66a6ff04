"""Questions of customers about invoices: listed with who waits first, answered and closed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import linebreaks_filter
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    ReadOnlyAdmin,
    WaitingFirst,
    badge,
    extends,
    link,
    object_action,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY, admin_url, anchor, brief, when
from billing_platform.lib.admin.inputs import Textarea
from invoicing.admin.invoice import InvoiceExtension
from invoicing.models import Invoice, InvoiceLine, InvoiceQuestion
from invoicing.models.invoice_question import QUESTION_LENGTH
from invoicing.services import questions
from organisations.models import Organisation
from organisations.notifications.recipients import listed

MAY_ANSWER = "invoicing.answer_invoicequestion"
_TONES = {"open": "warning", "answered": "success", "closed": ""}


class StatusFilter(WaitingFirst):
    all_option = ("", "To answer")
    endings = (("answered", "Answered"), ("closed", "Closed"))

    def waiting(self, queryset: Any) -> Any:
        return queryset.to_answer()


class AnswerForm(ActionForm):
    text = forms.CharField(label="Answer", max_length=QUESTION_LENGTH, widget=Textarea)


class QuestionForm(ActionForm):
    line = forms.ModelChoiceField(InvoiceLine.objects.none(), required=False, empty_label="The whole invoice")
    text = forms.CharField(label="What the customer asks", max_length=QUESTION_LENGTH, widget=Textarea)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["line"].queryset = self.obj.lines.order_by("position")
        self.fields["line"].label_from_instance = lambda line: f"{line.position}. {line.description}"


def conversation(question: InvoiceQuestion) -> SafeString:
    """Who wrote what, oldest first."""
    rows = (
        (
            "is-ours" if message.side == "seller" else "is-theirs",
            message.written_by,
            when(message.created_at),
            linebreaks_filter(message.text),
        )
        for message in question.messages.all()
    )
    messages = format_html_join("", '<div class="message {}"><strong>{}</strong> <span>{}</span>{}</div>', rows)
    return format_html('<div class="conversation">{}</div>', messages)


def _facts(_request: HttpRequest, question: InvoiceQuestion) -> Iterable[tuple[str, Any]]:
    yield "Customer", question.invoice.organisation.name
    yield "About", str(question)
    if question.line:
        yield "Line", question.line.description
    yield "So far", conversation(question)


def _answer_facts(request: HttpRequest, question: InvoiceQuestion) -> Iterable[tuple[str, Any]]:
    yield from _facts(request, question)
    yield "Answer goes to", listed(question.invoice.organisation, "question_answered")


@extends(Organisation)
class QuestionsOfCustomer(Extension):
    related_lists = ((InvoiceQuestion, "invoice__organisation__id__exact"),)


@extends(Invoice)
class QuestionsOfInvoice(InvoiceExtension):
    related_lists = ((InvoiceQuestion, "invoice__id__exact"),)

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        """Those that nobody has closed stand right under the head."""
        if obj is None or not obj.questions.not_closed().exists():
            return shown
        return [*shown[:1], ("The customer asks", {"fields": (self.asked,)}), *shown[1:]]

    @admin.display(description="Questions")
    def asked(self, invoice: Invoice) -> Any:
        rows = (
            (badge(each.get_status_display(), _TONES[each.status]), admin_url(each), str(each), when(each.created_at))
            for each in invoice.questions.not_closed().select_related("line", "invoice")
        )
        return format_html_join("", '{} <a class="text-link" href="{}">{}</a> {}<br>', rows)

    @object_action(
        label="Note a question",
        permission=MAY_ANSWER,
        when=lambda invoice: not invoice.is_draft,
        form=QuestionForm,
        confirm="For what a customer asks by telephone or e-mail. It waits for an answer, as what is asked in the "
        "portal does, and the customer sees both there.",
        facts=lambda _request, invoice: [("Invoice", str(invoice)), ("Customer", invoice.organisation.name)],
        icon="contact_support",
    )
    def note_question(
        self, request: HttpRequest, invoice: Invoice, *, text: str, line: InvoiceLine | None
    ) -> HttpResponse:
        user: Any = request.user
        made = questions.ask_about_invoice(
            invoice_id=invoice.pk,
            text=text,
            asked_by=f"noted by {user.get_username()}",
            line_id=line.pk if line else None,
        )
        return self.page.done(request, "The question waits for an answer.", made)


@admin.register(InvoiceQuestion)
class InvoiceQuestionAdmin(ReadOnlyAdmin):
    empty_hint = "A customer asks about an invoice or a line of it in its portal."
    ordering = ("waits_since", "-created_at")
    list_on_a_phone = ("invoice_link", "customer", "state")
    list_display = ("invoice_link", "customer", "about", "last_text", "waiting", "state")
    list_filter = (StatusFilter, "invoice__organisation", "created_at")
    search_fields = ("invoice__number", "invoice__organisation__name", "messages__text")
    list_select_related = ("invoice__organisation", "line")
    fieldsets = (
        (None, {"fields": ("customer", "invoice_link", "about", "state", "said")}),
        ("Dates", {"fields": (("asked", "waiting"), ("closed_at", "closed_by"))}),
    )

    customer = link("invoice__organisation", "Customer")
    invoice_link = link("invoice", "Invoice")
    asked = short_time("created_at", "Asked")
    waiting = short_time("waits_since", "Waits since")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("messages")

    @admin.display(description="State", ordering="status")
    def state(self, question: InvoiceQuestion) -> Any:
        return badge(question.get_status_display(), _TONES[question.status])

    @admin.display(description="About")
    def about(self, question: InvoiceQuestion) -> Any:
        line = question.line
        return anchor(self, line, f"{line.position}. {line.description}") if line else "The whole invoice"

    @admin.display(description="Last")
    def last_text(self, question: InvoiceQuestion) -> Any:
        messages = list(question.messages.all())
        return brief(messages[-1].text) if messages else EMPTY

    @admin.display(description="Conversation")
    def said(self, question: InvoiceQuestion) -> Any:
        return conversation(question)

    @object_action(
        label="Answer",
        permission=MAY_ANSWER,
        when=lambda question: not question.is_closed,
        form=AnswerForm,
        confirm="The answer is mailed to the customer, and stands in its portal. It can't be changed afterwards.",
        facts=_answer_facts,
        icon="reply",
    )
    def answer(self, request: HttpRequest, question: InvoiceQuestion, *, text: str) -> str:
        user: Any = request.user
        questions.answer_question(question_id=question.pk, text=text, answered_by=user.get_username())
        return f"The answer goes to {listed(question.invoice.organisation, 'question_answered')}."

    @object_action(
        label="Close",
        permission=MAY_ANSWER,
        when=lambda question: not question.is_closed,
        confirm="It is settled: nothing more is written here. If the invoice's reminders are paused for this question, "
        "they go on. The customer gets no e-mail.",
        facts=_facts,
        icon="task_alt",
    )
    def close(self, request: HttpRequest, question: InvoiceQuestion) -> str:
        user: Any = request.user
        questions.close_question(question_id=question.pk, closed_by=user.get_username())
        return "The question is closed."
