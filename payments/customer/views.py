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
from uuid import UUID
from zoneinfo import ZoneInfo

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
from billing_platform.lib.http.downloads import PDF, file_response
from invoicing.models import Invoice
from invoicing.selectors.pay_page_links import PayPageAccess
from invoicing.services import stored_pdfs
from payments.customer.pay_page import pay_page, receipts_of
from payments.customer.tokens import known, opened
from payments.customer.upi_code import svg_code
from payments.models import Payment, PaymentOrder
from payments.services import checkout, collection, customer_links, receipts
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
    access = known(token)
    problem = ""
    if "razorpay_payment_link_id" in request.GET:
        problem = _link_came_back(access.invoice, request)
        access.invoice.refresh_from_db()
    return _page(request, access, problem=problem)


@protected
@require_POST
def order(request: HttpRequest, token: str) -> HttpResponse:
    """What checkout is opened with; the order is made now if there is none."""
    invoice = opened(token)
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
        payment = _verify(known(token).invoice, request)  # it began while the link was open
    except DomainError as error:
        return domain_error_response(error)
    return JsonResponse({"status": payment.status, "is_paid": payment.paid_at is not None})


@protected
@csrf_exempt  # posted from the checkout's page; Razorpay's signature is checked instead
@require_POST
def returned(request: HttpRequest, token: str) -> HttpResponse:
    """Checkout's answer as a form: some banks replace our page by theirs, so checkout can't call the page's script."""
    access = known(token)
    if "razorpay_payment_id" not in request.POST:
        problem = "The payment did not go through. Nothing was taken; you can try again."
        return _page(request, access, problem=problem)
    try:
        _verify(access.invoice, request)
    except DomainError as error:
        about = {"invoice": str(access.invoice.pk), "reason": error.message}
        logger.warning("checkout result not accepted", extra=about)
        return _page(request, access, problem=NOT_CONFIRMED, status=error.status)
    return HttpResponseRedirect(reverse("payments:pay", kwargs={"token": token}))


@protected
@require_GET
def invoice_pdf(request: HttpRequest, token: str) -> FileResponse:
    invoice = opened(token)
    if not pay_page(invoice).has_pdf:
        raise Http404
    filename, content = stored_pdfs.read_pdf(invoice)  # made again, should the storage have lost it
    return FileResponse(BytesIO(content), filename=filename, content_type="application/pdf")


@protected
@require_GET
def receipt(request: HttpRequest, token: str, payment_id: UUID) -> HttpResponse:
    """Of a payment that is credited to the link's invoice, or was made for it."""
    invoice = opened(token)
    payment = receipts_of(invoice).filter(pk=payment_id).first()
    if payment is None:
        raise Http404
    return file_response(*receipts.receipt_pdf(payment, seen_from=invoice), PDF, shown=True)


@protected
@require_GET
def upi_code(request: HttpRequest, token: str) -> HttpResponse:
    """The QR code for UPI apps, with the amount due and the invoice's number."""
    content = pay_page(opened(token)).upi_url
    if not content:
        raise Http404
    return HttpResponse(svg_code(content), content_type="image/svg+xml")


@protected
@require_POST
def new_link(request: HttpRequest, token: str) -> HttpResponse:
    """The customer's link has ended: mail a new one to the billing address."""
    access = known(token)
    if access.is_open:
        return HttpResponseRedirect(reverse("payments:pay", kwargs={"token": token}))
    try:
        customer_links.mail_new_link(invoice_id=access.invoice.pk)
    except DomainError as error:
        return _ended(request, access, problem=error.message, status=error.status)
    return _ended(request, access, sent="A new link is on its way to the address that invoices are sent to.")


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


def _page(request: HttpRequest, access: PayPageAccess, *, problem: str = "", status: int = 200) -> HttpResponse:
    if not access.is_open:
        return _ended(request, access, problem=problem)
    context = {
        "page": pay_page(access.invoice),
        "token": access.token,
        "problem": problem,
        "checkout_url": settings.RAZORPAY_CHECKOUT_URL,
    }
    return render(request, "payments/pay.html", context, status=status)


def _ended(
    request: HttpRequest, access: PayPageAccess, *, problem: str = "", sent: str = "", status: int = 410
) -> HttpResponse:
    """Says nothing about the invoice but who has issued it: the link may be in other hands."""
    seller = access.invoice.billing_entity
    context = {
        "seller": seller.legal_name,
        "seller_email": seller.email,
        "is_revoked": access.revoked_at is not None,
        "ended": access.expires_at.astimezone(ZoneInfo(seller.time_zone)).date(),
        "token": access.token,
        "problem": problem,
        "sent": sent,
    }
    return render(request, "payments/link_ended.html", context, status=200 if sent else status)
