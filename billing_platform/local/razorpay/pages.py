"""What a payer sees: the checkout page, payment links, and the checkout.js drop-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_GET

from billing_platform.local.razorpay import currencies, failures, mandate_rules, signatures
from billing_platform.local.razorpay.control.payments import clean_outcome
from billing_platform.local.razorpay.entities import ERROR_KEYS, payment_json
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.fees import fee_and_tax
from billing_platform.local.razorpay.instruments import METHODS
from billing_platform.local.razorpay.lookup import get_order
from billing_platform.local.razorpay.models import Order, Payment, PaymentLink, RegistrationLink, State
from billing_platform.local.razorpay.services import payments
from billing_platform.local.razorpay.services.payment_links import callback_address, open_payment_link
from billing_platform.local.razorpay.validation import clean_major_amount

METHOD_NAMES = {
    "upi": "UPI",
    "card": "Card",
    "netbanking": "Net banking",
    "wallet": "Wallet",
    "emandate": "Bank account (e-mandate)",
}
FOLDER = "razorpay_sandbox"
View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Options:
    """What the merchant's page asked for; carried through the form as hidden fields."""

    callback_url: str = ""
    origin: str = ""  # of the page that holds our iframe; empty on a page of our own
    name: str = ""
    description: str = ""
    email: str = ""
    contact: str = ""

    @classmethod
    def read(cls, data: Mapping[str, str]) -> Options:
        key = data.get("key")
        if key and key != settings.RAZORPAY_KEY_ID:
            raise RazorpayError("The api key provided is invalid")
        return cls(
            callback_url=_web_address(data.get("callback_url", "")),
            origin=_origin(data.get("origin", "")),
            **{name: data.get(name, "") for name in ("name", "description", "email", "contact")},
        )

    def as_fields(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value}


def _web_address(url: str) -> str:
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc):
        raise RazorpayError("The callback_url must be an http or https address.")
    return url


def _origin(url: str) -> str:
    parts = urlsplit(_web_address(url))
    return f"{parts.scheme}://{parts.netloc}" if url else ""


