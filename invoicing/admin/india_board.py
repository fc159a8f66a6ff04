"""The India board: on a seller's page what the law asks of it and by when, each with the way to its mend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import reverse

from billing_platform.lib.admin.base import DropdownFilter, Extension, badge, extends, object_page
from billing_platform.lib.admin.contributions import list_address, view_permission
from billing_platform.lib.admin.display import EMPTY, action_url
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.periods import BillingPeriod
from invoicing.admin.letters import new_letter_address
from invoicing.models import EInvoice, ExchangeRate, Filing, Invoice
from invoicing.selectors.due_returns import due_returns, returns_due
from invoicing.selectors.india_board import Row, State, Topic, has_board, india_boards
from invoicing.selectors.indian_deadlines import indian_today
from organisations.models import BillingEntity, Organisation

TONES = {State.GOOD: "success", State.NEAR: "warning", State.LATE: "danger", State.NOT_NEEDED: ""}
ICONS = {State.GOOD: "check_circle", State.NEAR: "warning", State.LATE: "error", State.NOT_NEEDED: "remove"}


@dataclass(frozen=True, slots=True)
class Mend:
    """What the link says, where it leads, and who may go there."""

    label: str
    url: str
    permission: str


def mend_of(topic: Topic, seller: BillingEntity) -> Mend:
    mine = {"billing_entity__id__exact": str(seller.pk)}
    change = "organisations.change_billingentity"
    match topic:
        case Topic.LUT:
            return Mend("Enter the letter", new_letter_address(seller), "invoicing.add_letterofundertaking")
        case Topic.SERIES:
            numbers = action_url(seller, "change_numbers")
            return Mend("Change numbers", numbers, change)
        case Topic.CREDIT_NOTES:
            return Mend(
                "These invoices", list_address(Invoice, attention="credits_end", **mine), view_permission(Invoice)
            )
        case Topic.REALISATION:
            return Mend("These exports", list_address(Invoice, attention="realise", **mine), view_permission(Invoice))
        case Topic.E_INVOICES:
            return Mend("These documents", list_address(EInvoice, attention="near", **mine), view_permission(EInvoice))
        case Topic.GSTINS:
            due = list_address(Organisation, gstin_check="due", **mine)
            return Mend("These customers", due, view_permission(Organisation))
        case Topic.RATES:
            return Mend("Exchange rates", list_address(ExchangeRate), view_permission(ExchangeRate))
        case Topic.RETURNS:
            return Mend("Look at the return", _return_to_file(seller), view_permission(Filing))


def _return_to_file(seller: BillingEntity) -> str:
    found = due_returns(gstins=[seller.gstin], today=indian_today())[seller.gstin].to_file
    period = found[0].period if found else None
    month = period.last_month if period else BillingPeriod.of(indian_today()).previous()
    query = {"gstin": seller.gstin, "month": str(month)} | ({"frequency": period.frequency.value} if period else {})
    return f"{reverse('admin:invoicing_filing_list_action', args=['gstr1'])}?{urlencode(query)}"


def _shown(request: HttpRequest, seller: BillingEntity, row: Row) -> dict[str, Any]:
    user: Any = request.user
    mend = mend_of(row.topic, seller) if row.asks else None
    return {
        "topic": row.topic.value,
        "title": row.title,
        "state": badge(row.state.value, TONES[row.state]),
        "label": row.state.value,
        "tone": TONES[row.state],
        "icon": ICONS[row.state],
        "sentence": row.sentence,
        "left": _days(row.days),
        "mend": mend if mend and user.has_perm(mend.permission) else None,
    }


def _days(days: int | None) -> str:
    if days is None:
        return ""
    if days == 0:
        return "Today"
    count = f"{abs(days):,} day{'s' if abs(days) != 1 else ''}"
    return f"{count} left" if days > 0 else f"{count} late"


def _summary(rows: tuple[Row, ...]) -> Any:
    """The worst state, and how many rows ask for something."""
    late, near = (sum(row.state == state for row in rows) for state in (State.LATE, State.NEAR))
    if late:
        return badge(f"{late} late", "danger")
    return badge(f"{near} near", "warning") if near else badge("In order", "success")


class ReturnsFilter(DropdownFilter):
    title, parameter_name = "GST returns", "returns"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("due", "Due or late")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "due":
            return queryset
        return queryset.filter(pk__in=returns_due(actor=request.user).values("pk"))


@extends(BillingEntity)
class IndiaBoardOfSeller(Extension):
    list_filter = (ReturnsFilter,)
    list_on_a_phone = ("name", "gstin", "country", "india_board")

    def columns(self, request: HttpRequest, shown: list[Any]) -> list[Any]:
        """Made once for all sellers of the list."""
        user: Any = request.user
        boards = india_boards(sellers=BillingEntity.objects.filter(is_test=False), actor=user, today=indian_today())

        @admin.display(description="India board")
        def india_board(seller: BillingEntity) -> Any:
            return _summary(boards[seller.pk]) if seller.pk in boards else EMPTY

        return [*shown, india_board]

    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        """What asks for something stands above the seller's details."""
        if obj is None or not has_board(obj):
            return shown
        rows = _rows(request, obj)
        asking = [_shown(request, obj, row) for row in rows if row.asks]
        if not asking:
            return shown
        words = render_to_string("admin/invoicing/india_rows.html", {"rows": asking})
        return [("India board", {"fields": (), "description": words}), *shown]

    @object_page(label="India board", permission="organisations.view_billingentity", when=has_board, icon="fact_check")
    def india_board(self, request: HttpRequest, seller: BillingEntity) -> HttpResponse:
        rows = list(self._in_order(_rows(request, seller)))
        context = {
            **self.page.admin_site.each_context(request),
            "opts": self.page.opts,
            "title": f"India board of {seller}",
            "object": seller,
            "is_fullwidth": "1",
            "rows": [_shown(request, seller, row) for row in rows],
            "summary": _heading(rows),
            "today": day_text(indian_today()),
        }
        return TemplateResponse(request, "admin/invoicing/india_board.html", context)

    def _in_order(self, rows: tuple[Row, ...]) -> Iterator[Row]:
        """What is late first, then what is near."""
        for states in ({State.LATE}, {State.NEAR}, {State.GOOD, State.NOT_NEEDED}):
            yield from (row for row in rows if row.state in states)


def _rows(request: HttpRequest, seller: BillingEntity) -> tuple[Row, ...]:
    user: Any = request.user
    return india_boards(sellers=[seller], actor=user, today=indian_today())[seller.pk]


def _heading(rows: list[Row]) -> str:
    asking = sum(row.asks for row in rows)
    return f"{asking} to look at" if asking else "All is in order"
