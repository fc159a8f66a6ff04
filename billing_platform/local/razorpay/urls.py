"""Every address of the sandbox."""

from __future__ import annotations

from django.urls import path

from billing_platform.local.razorpay import control, pages
from billing_platform.local.razorpay.api import orders, payment_links, refunds
from billing_platform.local.razorpay.api import payments as payments_api

handler404 = "billing_platform.local.razorpay.api.endpoint.not_found"
handler500 = "billing_platform.local.razorpay.api.endpoint.crashed"

PAYMENT = "v1/payments/<str:payment_id>"
LINK = "v1/payment_links/<str:link_id>"

urlpatterns = [
    path("", pages.home),
    path("v1/checkout.js", pages.checkout_script),
    path("checkout/<str:order_id>", pages.checkout),
    path("l/<str:short_code>", pages.payment_link),
    path("v1/orders", orders.order_list),
    path("v1/orders/<str:order_id>", orders.order_detail),
    path("v1/orders/<str:order_id>/payments", orders.order_payments),
    path("v1/payments", payments_api.payment_list),
    path(PAYMENT, payments_api.payment_detail),
    path(f"{PAYMENT}/capture", payments_api.payment_capture),
    path(f"{PAYMENT}/card", payments_api.payment_card),
    path(f"{PAYMENT}/refund", refunds.payment_refund),
    path(f"{PAYMENT}/refunds", refunds.payment_refund_list),
    path(f"{PAYMENT}/refunds/<str:refund_id>", refunds.payment_refund_detail),
    path("v1/refunds", refunds.refund_list),
    path("v1/refunds/<str:refund_id>", refunds.refund_detail),
    path("v1/payment_links", payment_links.payment_link_list),
    path(LINK, payment_links.payment_link_detail),
    path(f"{LINK}/cancel", payment_links.payment_link_cancel),
    path(f"{LINK}/notify_by/<str:medium>", payment_links.payment_link_notify),
    *[path(f"_sim/{route}", view) for route, view in control.ROUTES],
]
