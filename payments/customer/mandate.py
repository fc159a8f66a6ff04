"""The page on which a customer sets up automatic payment, opened from the pay page.

The customer says how and up to which amount; the agreement itself is made on Razorpay's page, whose link is shown here
and mailed to the billing contact.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_http_methods

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice
from payments.customer.tokens import opened
from payments.customer.views import protected
from payments.models import Mandate
from payments.services.mandates import registering
from payments.services.mandates.choosing import may_ask_for_mandate, waiting_mandate

PAYER = "the payer"


class MandateRequestForm(forms.Form):
    method = forms.ChoiceField(
        label="How",
        choices=Mandate.Method.choices,
        help_text="You name the account or card on Razorpay's page, never here.",
    )
    phone = forms.CharField(label="Phone, with the country code", max_length=20)
    max_amount = forms.DecimalField(
        label="At most, each time (₹)",
        max_digits=12,
        decimal_places=2,
        initial=15_000,
        help_text="UPI up to 99,999, card up to 15,000, bank account up to 10,00,000. RBI wants you to approve each UPI"
        " or card debit above 15,000.",
    )


@protected
@ensure_csrf_cookie
@require_http_methods(["GET", "HEAD", "POST"])
def mandate(request: HttpRequest, token: str) -> HttpResponse:
    invoice = opened(token)
    if not may_ask_for_mandate(invoice):
        raise Http404
    form, problem = MandateRequestForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid() and waiting_mandate(invoice.organisation) is None:
        problem = _ask(invoice, form)
    context = {
        "invoice": invoice,
        "token": token,
        "seller": invoice.billing_entity,
        "form": form,
        "waiting": waiting_mandate(invoice.organisation),
        "problem": problem,
    }
    return render(request, "payments/mandate.html", context, status=409 if problem else 200)


def _ask(invoice: Invoice, form: MandateRequestForm) -> str:
    """Why it was not asked for, as a sentence; "" if it was. The link is made at once, or by a worker soon."""
    answers: dict[str, Any] = form.cleaned_data
    try:
        made = registering.request_mandate(
            organisation=invoice.organisation, seller=invoice.billing_entity, asked_by=PAYER, **answers
        )
    except DomainError as error:
        for name, sentences in error.details.items():
            if name in form.fields:
                form.add_error(name, sentences)
        return "" if form.errors else error.message
    registering.process_mandate(mandate_id=made.pk)
    return ""
