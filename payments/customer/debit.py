"""The page behind the link of a debit's notice: what will be debited, and the buttons that stop it or end the mandate.

The link holds the charge's random token. Whoever has it sees this one debit, may say no to it, and may end the mandate.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.law import INDIAN_TIME, RUPEES
from billing_platform.lib.number_formats import format_money
from invoicing.selectors.documents import pay_page_url
from payments.customer.views import protected
from payments.models import MandateCharge
from payments.services.mandates.cancelling import cancel_charge
from payments.services.mandates.registering import cancel_mandate

OPTED_OUT = "The payer said no to this debit."
END = "mandate"
Status = MandateCharge.Status
SENTENCES = {
    Status.ANNOUNCED: "This amount will be debited. You need to do nothing.",
    Status.ASKED: "Your bank was asked for this debit, and has not answered yet. It can't be stopped any more.",
    Status.CAPTURED: "This amount was debited. Thank you.",
    Status.FAILED: "This debit did not go through. Please pay the invoice in another way.",
    Status.CANCELLED: "This debit is not made. The invoice is still to be paid, unless it is paid already.",
}


@protected
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
def debit(request: HttpRequest, token: str) -> HttpResponse:
    charges = MandateCharge.objects.exclude(status=Status.REFUSED).select_related("invoice__billing_entity", "mandate")
    charge = charges.filter(public_token=token).first()
    if charge is None:
        raise Http404
    problem = ""
    if request.method == "POST":
        try:
            if request.POST.get("what") == END:
                charge.mandate = cancel_mandate(mandate_id=charge.mandate_id)
            else:
                charge.status = cancel_charge(charge_id=charge.pk, reason=OPTED_OUT).status
        except DomainError as error:
            problem = error.message
            charge.refresh_from_db(fields=["status", "mandate"])
    context = {
        "charge": charge,
        "seller": charge.invoice.billing_entity,
        "amount": format_money(charge.amount, RUPEES),
        "when": time_text(charge.charge_after, INDIAN_TIME) if charge.charge_after else "",
        "sentence": SENTENCES[Status(charge.status)],
        "problem": problem,
        "may_end": charge.mandate.may_be_cancelled,
        "end": END,
        "pay_url": pay_page_url(charge.invoice),
    }
    return render(request, "payments/debit.html", context, status=409 if problem else 200)
