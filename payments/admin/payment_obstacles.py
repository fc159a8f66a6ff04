"""What can't be done with a payment now, why not, and buttons that lead on to what helps instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from billing_platform.lib.admin.display import action_url
from invoicing.models import Invoice
from payments.models import Payment
from payments.selectors import invoices_for
from payments.services.dunning.retry_orders import why_not_retryable
from payments.services.refunding.asking import why_not_refundable

Status, Kind = Payment.Status, Payment.Kind


@dataclass(frozen=True, slots=True)
class Obstacle:
    """`ways` are rows with the names of actions on their pages; those that apply now are shown."""

    wanted: str
    reason: str
    ways: tuple[tuple[Payment | Invoice | None, str], ...] = ()


def is_due(payment: Payment) -> bool:
    """Something is due on its invoice."""
    return Invoice.objects.collectable().filter(pk=payment.invoice_id).exists()


def obstacles(payment: Payment) -> list[Obstacle]:
    """What an operator may look for and can't do now."""
    return list(_without_money(payment) if payment.paid_at is None else _with_money(payment))


def obstacle_text(page: ModelAdmin[Any], request: HttpRequest, obstacle: Obstacle) -> SafeString:
    """The sentence, and a button for each way that this user may go now."""
    found = [way for row, name in obstacle.ways if row and (way := _button(page, request, row, name))]
    buttons = format_html_join("", ' <a class="mend" href="{}">{}</a>', found)
    return format_html("<p><strong>{}</strong>: {}{}</p>", obstacle.wanted, obstacle.reason, buttons)


def _button(page: Any, request: HttpRequest, row: Payment | Invoice, name: str) -> tuple[str, str] | None:
    other = page.admin_site.get_model_admin(type(row))
    action = other.admin_actions[name]
    if not action.when(row) or not other.may_act(request, action, row):
        return None
    return action_url(row, name), action.label


def _without_money(payment: Payment) -> Iterator[Obstacle]:
    invoice = payment.invoice
    other_ways = ((payment, "send_link"), (invoice, "create_link"), (invoice, "record_payment"))
    reason = "No money of it has arrived."
    if payment.status == Status.AUTHORIZED:
        reason = "The payer's bank has set the money aside. It is captured, or released, by itself."
    yield Obstacle("Refund, receipt, credit to invoices", reason, ((payment, "retry"), *other_ways))
    if not is_due(payment):
        yield Obstacle("Send link, try again", "Nothing is due on its invoice.")
    elif payment.status == Status.FAILED and (refusal := why_not_retryable(payment)) is not None:
        yield Obstacle("Try again now", refusal.message, other_ways)


def _with_money(payment: Payment) -> Iterator[Obstacle]:
    rest = ((payment.invoice, "create_link"), (payment.invoice, "record_payment")) if is_due(payment) else ()
    more = " For the rest of its invoice:" if rest else ""
    yield Obstacle("Send link", f"It brought its money.{more}", rest)
    if (refusal := why_not_refundable(payment)) is not None:
        yield Obstacle("Refund", refusal.message, ((payment, "record_refund"), (payment, "unallocate")))
    if payment.status == Status.REVERSED:
        yield Obstacle("Credit to invoices", "It was reversed: it counts nowhere.")
    elif payment.unallocated <= 0:
        yield Obstacle("Credit to invoices", "All of it is credited or given back.", ((payment, "unallocate"),))
    elif not invoices_for(payment).exists():
        ways = ((payment, "refund_excess"), (payment, "record_refund"))
        yield Obstacle("Credit to invoices", "The customer has no other invoice on which something is due.", ways)
    if payment.kind == Kind.GATEWAY:
        yield Obstacle("Reverse", "Razorpay has it: it can only be given back.", ((payment, "refund"),))
