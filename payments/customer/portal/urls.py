"""Addresses of the portal, within the namespace "payments": the ways in, and each page as a customer and an onlooker
open it. Both have the page's name: which of them `reverse` gives depends on the id it is given."""

from __future__ import annotations

from django.urls import path

from payments.customer.portal import archive, asking, doors, invoices, money, overview, requests, usage

OF_A_LINK, OF_A_LOOK = "portal/<uuid:link_id>/", "portal/look/<uuid:customer_id>/"
PAGES = (
    ("", overview.overview, "portal"),
    ("invoices", invoices.invoices, "portal_invoices"),
    ("invoices/<uuid:invoice_id>", invoices.invoice, "portal_invoice"),
    ("invoices/<uuid:invoice_id>/pdf", invoices.invoice_pdf, "portal_invoice_pdf"),
    ("invoices/<uuid:invoice_id>/pay", invoices.pay, "portal_pay"),
    ("invoices/<uuid:invoice_id>/question", asking.question, "portal_question"),
    ("credit-notes/<uuid:note_id>/pdf", invoices.credit_note_pdf, "portal_credit_note"),
    ("documents.zip", archive.archive, "portal_archive"),
    ("payments", money.payments, "portal_payments"),
    ("payments/<uuid:payment_id>/receipt", money.receipt, "portal_receipt"),
    ("statement", money.account, "portal_statement"),
    ("usage", usage.usage, "portal_usage"),
    ("requests", requests.requests, "portal_requests"),
    ("requests/details", asking.details, "portal_details"),
    ("requests/certificate", asking.certificate, "portal_certificate"),
)

urlpatterns = [
    path("portal", doors.ask, name="portal_ask"),
    path("portal/open/<slug:token>", doors.open_link, name="portal_open"),
    path(f"{OF_A_LOOK}open", doors.look, name="portal_look"),
    *(path(f"{start}{page}", view, name=name) for start in (OF_A_LINK, OF_A_LOOK) for page, view, name in PAGES),
]
