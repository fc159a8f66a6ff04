"""The pay page: what a customer opens from the invoice's e-mail, without an account.

The link's token opens this page and nothing else (`tokens`). The page's own script asks for an order, and hands back
what Razorpay's checkout says. A payment is believed only after we have asked Razorpay about it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_POST

from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.http.api import domain_error_response
from invoicing.models import Invoice
from invoicing.services import stored_pdfs
from payments.customer.pay_page import pay_page
from payments.customer.tokens import invoice_of
from payments.models import Payment, PaymentOrder
from payments.services import checkout, collection
from payments.services.gateway_accounts import gateway_of

logger = logging.getLogger(__name__)

RESULT = ("razorpay_order_id", "razorpay_payment_id", "razorpay_signature")
NOT_CONFIRMED = "We could not confirm your payment yet. If you have paid, this page will say so within minutes."
View = Callable[..., HttpResponseBase]


def content_security_policy() -> str:
    """Own files and the checkout's. Razorpay's script loads parts from its other hosts and styles its frame inline."""
    parts = urlsplit(settings.RAZORPAY_CHECKOUT_URL)
    origin = f"{parts.scheme}://{parts.netloc}"
    is_razorpay = (parts.hostname or "").endswith(".razorpay.com")
    theirs = "https://*.razorpay.com" if is_razorpay else origin
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' {theirs}",
            "style-src 'self' 'unsafe-inline'" if is_razorpay else "style-src 'self'",
            f"img-src 'self' data: {theirs}",
            f"connect-src 'self' {theirs}",
            f"frame-src {theirs}",
            "font-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ]
    )


def protected(view: View) -> View:
    """Never cached, framed or indexed, and only its own scripts and the checkout's."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Content-Security-Policy"] = content_security_policy()
        response["X-Robots-Tag"] = "noindex"
        return response

    return never_cache(wrapper)


@protected
@require_GET
@ensure_csrf_cookie
def pay(request: HttpRequest, token: str) -> HttpResponse:
    invoice = _invoice(token)
    problem = ""
    if "razorpay_payment_link_id" in request.GET:
        problem = _link_came_back(invoice, request)
        invoice.refresh_from_db()
    return _page(request, invoice, problem=problem)


@protected
@require_POST
def order(request: HttpRequest, token: str) -> HttpResponse:
    """What checkout is opened with; the order is made now if there is none."""
    invoice = _invoice(token)
    try:
        found = collection.ensure_order(invoice_id=invoice.pk)
    except DomainError as error:
        return domain_error_response(error)
    page = pay_page(invoice)
    return JsonResponse(
        {
            "key": gateway_of(found).key_id,
            "order_id": found.razorpay_order_id,
            "amount": found.amount_minor,
            "currency": found.currency,
            "name": page.seller,
            "description": f"Invoice {page.number}",
            "prefill": {"name": page.customer, "email": invoice.organisation.billing_email},
            "callback_url": settings.SITE_URL + reverse("payments:pay_return", kwargs={"token": token}),
        }
    )


@protected
@require_POST
def verify(request: HttpRequest, token: str) -> HttpResponse:
    """Checkout's answer, brought by the page's script."""
    try:
        payment = _verify(_invoice(token), request)
    except DomainError as error:
        return domain_error_response(error)
    return JsonResponse({"status": payment.status, "is_paid": payment.paid_at is not None})


@protected
@csrf_exempt  # posted from the checkout's page; Razorpay's signature is checked instead
@require_POST
def returned(request: HttpRequest, token: str) -> HttpResponse:
    """Checkout's answer as a form: some banks replace our page by theirs, so checkout can't call the page's script."""
    invoice = _invoice(token)
    if "razorpay_payment_id" not in request.POST:
        problem = "The payment did not go through. Nothing was taken; you can try again."
        return _page(request, invoice, problem=problem)
    try:
        _verify(invoice, request)
    except DomainError as error:
        logger.warning("checkout result not accepted", extra={"invoice": str(invoice.pk), "reason": error.message})
        return _page(request, invoice, problem=NOT_CONFIRMED, status=error.status)
    return HttpResponseRedirect(reverse("payments:pay", kwargs={"token": token}))


@protected
@require_GET
def invoice_pdf(request: HttpRequest, token: str) -> FileResponse:
    invoice = _invoice(token)
    if not pay_page(invoice).has_pdf:
        raise Http404
    filename, content = stored_pdfs.read_pdf(invoice)  # made again, should the storage have lost it
    return FileResponse(BytesIO(content), filename=filename, content_type="application/pdf")


def _invoice(token: str) -> Invoice:
    invoice = invoice_of(token)
    if invoice is None:
        raise Http404
    return invoice


def _verify(invoice: Invoice, request: HttpRequest) -> Payment:
    """Only for an order of this invoice: the token of one invoice says nothing about another."""
    claims = {name: request.POST.get(name, "")[:200] for name in RESULT}
    if any("\x00" in value for value in claims.values()):  # PostgreSQL can't be asked for it
        raise InvalidInput("The answer of the checkout is damaged.")
    if not PaymentOrder.objects.filter(invoice=invoice, razorpay_order_id=claims["razorpay_order_id"]).exists():
        raise NotFound("This payment does not belong to the invoice.")
    return checkout.verify_checkout(**claims)


def _link_came_back(invoice: Invoice, request: HttpRequest) -> str:
    """A payer returns from a payment link: record the payment now instead of waiting for Razorpay's message."""
    link_id = request.GET["razorpay_payment_link_id"][:40]
    link = None
    if "\x00" not in link_id:  # PostgreSQL can't be asked for it
        link = PaymentOrder.objects.filter(invoice=invoice, razorpay_link_id=link_id).first()
    if link is None:
        return ""
    try:
        checkout.verify_link(
            order_id=link.pk,
            status=request.GET.get("razorpay_payment_link_status", "")[:20],
            razorpay_payment_id=request.GET.get("razorpay_payment_id", "")[:40],
            razorpay_signature=request.GET.get("razorpay_signature", "")[:200],
        )
    except DomainError as error:
        logger.warning("payment link not confirmed", extra={"invoice": str(invoice.pk), "reason": error.message})
        return NOT_CONFIRMED
    return ""


def _page(request: HttpRequest, invoice: Invoice, *, problem: str = "", status: int = 200) -> HttpResponse:
    context = {
        "page": pay_page(invoice),
        "token": invoice.public_token,
        "problem": problem,
        "checkout_url": settings.RAZORPAY_CHECKOUT_URL,
    }
    return render(request, "payments/pay.html", context, status=status)
