"""Routes of payments: the API, Razorpay's webhook and the pay page."""

from __future__ import annotations

from django.urls import path

from billing_platform.lib.http.described import described_by
from payments.api import refunds, retries, sent_certificates, test_clocks, views, webhook
from payments.customer import debit, hosted, mandate
from payments.customer import views as pages
from payments.customer.portal import urls as portal

admin_urlpatterns = [
    path("organisations/<uuid:organisation_id>/payments", views.PaymentList.as_view()),
    path("payments/offline", views.OfflinePaymentCreate.as_view()),
    path("payments/<uuid:payment_id>", views.PaymentDetail.as_view()),
    path("payments/<uuid:payment_id>/refunds", refunds.PaymentRefundList.as_view()),
    path("refunds/<uuid:refund_id>", refunds.RefundDetail.as_view()),
    path("organisations/<uuid:organisation_id>/sent-certificates", sent_certificates.SentCertificateList.as_view()),
    path("sent-certificates/<uuid:certificate_id>/pdf", sent_certificates.SentCertificatePdf.as_view()),
    path("sent-certificates/<uuid:certificate_id>/accept", sent_certificates.AcceptCertificate.as_view()),
    path("sent-certificates/<uuid:certificate_id>/reject", sent_certificates.RejectCertificate.as_view()),
    path("payments/<uuid:payment_id>/retry", retries.Retry.as_view()),
    path("payments/<uuid:payment_id>/retry-status", retries.RetryStatus.as_view()),
    path("payments/<uuid:payment_id>/retry-config", retries.RetryConfig.as_view()),
    path("organisations/<uuid:organisation_id>/test-clock", test_clocks.TestClockDetail.as_view()),
    path("organisations/<uuid:organisation_id>/test-clock/advance", test_clocks.TestClockAdvance.as_view()),
    path("organisations/<uuid:organisation_id>/test-clock/try-again", test_clocks.TestClockTryAgain.as_view()),
    path("payments/<uuid:payment_id>/allocate", views.PaymentAllocate.as_view()),
    path("payments/<uuid:payment_id>/unallocate", views.PaymentUnallocate.as_view()),
]

# Included under /api/v1/ and at the root: Razorpay may be told either address of the webhook.
urlpatterns = [
    path("payments/orders", views.OrderCreate.as_view()),
    path("payments/links", views.LinkCreate.as_view()),
    path("payments/verify", views.Verify.as_view()),
    path("webhooks/razorpay", described_by(webhook.RazorpayWebhook, webhook.razorpay_webhook)),
    path(
        "webhooks/razorpay/<uuid:account_id>",
        described_by(webhook.RazorpayAccountWebhook, webhook.razorpay_account_webhook),
    ),
]

# Included at the root in the namespace "payments".
public_urlpatterns = [
    *portal.urlpatterns,
    path("pay/<slug:token>", pages.pay, name="pay"),
    path("pay/<slug:token>/order", pages.order, name="pay_order"),
    path("pay/<slug:token>/verify", pages.verify, name="pay_verify"),
    path("pay/<slug:token>/return", pages.returned, name="pay_return"),
    path("pay/<slug:token>/invoice.pdf", pages.invoice_pdf, name="pay_pdf"),
    path("pay/<slug:token>/new-link", pages.new_link, name="pay_new_link"),
    path("pay/<slug:token>/upi.svg", pages.upi_code, name="pay_upi"),
    path("pay/<slug:token>/receipts/<uuid:payment_id>", pages.receipt, name="receipt"),
    path("pay/<slug:token>/document", hosted.invoice_page, name="document"),
    path("pay/<slug:token>/mandate", mandate.mandate, name="mandate"),
    path("debits/<slug:token>", debit.debit, name="debit"),
    path("pay/<slug:token>/credit-notes/<uuid:note_id>", hosted.credit_note_page, name="credit_note"),
    path("pay/<slug:token>/credit-notes/<uuid:note_id>.pdf", hosted.credit_note_pdf, name="credit_note_pdf"),
]
