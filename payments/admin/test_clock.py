"""Test clocks: what a test customer takes for now, the button that moves it, and what happened on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join

from billing_platform.lib import clock
from billing_platform.lib.admin.base import (
    ActionForm,
    Extension,
    extends,
    object_action,
)
from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import admin_url, anchor, facts
from billing_platform.lib.admin.tiles import Tile
from billing_platform.lib.dates_in_words import month_text
from billing_platform.lib.number_formats import format_money, format_sums
from invoicing.models import Invoice
from organisations.admin.test_clock import TONES, shown_time
from organisations.models import Notification, Organisation, TestClock, WebhookEndpoint
from organisations.models.test_clock import ClockStatus
from payments.models import Reminder
from payments.services.test_clocks import advancing
from payments.services.test_clocks.report import happened, next_month_to_bill

ADVANCE = "organisations.advance_testclock"


class AdvanceForm(ActionForm):
    day = forms.DateField(label="To", help_text="Until noon of that day, where the customer is.")

    def moment(self, day: date) -> datetime:
        return datetime.combine(day, time(12), self.obj.organisation.zone)

    def clean_day(self) -> date:
        """What the service refuses stands at the field."""
        day: date = self.cleaned_data["day"]
        shown, latest = self.obj.now, self.obj.now + advancing.LONGEST
        if self.moment(day) <= shown:
            raise forms.ValidationError(f"The clock shows {shown_time(self.obj, shown)} and only goes forward.")
        if self.moment(day) > latest:
            raise forms.ValidationError(f"At most two months at once: until {shown_time(self.obj, latest)}.")
        return day


def advance_facts(_request: HttpRequest, row: TestClock) -> Iterator[tuple[str, Any]]:
    due = [(invoice.currency, invoice.amount_due) for invoice in _open_invoices(row)]
    endpoints = WebhookEndpoint.objects.filter(organisation=row.organisation, status=WebhookEndpoint.Status.ACTIVE)
    yield "It shows", shown_time(row, row.now)
    yield "Two months on", shown_time(row, row.now + advancing.LONGEST)
    yield "Billed next", f"{month_text(next_month_to_bill(row))}, once that is over"
    yield "Due now, and reminded of", format_sums(due) or "Nothing"
    yield "E-mails", "Stored to be read here, and not sent"
    yield "Webhooks", f"Sent to {endpoints.count()} of its endpoints, as a test"


def _open_invoices(row: TestClock) -> Any:
    return Invoice.objects.filter(organisation=row.organisation).collectable()


@extends(TestClock)
class MovingOfClock(Extension):
    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        return [*shown, ("What happened when it was last moved", {"fields": (self.happened,)})]

    @admin.display(description="On the way")
    def happened(self, row: TestClock) -> Any:
        if row.advance_to is None:
            return "It was not moved yet."
        found = happened(row)
        mine = {"organisation__id__exact": str(row.organisation_id)}
        return facts(
            [
                ("From", shown_time(row, row.moved_from)),
                ("To", shown_time(row, row.now)),
                ("Moved by", row.moved_by),
                ("Invoices issued", self._linked(found.invoices) or "None"),
                ("Drafts that wait", self._linked(found.drafts) or "None"),
                ("E-mails stored, not sent", _listed(found.emails, list_address(Notification, **mine))),
                ("Reminders", _listed(found.reminders, list_address(Reminder))),
                ("Late fees", str(found.late_fees)),
                ("Webhook messages", str(found.webhook_messages)),
            ]
        )

    def _linked(self, invoices: Any) -> Any:
        rows = [(anchor(self.page, each), format_money(each.total, each.currency)) for each in invoices]
        return format_html_join(", ", "{} {}", rows)

    @object_action(
        label="Advance",
        permission=ADVANCE,
        form=AdvanceForm,
        when=lambda row: row.status == ClockStatus.READY and row.organisation.is_active,
        confirm="A worker lives through the days on the way, one after the other: months are billed, invoices issued,"
        " reminders written, late fees charged. It can't be undone: a clock only goes forward.",
        facts=advance_facts,
        icon="fast_forward",
    )
    def advance(self, request: HttpRequest, row: TestClock, *, day: date) -> str:
        user: Any = request.user
        to = datetime.combine(day, time(12), row.organisation.zone)
        advancing.advance(organisation=row.organisation, to=to, by=user.get_username())
        return f"The clock advances to {shown_time(row, to)}."

    @object_action(
        label="Try again",
        permission=ADVANCE,
        when=lambda row: row.status == ClockStatus.FAILED,
        confirm="It goes on from where it stopped.",
        facts=lambda _request, row: [("It stopped at", shown_time(row, row.now)), ("Because", row.last_failure)],
        icon="replay",
    )
    def try_again(self, request: HttpRequest, row: TestClock) -> str:
        advancing.try_again(organisation=row.organisation)
        return "It goes on as soon as a worker is free."


def _listed(count: int, address: str) -> Any:
    return format_html_join("", '<a href="{}">{}</a>', [(address, count)]) if count else "0"


@extends(Organisation)
class ClockOfOrganisation(Extension):
    list_filter = ("is_test",)

    def tiles(self, request: HttpRequest, obj: Organisation) -> Iterator[Tile]:
        """That it is a test customer stands at the head of its page, for everybody who sees it."""
        row = TestClock.objects.filter(organisation=obj).first() if obj.is_test else None
        user: Any = request.user
        if row is not None and user.has_perm("organisations.view_testclock", obj):
            ahead = row.now - clock.now()
            note = "ahead of the real time" if ahead.total_seconds() > 0 else "behind the real time"
            yield Tile("Test clock", (shown_time(row, row.now),), note, admin_url(row), TONES[row.status])