def page(view: View) -> View:
    """A refusal becomes a page, not JSON."""

    @wraps(view)
    def wrapper(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            return view(request, **parts)
        except RazorpayError as error:
            context = {"title": "This cannot be paid", "message": str(error)}
            return render(request, f"{FOLDER}/message.html", context, status=400)

    return wrapper


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    return render(request, f"{FOLDER}/home.html", {"key_id": settings.RAZORPAY_KEY_ID})


@require_GET
def checkout_script(request: HttpRequest) -> HttpResponse:
    return render(request, f"{FOLDER}/checkout.js", content_type="text/javascript; charset=utf-8")


@page
def checkout(request: HttpRequest, order_id: str) -> HttpResponse:
    order = get_order(order_id)
    if request.method == "POST":
        return _pay(request, order)
    return _form(request, order, Options.read(request.GET.dict()))


@page
def payment_link(request: HttpRequest, short_code: str) -> HttpResponse:
    """The page behind a link's short_url: opening it creates the order."""
    link = open_payment_link(short_code=short_code)
    if link.order is None or not link.is_payable:
        raise RazorpayError(f"The payment link is {link.status}.")
    return _form(request, link.order, Options(description=link.description))


@page
def registration_link(request: HttpRequest, short_code: str) -> HttpResponse:
    """The page behind a registration link's short_url."""
    link = RegistrationLink.objects.select_related("order", "customer").filter(short_code=short_code).first()
    if link is None:
        raise RazorpayError("The id provided does not exist")
    if link.status != RegistrationLink.Status.ISSUED:
        raise RazorpayError(f"The registration link is {link.status}.")
    customer = link.customer
    options = Options(description=link.description or "", email=customer.email or "", contact=customer.contact or "")
    return _form(request, link.order, options)


def _pay(request: HttpRequest, order: Order) -> HttpResponse:
    data = request.POST.dict()
    options = Options.read(data)
    try:
        payment = payments.pay_order(
            order_id=order.public_id,
            outcome=clean_outcome(data.get("outcome")),
            method=data.get("method", ""),
            reason=data.get("reason") or failures.DECLINED,
            mandate_outcome=data.get("mandate_outcome", ""),
            amount=clean_major_amount(data.get("amount", ""), order.currency),
            email=options.email,
            contact=options.contact,
        )
    except RazorpayError as refusal:
        order.refresh_from_db()
        return _form(request, order, options, problem=str(refusal))
    order = get_order(order.public_id)
    if payment.status == Payment.Status.FAILED:
        return _form(request, order, options, failed=payment)
    return _success(request, order, payment, options)


def _form(
    request: HttpRequest,
    order: Order,
    options: Options,
    *,
    problem: str = "",
    failed: Payment | None = None,
) -> HttpResponse:
    if failed is not None:
        problem = failed.error["description"]
    context = _about(order, options) | {
        "methods": [(name, METHOD_NAMES[name]) for name in _methods(order)],
        "reasons": [(name, description) for name, (_code, description, _where) in failures.PAYER_REASONS.items()],
        "problem": problem,
        "will_be_late": bool(failed and failed.late_at),
        "late_after": State.load().late_after_seconds,
        "is_paid": order.status == Order.Status.PAID,
        "message": _failure_message(failed) if failed else None,
    }
    return render(request, f"{FOLDER}/checkout.html", context)


def _methods(order: Order) -> Sequence[str]:
    """What the payer may choose from; a mandate may name one."""
    if not order.asks_for_mandate:
        return METHODS
    wanted = order.options.get("method")
    return [wanted] if wanted else mandate_rules.METHODS


def _mandate(order: Order) -> dict[str, Any] | None:
    """The terms that a payer agrees to."""
    if not order.asks_for_mandate:
        return None
    terms = order.options["token"]
    return {
        "most": currencies.display_amount(terms["max_amount"], "INR"),
        "frequency": terms["frequency"].replace("_", " "),
        "until": datetime.fromtimestamp(terms["expire_at"], mandate_rules.IST),
    }


def _failure_message(payment: Payment) -> JSON:
    """The argument of `payment.failed` callbacks in Razorpay's checkout.js."""
    entity = payment_json(payment)
    error = {name: entity[f"error_{name}"] for name in ERROR_KEYS}
    error["metadata"] = {"payment_id": entity["id"], "order_id": entity["order_id"]}
    return {"type": "payment.failed", "payload": {"error": error}}


def _success(request: HttpRequest, order: Order, payment: Payment, options: Options) -> HttpResponse:
    link = order.link()
    if link is not None and link.callback_url and payment.captured:
        return HttpResponseRedirect(callback_address(link, payment))
    result = _signed_result(order, payment)
    context = _about(order, options) | {
        "payment": payment,
        "result": result if link is None else {},
        "message": {"type": "payment.success", "payload": result},
    }
    return render(request, f"{FOLDER}/success.html", context)


def _signed_result(order: Order, payment: Payment) -> dict[str, str]:
    signature = signatures.sign_checkout(order.public_id, payment.public_id, settings.RAZORPAY_KEY_SECRET)
    return {
        "razorpay_payment_id": payment.public_id,
        "razorpay_order_id": order.public_id,
        "razorpay_signature": signature,
    }


def _about(order: Order, options: Options) -> dict[str, Any]:
    link: PaymentLink | None = order.link()
    due = order.amount_due or order.amount
    on_top = fee_and_tax(due)[0] if State.load().fee_bearer_customer else 0
    return {
        "order": order,
        "mandate": _mandate(order),
        "options": options,
        "fields": options.as_fields(),
        "merchant": options.name or settings.SANDBOX_MERCHANT_NAME,
        "description": options.description or (link.description if link else ""),
        "amount": currencies.display_amount(due + on_top, order.currency),
        "fee_on_top": currencies.display_amount(on_top, order.currency) if on_top else "",
        "total": currencies.display_amount(order.amount, order.currency),
    }
