"""The control page: what people at the dashboard, payers' banks and a bad network may do, as buttons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path

from billing_platform.local.razorpay import clock, currencies, delivery, failures
from billing_platform.local.razorpay.control.acts import act
from billing_platform.local.razorpay.control.endpoint import is_local, is_ours
from billing_platform.local.razorpay.errors import RazorpayError, url_not_found
from billing_platform.local.razorpay.lookup import DISPUTES, PAYMENTS, REFUNDS
from billing_platform.local.razorpay.mandate_rules import IST
from billing_platform.local.razorpay.models import (
    BalanceEntry,
    Delivery,
    Fault,
    Order,
    Refund,
    RegistrationLink,
    Settlement,
    State,
    Token,
)
from billing_platform.local.razorpay.services import balance, downtimes

SHOWN = 30
PAGES = {
    "payments": "Payments",
    "mandates": "Mandates",
    "webhooks": "Webhooks",
    "balance": "Settlements and disputes",
    "faults": "Faults and switches",
}
OPERATIONS = (
    ("POST /v1/orders", "create an order"),
    ("GET /v1/orders*", "read orders"),
    ("POST /v1/payment_links", "create a payment link"),
    ("POST /v1/payment_links/*/cancel", "cancel a payment link"),
    ("POST /v1/payments/*/capture", "capture a payment"),
    ("POST /v1/payments/*/refund", "refund a payment"),
    ("POST /v1/payments/create/recurring", "debit a mandate"),
    ("GET /v1/payments*", "read payments"),
    ("POST /v1/customers", "create a customer"),
    ("POST /v1/subscription_registration/auth_links", "create a registration link"),
    ("GET /v1/settlements*", "read settlements"),
    ("* /v1/*", "anything"),
)
View = Callable[..., HttpResponse]


def desk(view: View) -> View:
    """For people at this machine; a page of another site may link here, but not press a button."""

    @wraps(view)
    def wrapper(request: HttpRequest, **parts: str) -> HttpResponse:
        allowed = is_local(request) if request.method == "GET" else is_ours(request)
        if not allowed:
            return HttpResponse(str(url_not_found()), status=400, content_type="text/plain")
        return view(request, **parts)

    return wrapper


@desk
def press(request: HttpRequest) -> HttpResponse:
    """A button: act, then show the page it was on."""
    form = request.POST.dict()
    page = form.get("page", "payments")
    try:
        said = {"done": act(form.get("verb", ""), form)}
    except RazorpayError as refusal:
        said = {"problem": str(refusal)}
    except KeyError as missing:
        said = {"problem": f"The form lacks {missing}."}
    return HttpResponseRedirect(f"/control/{page if page in PAGES else 'payments'}?{urlencode(said)}")


def _page(name: str, context: Callable[[HttpRequest], dict[str, Any]]) -> View:
    @desk
    def view(request: HttpRequest) -> HttpResponse:
        state = State.load()
        now = datetime.fromtimestamp(clock.now(), IST)
        common = {
            "page": name,
            "pages": PAGES,
            "title": PAGES[name],
            "now": now,
            "days_ahead": round(state.clock_offset / clock.DAY, 1),
            "state": state,
            "done": request.GET.get("done", ""),
            "problem": request.GET.get("problem", ""),
        }
        return render(request, f"razorpay_sandbox/control/{name}.html", common | context(request))

    return view


def _time(moment: int | None) -> datetime | None:
    return datetime.fromtimestamp(moment, IST) if moment else None


def _payments(request: HttpRequest) -> dict[str, Any]:
    wanted = request.GET.get("q", "").strip()
    rows = PAYMENTS.all()
    orders = Order.objects.exclude(status=Order.Status.PAID)
    if wanted:
        rows = rows.filter(Q(public_id=wanted) | Q(order__public_id=wanted) | Q(order__receipt__icontains=wanted))
        orders = orders.filter(Q(public_id=wanted) | Q(receipt__icontains=wanted))
    return {
        "wanted": wanted,
        "payments": [
            {
                "row": row,
                "amount": currencies.display_amount(row.amount, row.currency),
                "refunded": currencies.display_amount(row.amount_refunded, row.currency) if row.amount_refunded else "",
                "at": _time(row.created_at),
                "debit_at": _time(row.debit_at),
            }
            for row in rows.order_by("-pk")[:SHOWN]
        ],
        "orders": [
            {"row": row, "amount": currencies.display_amount(row.amount_due, row.currency), "at": _time(row.created_at)}
            for row in orders.order_by("-pk")[:10]
        ],
        "refunds": [
            {"row": row, "amount": currencies.display_amount(row.amount, row.currency), "at": _time(row.created_at)}
            for row in REFUNDS.filter(status=Refund.Status.PENDING).order_by("-pk")[:SHOWN]
        ],
        "payer_reasons": failures.PAYER_REASONS,
        "debit_reasons": failures.DEBIT_REASONS,
    }


def _mandates(request: HttpRequest) -> dict[str, Any]:
    tokens = Token.objects.filter(deleted_at=None).select_related("customer").order_by("-pk")[:SHOWN]
    links = RegistrationLink.objects.select_related("customer", "order").order_by("-pk")[:SHOWN]
    return {
        "tokens": [
            {
                "row": row,
                "most": currencies.display_amount(row.max_amount, "INR"),
                "frequency": row.frequency.replace("_", " "),
                "until": _time(row.expires_at),
            }
            for row in tokens
        ],
        "links": [{"row": row, "at": _time(row.created_at)} for row in links],
    }


def _webhooks(request: HttpRequest) -> dict[str, Any]:
    rows = Delivery.objects.select_related("event").order_by("-pk")[:SHOWN]
    return {
        "deliveries": [
            {"row": row, "due": _time(row.due_at), "last": row.attempts[-1] if row.attempts else None} for row in rows
        ],
        "waiting": Delivery.objects.filter(status=Delivery.Status.PENDING).count(),
        "release_orders": delivery.RELEASE_ORDERS,
        "downtime_methods": downtimes.METHODS,
    }


def _balance(request: HttpRequest) -> dict[str, Any]:
    waiting = BalanceEntry.objects.filter(settlement=None)
    return {
        "waiting": currencies.display_amount(abs(balance.net_of(waiting)), "INR"),
        "owes": balance.net_of(waiting) < 0,
        "waiting_count": waiting.count(),
        "settlements": [
            {
                "row": row,
                "amount": currencies.display_amount(row.amount, "INR"),
                "at": _time(row.created_at),
                "count": row.entries.count(),
            }
            for row in Settlement.objects.order_by("-created_at", "-pk")[:SHOWN]
        ],
        "disputes": [
            {
                "row": row,
                "amount": currencies.display_amount(row.amount, row.payment.currency),
                "until": _time(row.respond_by),
            }
            for row in DISPUTES.order_by("-pk")[:SHOWN]
        ],
    }


def _faults(request: HttpRequest) -> dict[str, Any]:
    return {
        "faults": Fault.objects.all(),
        "kinds": Fault.Kind.values,
        "operations": OPERATIONS,
        "debit_reasons": failures.DEBIT_REASONS,
        "outcomes": {
            "refund_outcome": State.RefundOutcome.values,
            "mandate_outcome": State.MandateOutcome.values,
            "recurring_outcome": State.RecurringOutcome.values,
            "notification_outcome": State.NotificationOutcome.values,
        },
    }


CONTEXTS: dict[str, Callable[[HttpRequest], dict[str, Any]]] = {
    "payments": _payments,
    "mandates": _mandates,
    "webhooks": _webhooks,
    "balance": _balance,
    "faults": _faults,
}
ROUTES = [
    path("control/press", press),
    *(path(f"control/{name}", _page(name, context)) for name, context in CONTEXTS.items()),
]
