"""Addresses of the portal, within the namespace "payments". A page of a link begins with PAGES."""

from __future__ import annotations

from django.urls import path

from payments.customer.portal import archive, asking, doors, invoices, money, overview, requests, usage

PAGES = "portal/<uuid:link_id>/"

urlpatterns = [
    path("portal", doors.ask, name="portal_ask"),
    path("portal/open/<slug:token>", doors.open_link, name="portal_open"),
    path(PAGES, overview.overview, name="portal"),
    path(f"{PAGES}invoices", invoices.invoices, name="portal_invoices"),
    path(f"{PAGES}invoices/<uuid:invoice_id>", invoices.invoice, name="portal_invoice"),
    path(f"{PAGES}invoices/<uuid:invoice_id>/pdf", invoices.invoice_pdf, name="portal_invoice_pdf"),
    path(f"{PAGES}invoices/<uuid:invoice_id>/pay", invoices.pay, name="portal_pay"),
    path(f"{PAGES}invoices/<uuid:invoice_id>/question", asking.question, name="portal_question"),
    path(f"{PAGES}credit-notes/<uuid:note_id>/pdf", invoices.credit_note_pdf, name="portal_credit_note"),
    path(f"{PAGES}documents.zip", archive.archive, name="portal_archive"),
    path(f"{PAGES}payments", money.payments, name="portal_payments"),
    path(f"{PAGES}payments/<uuid:payment_id>/receipt", money.receipt, name="portal_receipt"),
    path(f"{PAGES}statement", money.account, name="portal_statement"),
    path(f"{PAGES}usage", usage.usage, name="portal_usage"),
    path(f"{PAGES}requests", requests.requests, name="portal_requests"),
    path(f"{PAGES}requests/details", asking.details, name="portal_details"),
    path(f"{PAGES}requests/certificate", asking.certificate, name="portal_certificate"),
]
