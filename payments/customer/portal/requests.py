"""The portal's list of requests: what the customer asked for, and what became of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from invoicing.models import InvoiceQuestion
from organisations.models import DetailsRequest
from payments.customer.portal.access import Portal, portal_page
from payments.customer.portal.asking import may_withhold
from payments.customer.portal.request_rows import certificate_row, details_row, question_row
from payments.models import SentCertificate

MOST = 25
"""Of each kind, the newest ones."""


@portal_page()
def requests(request: HttpRequest, portal: Portal) -> HttpResponse:
    questions = InvoiceQuestion.objects.for_organisations(portal.actor).select_related("invoice", "line")
    changes = DetailsRequest.objects.for_organisations(portal.actor)
    certificates = SentCertificate.objects.for_organisations(portal.actor).defer("content")
    context = {
        "questions": [question_row(portal, each) for each in questions.prefetch_related("messages")[:MOST]],
        "changes": [details_row(portal, each) for each in changes[:MOST]],
        "certificates": [certificate_row(portal, each) for each in certificates[:MOST]],
        "details_url": portal.address("portal_details"),
        "certificate_url": portal.address("portal_certificate") if may_withhold(portal) else "",
        "invoices_url": portal.address("portal_invoices"),
    }
    return portal.page(request, "portal/requests.html", context, at="portal_requests")
