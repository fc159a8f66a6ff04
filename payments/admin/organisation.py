"""Adds to an organisation's page: its payments, and Razorpay's messages about the payments."""

from __future__ import annotations

from billing_platform.lib.admin.base import Extension, extends
from organisations.models import Organisation
from payments.models import InboundWebhook, Payment


@extends(Organisation)
class PaymentsOfOrganisation(Extension):
    related_lists = ((Payment, "organisation__id__exact"), (InboundWebhook, "organisation__id__exact"))
