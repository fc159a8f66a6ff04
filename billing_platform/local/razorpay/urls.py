"""Every address of the sandbox."""

from __future__ import annotations

from django.urls import path

from billing_platform.local.razorpay import pages
from billing_platform.local.razorpay.api import (
    customers,
    disputes,
    documents,
    orders,
    payment_links,
    refunds,
    registration_links,
    settlements,
)
from billing_platform.local.razorpay.api import payments as payments_api
from billing_platform.local.razorpay.control import pages as control_pages
from billing_platform.local.razorpay.control.routes import ROUTES

handler404 = "billing_platform.local.razorpay.api.endpoint.not_found"
handler500 = "billing_platform.local.razorpay.api.endpoint.crashed"

PAYMENT = "v1/payments/<str:payment_id>"
CUSTOMER = "v1/customers/<str:customer_id>"
DISPUTE = "v1/disputes/<str:dispute_id>"
INVOICE = "v1/invoices/<str:invoice_id>"
LINK = "v1/payment_links/<str:link_id>"

urlpatterns = [
    path("", pages.home),
    *control_pages.ROUTES,
    path("v1/checkout.js", pages.checkout_script),
    path("checkout/<str:order_id>", pages.checkout),
    path("l/<str:short_code>", pages.payment_link),
    path("i/<str:short_code>", pages.registration_link),
    path("v1/orders", orders.order_list),
    path("v1/orders/<str:order_id>", orders.order_detail),
    path("v1/orders/<str:order_id>/payments", orders.order_payments),
    path("v1/payments", payments_api.payment_list),
    path("v1/payments/create/recurring", payments_api.payment_recurring),
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
    path("v1/customers", customers.customer_list),
    path(CUSTOMER, customers.customer_detail),
    path(f"{CUSTOMER}/tokens", customers.token_list),
    path(f"{CUSTOMER}/tokens/<str:token_id>", customers.token_detail),
    path(f"{CUSTOMER}/tokens/<str:token_id>/cancel", customers.token_cancel),
    path("v1/subscription_registration/auth_links", registration_links.registration_link_create),
    path("v1/invoices", registration_links.invoice_list),
    path(INVOICE, registration_links.invoice_detail),
    path(f"{INVOICE}/cancel", registration_links.invoice_cancel),
    path(f"{INVOICE}/notify_by/<str:medium>", registration_links.invoice_notify),
    path("v1/settlements", settlements.settlement_list),
    path("v1/settlements/recon/combined", settlements.settlement_recon),
    path("v1/settlements/<str:settlement_id>", settlements.settlement_detail),
    path("v1/disputes", disputes.dispute_list),
    path(DISPUTE, disputes.dispute_detail),
    path(f"{DISPUTE}/accept", disputes.dispute_accept),
    path(f"{DISPUTE}/contest", disputes.dispute_contest),
    path("v1/documents", documents.document_create),
    path("v1/documents/<str:document_id>", documents.document_detail),
    *[path(f"_sim/{route}", view) for route, view in ROUTES],
]
