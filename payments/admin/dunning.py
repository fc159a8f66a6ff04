"""On an invoice's page: what happens next, reminders, promises and pauses. Above the list: who is asked again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    DropdownFilter,
    ReadOnlyInline,
    Undoable,
    badge,
    extends,
    facts,
    list_page,
    object_action,
)
from billing_platform.lib.admin.display import EMPTY, action_url, anchor, status, text_of, when
from billing_platform.lib.batches import batches
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.http.csv_files import csv_response
from billing_platform.lib.limits import REASON_LENGTH
from billing_platform.lib.number_formats import format_money, money_text
from invoicing.admin.invoice import InvoiceExtension
from invoicing.admin.invoice_parts import Moment
from invoicing.models import Invoice
from organisations.models import BillingEntity
from organisations.notifications.recipients import listed
from organisations.operators_clock import operators_today
from payments.admin.invoice import asked_for
from payments.models import LateFee, PaymentRetry, Reminder, ReminderPause
from payments.receivables.promises import with_broken_promise
from payments.services.dunning import pauses, quiet, reminders
from payments.services.dunning.chased import Chased, chased, overdue

ROWS_OF_A_PAGE = 50
AT_A_TIME = 1_000
CSV_COLUMNS = ("customer", "invoice", "due_date", "currency", "due", "days_late", "last_reminder", "next")
COLLECT = "payments.collect_invoice"
REMINDER_TONES = {Reminder.Status.SENT: "info", Reminder.Status.SKIPPED: ""}


def collectable(invoice: Invoice) -> bool:
    return invoice.is_collectable


def is_paused(invoice: Invoice) -> bool:
    return invoice.is_collectable and quiet.standing_pause(invoice) is not None


def asking_facts(request: HttpRequest, invoice: Invoice) -> Iterator[tuple[str, Any]]:
    """The facts of each confirmation page here: what is due, how late, and what was sent already."""
    yield from asked_for(request, invoice)
    [row] = chased([invoice])
    if row.days_late:
        yield "Overdue for", _days(row.days_late)
    yield "E-mails go to", listed(invoice.organisation, "reminder")
    yield "Last reminder", _sent_text(row.last_sent)
    if row.broken:
        yield "Broken promise", row.broken.sentence


def asking_warnings(_request: HttpRequest, invoice: Invoice) -> Iterator[str]:
    if pause := quiet.standing_pause(invoice):
        yield f"{pause.sentence.rstrip('.')}."
    [row] = chased([invoice])
    today = clock.today(invoice.organisation.time_zone)
    if row.last_sent and row.last_sent.created_at.astimezone(invoice.organisation.zone).date() == today:
        yield "A reminder was sent today already."


class PromiseForm(ActionForm):
    last_day = forms.DateField(label="Pays by", help_text="Nobody asks again until this day is over.")
    note = forms.CharField(max_length=REASON_LENGTH, help_text="Who promised it, and how: Ravi Kumar, by phone.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["last_day"].initial = clock.today(self.obj.organisation.time_zone) + timedelta(days=7)


class PauseForm(ActionForm):
    note = forms.CharField(label="Why", max_length=REASON_LENGTH, help_text="Shown beside the pause.")
    last_day = forms.DateField(label="Last day", required=False, help_text="Empty: until somebody resumes it.")


class ReminderInline(ReadOnlyInline):
    model = Reminder
    fields = ("name", "state", "due", "created_at", "sent_by")
    readonly_fields = fields
    row_link = "name"
    state = status("status", REMINDER_TONES, "Status")

    @admin.display(description="Reminder")
    def name(self, reminder: Reminder) -> str:
        return reminder.step_text

    @admin.display(description="Was due")
    def due(self, reminder: Reminder) -> str:
        return format_money(reminder.amount, reminder.invoice.currency)


class PauseInline(ReadOnlyInline):
    model = ReminderPause
    fields = ("kind", "last_day", "note", "placed_by", "created_at", "ended_at", "ended_by")
    readonly_fields = fields


class LateFeeInline(ReadOnlyInline):
    model = LateFee
    fields = ("number", "fee", "of", "created_at")
    readonly_fields = fields

    @admin.display(description="Fee")
    def fee(self, row: LateFee) -> str:
        return format_money(row.amount, row.invoice.currency)

    @admin.display(description="Of")
    def of(self, row: LateFee) -> str:
        return format_money(row.due_amount, row.invoice.currency)


class ChasedForm(forms.Form):
    seller = forms.ModelChoiceField(
        BillingEntity.objects.order_by("-is_default", "name"), empty_label="All", required=False
    )
    order = forms.ChoiceField(
        label="Sorted by", choices=[("amount", "Amount, the largest first"), ("days", "Days, the latest payers first")]
    )

    def __init__(self, request: HttpRequest) -> None:
        super().__init__({"order": "amount", **request.GET.dict()})

    @property
    def query(self) -> str:
        return urlencode({name: self[name].value() or "" for name in self.fields})


class PromiseFilter(DropdownFilter):
    title = parameter_name = "promise"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("broken", "Broken")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return with_broken_promise(queryset) if self.value() == "broken" else queryset


@extends(Invoice)
class DunningOfInvoice(InvoiceExtension):
    list_filter = (PromiseFilter,)
    inlines = (ReminderInline, PauseInline, LateFeeInline)
    related_lists = ((Reminder, "invoice__id__exact"), (PaymentRetry, "invoice__id__exact"))

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None or not obj.is_collectable:
            return shown
        return [*shown[:1], ("What happens next", {"fields": (self.what_happens_next,)}), *shown[1:]]

    @admin.display(description="Asking again")
    def what_happens_next(self, invoice: Invoice) -> Any:
        [row] = chased([invoice])
        return facts(next_facts(self.page, row))

    def moments(self, invoice: Invoice) -> list[Moment]:
        sent = invoice.reminders.filter(status=Reminder.Status.SENT)
        said = invoice.reminder_pauses.all()
        return [
            *((each.created_at, "Reminded", each.step_text) for each in sent),
            *((each.created_at, each.get_kind_display(), each.sentence) for each in said),
        ]

    @object_action(
        label="Send reminder now",
        permission=COLLECT,
        when=collectable,
        confirm="One e-mail with what is due, the pay button and the bank account. The reminders by date go on.",
        facts=asking_facts,
        warnings=asking_warnings,
        icon="notifications_active",
    )
    def remind(self, request: HttpRequest, invoice: Invoice) -> str:
        user: Any = request.user
        reminders.send_reminder_now(invoice_id=invoice.pk, by=user.get_username())
        return f"A reminder goes to {listed(invoice.organisation, 'reminder')}."

    @object_action(
        label="Promise to pay",
        permission=COLLECT,
        when=collectable,
        form=PromiseForm,
        confirm="Reminders and retries wait until the day is over. If nothing came by then, they go on.",
        facts=asking_facts,
        icon="handshake",
    )
    def promise(self, request: HttpRequest, invoice: Invoice, *, last_day: date, note: str) -> str:
        user: Any = request.user
        said = pauses.note_promise(invoice_id=invoice.pk, last_day=last_day, note=note, placed_by=user.get_username())
        return f"{said.sentence.rstrip('.')}."

    @object_action(
        label="Pause reminders",
        permission=COLLECT,
        when=lambda invoice: invoice.is_collectable and not is_paused(invoice),
        form=PauseForm,
        confirm="For this invoice only: no reminders, no retries and no late fee. For all of the customer's invoices, "
        "use Hold billing on the customer's page.",
        facts=asking_facts,
        icon="notifications_paused",
    )
    def pause(self, request: HttpRequest, invoice: Invoice, *, note: str, last_day: date | None) -> Undoable:
        user: Any = request.user
        said = pauses.pause(invoice_id=invoice.pk, note=note, last_day=last_day, placed_by=user.get_username())
        return Undoable(f"{said.sentence.rstrip('.')}.", invoice, "resume")

    @object_action(
        label="Resume reminders",
        permission=COLLECT,
        when=is_paused,
        confirm="Reminders and retries go on at their next times.",
        facts=asking_facts,
        warnings=asking_warnings,
        icon="play_circle",
    )
    def resume(self, request: HttpRequest, invoice: Invoice) -> str | Undoable:
        """A pause that came with a customer's question can't be placed again by hand."""
        user: Any = request.user
        ended = pauses.resume(invoice_id=invoice.pk, ended_by=user.get_username())
        if ended.question_id is not None:
            return "Reminders and retries go on."
        again = "promise" if ended.kind == ReminderPause.Kind.PROMISE else "pause"
        answers = {"note": ended.note, "last_day": ended.last_day}
        return Undoable("Reminders and retries go on.", invoice, again, answers)

    @list_page(label="Who is asked again", permission="payments.view_payment", icon="campaign")
    def chased(self, request: HttpRequest) -> HttpResponseBase:
        form = ChasedForm(request)
        self.page.style_form(form)
        context: dict[str, Any] = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": "Who is asked again",
            "is_fullwidth": "1",
            "form": form,
        }
        if form.is_valid():
            user: Any = request.user
            found = overdue(actor=user, **form.cleaned_data)
            if request.GET.get("format") == "csv":
                return csv_response(f"overdue-{operators_today():%Y%m%d}", csv_rows(found))
            page = Paginator(found, ROWS_OF_A_PAGE).get_page(request.GET.get("page"))
            rows = [_row(each, user) for each in chased(list(page.object_list))]
            context |= {"query": form.query, "rows": rows, "page": page}
        return TemplateResponse(request, "admin/payments/chased.html", context)


def next_facts(page: Any, row: Chased) -> Iterator[tuple[str, Any]]:
    """What comes next, and what keeps it from coming."""
    if row.days_late:
        yield "Overdue", badge(_days(row.days_late), "danger")
    if row.holds:
        yield "On hold", format_html("{} {}", row.holds[0].sentence, anchor(page, row.holds[0], "Open"))
    if row.pause:
        yield row.pause.get_kind_display(), row.pause.sentence
    if row.broken:
        yield "Promise", format_html("{} {}", badge("Broken", "danger"), row.broken.sentence)
    if row.debit:
        at = format_html("Not before {}", when(row.debit.charge_after)) if row.debit.may_opt_out else "At the bank"
        yield "Debit", format_html("{} {}", at, anchor(page, row.debit, "Open"))
    waits = " It waits for the end of what is said above." if row.quiet or row.debit else ""
    yield "Next reminder", f"{_next_text(row)}{waits if row.next_reminder else ''}"
    yield "Last reminder", _sent_text(row.last_sent)
    yield "Retry", _retry_text(page, row.plan)


def _next_text(row: Chased) -> str:
    if row.next_reminder is None:
        return "None: they are off for this seller." if not row.rules.reminders_on else "None: all of them are over."
    zone = row.invoice.organisation.time_zone
    return f"{day_text(row.next_reminder)}, 09:00 ({zone})."


def _sent_text(reminder: Reminder | None) -> Any:
    if reminder is None:
        return "None was sent."
    return format_html("{} · {}", when(reminder.created_at), reminder.step_text)


def _retry_text(page: Any, plan: PaymentRetry | None) -> Any:
    if plan is None:
        return "None: no payment has failed."
    made = f"{plan.made} of {plan.max_retries} attempts made"
    if plan.is_live:
        return format_html("{}, the next {} {}", made, when(plan.next_attempt_at), anchor(page, plan, "Open"))
    return format_html("{}: {} {}", plan.get_status_display(), plan.end_reason, anchor(page, plan, "Open"))


def _row(row: Chased, user: Any) -> dict[str, Any]:
    invoice = row.invoice
    return {
        "customer": invoice.organisation.name,
        "invoice": str(invoice),
        "url": reverse("admin:invoicing_invoice_change", args=[invoice.pk]),
        "remind": action_url(invoice, "remind") if user.has_perm(COLLECT, invoice) else "",
        "due": format_money(invoice.amount_due, invoice.currency),
        "late": _days(row.days_late),
        "last": _sent_text(row.last_sent) if row.last_sent else EMPTY,
        "next": _in_short(row),
    }


def csv_rows(invoices: QuerySet[Invoice]) -> Iterator[tuple[Any, ...]]:
    """The heading, then a line for each invoice; what is asked about them is asked for some at a time."""
    yield CSV_COLUMNS
    for some in batches(invoices.iterator(chunk_size=AT_A_TIME), AT_A_TIME):
        for row in chased(some):
            invoice, sent = row.invoice, row.last_sent
            yield (
                invoice.organisation.name,
                str(invoice),
                invoice.due_date or "",
                invoice.currency,
                money_text(invoice.amount_due, invoice.currency),
                row.days_late,
                f"{sent.created_at:%Y-%m-%dT%H:%M:%SZ}" if sent else "",
                text_of(_in_short(row)),
            )


def _in_short(row: Chased) -> Any:
    if row.holds:
        return badge(row.holds[0].get_kind_display(), "warning")
    if row.pause:
        until = f" until {day_text(row.pause.last_day)}" if row.pause.last_day else ""
        return format_html("{}{}", badge(row.pause.get_kind_display(), "info"), until)
    parts = badge("Promise broken", "danger") if row.broken else ""
    if row.debit:
        return format_html("{} {}", parts, badge("Is being debited", "info"))
    if row.plan and row.plan.status == PaymentRetry.Status.EXHAUSTED:
        return format_html("{} {}", parts, badge("Retries over: call them", "danger"))
    if row.plan and row.plan.is_live:
        return format_html("{} Retry {}", parts, when(row.plan.next_attempt_at))
    if row.next_reminder:
        return format_html("{} Reminder {}", parts, day_text(row.next_reminder))
    return format_html("{} {}", parts, badge("Nothing: call them", "warning"))


def _days(count: int) -> str:
    return f"{count:,} day{'' if count == 1 else 's'}"
