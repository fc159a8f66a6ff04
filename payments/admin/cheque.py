"""Cheques: which wait to be given to the bank or to clear, since when; and what became of the others."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from billing_platform.lib.admin.base import (
    QuickFilter,
    ReadOnlyAdmin,
    link,
    money,
    object_action,
    short_time,
    status,
)
from billing_platform.lib.admin.display import anchor
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import format_money
from organisations.operators_clock import operators_today
from payments.admin.cheque_forms import BounceForm, CancelForm, ClearForm, DepositForm
from payments.models import Cheque
from payments.services import cheques

Status = Cheque.Status
TONES = {
    Status.RECEIVED: "warning",
    Status.DEPOSITED: "info",
    Status.CLEARED: "success",
    Status.BOUNCED: "danger",
    Status.CANCELLED: "",
}
OFTEN_EMPTY = ("deposited_on", "cleared_on", "bounced_on", "reason", "payment_link", "charged")
RECORD = "payments.record_offline_payment"
REVERSE = "payments.reverse_payment"


class StateFilter(QuickFilter):
    """Those that are no money yet come first."""

    title = parameter_name = "state"
    all_option = ("", "To clear")

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*((each.value, each.label) for each in Status), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in Status.values:
            return queryset.filter(status=self.value())
        return queryset if self.value() == "all" else queryset.to_clear()


def standing(_request: HttpRequest, cheque: Cheque) -> list[tuple[str, Any]]:
    """The facts that each confirmation page of a cheque shows first."""
    rows = [
        ("Customer", cheque.organisation.name),
        ("Invoice", str(cheque.invoice or "None: on account")),
        ("Amount", format_money(cheque.amount, cheque.currency)),
        ("Drawn on", f"{cheque.bank}, dated {day_text(cheque.dated)}"),
    ]
    rows += [("At the bank since", day_text(cheque.deposited_on))] if cheque.deposited_on else []
    return rows


def _reversed_with_it(_request: HttpRequest, cheque: Cheque) -> list[str]:
    if cheque.status != Status.CLEARED:
        return []
    return ["It counts as paid: its payment is reversed, and what it paid is due again."]


def _late(_request: HttpRequest, cheque: Cheque) -> list[str]:
    return [f"Banks took it until {day_text(cheque.last_day)}."] if cheque.last_day < operators_today() else []


@admin.register(Cheque)
class ChequeAdmin(ReadOnlyAdmin):
    empty_hint = "A cheque is recorded on the page of its invoice or customer when it comes: it waits here to clear."
    list_display = ("label", "customer", "invoice_link", "of", "dated", "state", "age", "remark")
    list_on_a_phone = ("label", "customer", "of", "state", "age")
    list_filter = (StateFilter, "organisation", "billing_entity", "received_on")
    search_fields = ("number", "bank", "organisation__name", "invoice__number")
    list_select_related = ("organisation", "invoice", "billing_entity")
    fieldsets = (
        (None, {"fields": ("label", "state", "remark", "customer", "invoice_link", "of", "bank", "dated")}),
        (
            "What happened",
            {
                "fields": (
                    "received_on",
                    "deposited_on",
                    "cleared_on",
                    "payment_link",
                    "bounced_on",
                    "reason",
                    "charged",
                    "recorded",
                )
            },
        ),
    )

    customer = link("organisation", "Customer")
    invoice_link = link("invoice")
    of = money("amount", "Amount")
    state = status("status", TONES, "State")
    payment_link = link("payment")
    recorded = short_time("created_at", "Recorded")

    def sections(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without what has not happened."""
        return [
            (name, {"fields": tuple(each for each in options["fields"] if self._is_filled(obj, each))})
            for name, options in self.fieldsets
        ]

    def _is_filled(self, cheque: Any, field: str) -> bool:
        attribute = {"payment_link": "payment_id", "charged": "charge_id"}.get(field, field)
        return cheque is None or field not in OFTEN_EMPTY or bool(getattr(cheque, attribute))

    @admin.display(description="Cheque", ordering="number")
    def label(self, cheque: Cheque) -> str:
        return str(cheque)

    @admin.display(description="Waits for", ordering="received_on")
    def age(self, cheque: Cheque) -> str:
        if not cheque.is_to_clear:
            return "–"
        days = (operators_today() - cheque.received_on).days
        return "Today" if days <= 0 else "1 day" if days == 1 else f"{days:,} days"

    @admin.display(description="Remark")
    def remark(self, cheque: Cheque) -> str:
        if cheque.status in (Status.BOUNCED, Status.CANCELLED):
            return cheque.reason
        if cheque.status != Status.RECEIVED:
            return "–"
        today = operators_today()
        if cheque.dated > today:
            return f"Give it to the bank from {day_text(cheque.dated)}"
        if cheque.last_day < today:
            return f"Out of date since {day_text(cheque.last_day)}: ask for another"
        return f"Give it to the bank by {day_text(cheque.last_day)}"

    @admin.display(description="Bounce charge")
    def charged(self, cheque: Cheque) -> Any:
        return anchor(self, cheque.charge)

    @object_action(
        label="Give to the bank",
        permission=RECORD,
        when=lambda cheque: cheque.status == Status.RECEIVED,
        form=DepositForm,
        confirm="It counts as nothing until the bank has cleared it.",
        facts=standing,
        warnings=_late,
        icon="account_balance",
    )
    def deposit(self, request: HttpRequest, cheque: Cheque, *, day: date) -> str:
        cheques.deposit_cheques(cheque_ids=[cheque.pk], day=day)
        return f"{cheque} is at the bank."

    @object_action(
        label="It has cleared",
        permission=RECORD,
        when=lambda cheque: cheque.is_to_clear,
        form=ClearForm,
        confirm="The bank credited it: from this day on it counts as paid. A mistake is taken back by reversing the"
        " payment.",
        facts=standing,
        icon="price_check",
    )
    def clear(self, request: HttpRequest, cheque: Cheque, **answers: Any) -> HttpResponse:
        cleared = cheques.clear_cheque(cheque_id=cheque.pk, **answers)
        return self.done(request, f"{cheque} has cleared: this is its payment.", cleared.payment)

    @object_action(
        label="It bounced",
        permission=REVERSE,
        when=lambda cheque: cheque.status in (Status.DEPOSITED, Status.CLEARED),
        form=BounceForm,
        confirm="The bank sent it back. If the customer gives it again, record it again.",
        facts=standing,
        warnings=_reversed_with_it,
        danger=True,
        icon="money_off",
    )
    def bounce(
        self,
        request: HttpRequest,
        cheque: Cheque,
        *,
        day: date,
        reason: str,
        charge: Decimal | None = None,
        charge_sac: str = "",
        with_mail: bool = False,
    ) -> str:
        found = cheques.bounce_cheque(
            cheque_id=cheque.pk, day=day, reason=reason, charge=charge, charge_sac=charge_sac, with_mail=with_mail
        )
        charged = ""
        if found.charge:
            charged = f" {format_money(found.charge.amount, found.charge.currency)} stand on the next invoice."
        return f"{cheque} bounced.{charged}"

    @object_action(
        label="Cancel",
        permission=REVERSE,
        when=lambda cheque: cheque.is_to_clear,
        form=CancelForm,
        confirm="For a cheque that was given back, replaced, or recorded by mistake.",
        facts=standing,
        danger=True,
        icon="block",
    )
    def cancel(self, request: HttpRequest, cheque: Cheque, *, reason: str) -> str:
        cheques.cancel_cheque(cheque_id=cheque.pk, reason=reason)
        return f"{cheque} is cancelled."
