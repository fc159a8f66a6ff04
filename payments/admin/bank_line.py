"""Bank lines: money that came into sellers' accounts, with what each may pay; booked, set aside or undone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join

from billing_platform.lib.admin.base import (
    QuickFilter,
    ReadOnlyAdmin,
    link,
    list_action,
    money,
    object_action,
    short_time,
)
from billing_platform.lib.admin.display import EMPTY, action_url, admin_url, anchor, badge, brief
from billing_platform.lib.dates_in_words import day_text
from organisations.models import Organisation
from organisations.scoping import reaches_every_organisation
from payments.admin.bank_line_forms import (
    BookForm,
    ReasonForm,
    SureForm,
    choices_of,
    in_words,
    line_facts,
    line_warnings,
    no_sure_lines,
    proposal_text,
    sure_facts,
    why,
)
from payments.admin.bank_statement_pages import BankStatementPages
from payments.banking.matching import Proposal
from payments.models import BankLine, Cheque
from payments.services.banking import booking
from payments.services.banking.cheques import cheques_of
from payments.services.banking.payouts import reads_like_a_payout
from payments.services.banking.proposing import proposals_for

_STATES = {
    "waiting": ("Waiting", "warning"),
    "booked": ("Booked", "success"),
    "known": ("Was recorded before", "success"),
    "payout": ("Payout of Razorpay's", "info"),
    "set_aside": ("Set aside", ""),
}


class StateFilter(QuickFilter):
    """Lines that wait first."""

    title = parameter_name = "state"
    all_option = ("", "Waiting")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("recorded", "Recorded"), ("payout", "Payouts"), ("set_aside", "Set aside"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() == "all":
            return queryset
        if self.value() == "recorded":
            return queryset.recorded()
        if self.value() == "payout":
            return queryset.filter(payout__isnull=False)
        return queryset.exclude(set_aside_reason="") if self.value() == "set_aside" else queryset.waiting()


@admin.register(BankLine)
class BankLineAdmin(BankStatementPages, ReadOnlyAdmin):
    empty_hint = "Import the statement of a seller's bank account: each payment on it waits here with a proposal."
    list_display = ("label", "text", "proposal", "state", "seller")
    list_on_a_phone = ("label", "proposal", "state")
    list_filter = (StateFilter, "billing_entity", "day")
    search_fields = ("narration", "reference")
    list_select_related = ("billing_entity", "payment__organisation", "payout")
    fieldsets = (
        (None, {"fields": ("state", "came_in", "day", "narration", "reference", "payer")}),
        ("What it pays", {"fields": ("proposals", "paid", "arrived", "set_aside_reason")}),
        ("From", {"fields": ("seller", "account", "left", "row", "uploaded", "uploaded_by")}),
    )
    readonly_fields = (
        "state", "came_in", "day", "narration", "reference", "payer", "proposals", "paid", "arrived",
        "set_aside_reason", "seller", "account", "left", "row", "uploaded", "uploaded_by",
    )  # fmt: skip
    filtered_from_elsewhere = ("payment",)

    came_in = money("amount", "Came in")
    left = money("balance", "Balance after it")
    seller = link("billing_entity", "Seller")
    paid = link("payment", "Payment")
    arrived = link("payout", "Payout")
    uploaded = short_time("created_at", "Uploaded")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A statement holds money of all of a seller's customers."""
        return self.may(request, "view", obj) and reaches_every_organisation(request.user)

    def add_facts(self, request: HttpRequest, rows: list[Any]) -> None:
        """What the lines may pay, and the page on which the user goes on with each."""
        found, cheques = proposals_for(rows), cheques_of(rows)
        for line in rows:
            line.proposed, line.cheque = found.get(line.pk, []), cheques.get(line.pk)
            may_book = self.may_act(request, self.admin_actions["book"], line)
            line.opens = action_url(line, "book") if may_book else admin_url(line)

    @admin.display(description="Money", ordering="day")
    def label(self, line: BankLine) -> str:
        return str(line)

    @admin.display(description="Uploaded by")
    def uploaded_by(self, line: BankLine) -> str:
        return str(line.statement.uploaded_by) if line.statement and line.statement.uploaded_by else EMPTY

    @admin.display(description="Text")
    def text(self, line: BankLine) -> Any:
        return brief(line.narration)

    @admin.display(description="State")
    def state(self, line: BankLine) -> Any:
        label, tone = _STATES[line.state]
        return badge(label, tone)

    @admin.display(description="Pays")
    def proposal(self, line: Any) -> Any:
        if line.is_recorded:
            return format_html("{}, {}", line.payment.organisation, anchor(self, line.payment))
        if line.payout is not None:
            return anchor(self, line.payout)
        if line.set_aside_reason:
            return brief(line.set_aside_reason)
        if line.cheque is not None:
            text = f"{line.cheque.organisation}: {line.cheque}"
            return format_html('Sure: <a class="text-link" href="{}">{}</a>', line.opens, text)
        if reads_like_a_payout(line):
            return "Reads like a payout of Razorpay's: marked once it is fetched"
        if not line.proposed:
            return format_html('<a class="text-link" href="{}">Choose</a>', line.opens)
        best = line.proposed[0]
        sure = "Sure" if best.is_sure else "Perhaps"
        return format_html(
            '<span>{}: <a class="text-link" href="{}">{}</a><br>{}</span>',
            sure,
            line.opens,
            in_words(best),
            brief(why(best)),
        )

    @admin.display(description="Proposals")
    def proposals(self, line: BankLine) -> Any:
        if not line.is_waiting:
            return EMPTY
        choices = choices_of(line)
        if choices.cheque is not None:
            return f"It is {choices.cheque} of {choices.cheque.organisation}: it has cleared."
        if reads_like_a_payout(line):
            return "It reads like a payout of Razorpay's, and is marked as one once that is fetched."
        rows = ((proposal_text(each, line.currency),) for each in choices.proposals)
        return format_html_join("", "<p>{}</p>", rows) or "No open invoice fits: choose one by “Book”."

    @list_action(
        label="Book all sure ones",
        permission="payments.book_bankline",
        form=SureForm,
        confirm="Each of these becomes a payment, and its customer gets a receipt. A mistake can be undone.",
        facts=sure_facts,
        obstacles=no_sure_lines,
        icon="done_all",
    )
    def book_sure(self, request: HttpRequest, *, chosen: dict[UUID, str]) -> str:
        booked, left = booking.book_sure_lines(chosen=chosen)
        for payment in booked:
            self.log_change(request, payment.bank_line, f"Booked as payment {payment}.")
        said = f"{len(booked):,} payments are recorded."
        return f"{said} {left:,} lines changed meanwhile and wait for you." if left else said

    @object_action(
        label="Book",
        permission="payments.book_bankline",
        when=lambda line: line.is_waiting,
        about=choices_of,
        form=BookForm,
        confirm="It becomes a payment, and the customer gets a receipt. A mistake can be undone here.",
        facts=line_facts,
        warnings=line_warnings,
        icon="add_card",
    )
    def book(
        self,
        request: HttpRequest,
        line: BankLine,
        *,
        proposal: Proposal | None,
        cheque: Cheque | None,
        invoice_ids: list[UUID],
        organisation: Organisation | None,
        oldest_first: bool,
        accept_overpayment: bool,
    ) -> HttpResponse:
        if cheque is not None:
            paid = booking.book_cheque(line_id=line.pk, cheque_id=cheque.pk)
        elif organisation is not None:
            paid = booking.book_on_account(line_id=line.pk, organisation_id=organisation.pk, oldest_first=oldest_first)
        elif proposal is not None:
            paid = booking.book_proposal(line_id=line.pk, proposal=proposal, accept_overpayment=accept_overpayment)
        else:
            paid = booking.book_line(line_id=line.pk, invoice_ids=invoice_ids, accept_overpayment=accept_overpayment)
        return self._next(request, f"Payment {paid} of {paid.organisation} is recorded.")

    @object_action(
        label="Set aside",
        permission="payments.book_bankline",
        when=lambda line: line.is_waiting,
        about=choices_of,
        form=ReasonForm,
        confirm="For money that is no customer's payment: interest, a payout, a transfer of your own.",
        facts=line_facts,
        icon="block",
    )
    def set_aside(self, request: HttpRequest, line: BankLine, *, reason: str) -> HttpResponse:
        booking.set_aside(line_id=line.pk, reason=reason)
        return self._next(request, f"{line} is set aside.")

    @object_action(
        label="Take up again",
        permission="payments.book_bankline",
        when=lambda line: bool(line.set_aside_reason),
        about=choices_of,
        confirm="The line waits again, with a proposal.",
        facts=line_facts,
        icon="undo",
    )
    def take_up(self, request: HttpRequest, line: BankLine) -> str:
        booking.take_up_again(line_id=line.pk)
        return "The line waits again."

    @object_action(
        label="Undo",
        permission="payments.book_bankline",
        when=lambda line: line.state == "booked",
        form=ReasonForm,
        confirm="The payment is reversed, and the tax withheld that was recorded beside it. The invoices are due again,"
        " a customer who got a receipt gets a correction, and the line waits again.",
        facts=lambda _request, line: [
            ("Payment", str(line.payment)),
            ("Customer", line.payment.organisation.name),
            ("Amount", line.payment.shown(line.payment.amount)),
            ("Received", day_text(line.payment.received_day)),
        ],
        danger=True,
        icon="settings_backup_restore",
    )
    def undo(self, request: HttpRequest, line: BankLine, *, reason: str) -> str:
        booking.undo_booking(line_id=line.pk, reason=reason)
        return "The payment is reversed; the line waits again."

    def _next(self, request: HttpRequest, said: str) -> HttpResponse:
        """On to the next line that waits, until none does."""
        following = BankLine.objects.waiting().order_by("-day", "-created_at", "row").first()
        if following is None:
            return self.done(request, f"{said} No line waits.", BankLine.objects.order_by("-day").first())
        return self.done(request, f"{said} This is the next line.", following)
