"""Query parameters of payments."""

from __future__ import annotations

from django_filters import ChoiceFilter
from django_filters.rest_framework import FilterSet

from billing_platform.lib.http.parameters import IdFilter, ListFileParameters, TextFilter
from payments.models import Payment, Refund, SentCertificate


class PaymentParameters(ListFileParameters):
    status = ChoiceFilter(choices=Payment.Status.choices)
    kind = ChoiceFilter(choices=Payment.Kind.choices)
    method = TextFilter(label="As Razorpay calls it (upi, card, …), or bank_transfer, cheque, tds.")
    invoice = IdFilter("invoice_id")


class RefundParameters(FilterSet):
    status = ChoiceFilter(choices=Refund.Status.choices)
    kind = ChoiceFilter(choices=Refund.Kind.choices)


class SentCertificateParameters(FilterSet):
    status = ChoiceFilter(choices=SentCertificate.Status.choices)
