"""What may be done to many payments of the list at once."""

from __future__ import annotations

from billing_platform.lib.admin.base import Extension, extends
from organisations.admin.bulk import ReasonedForm, bulk_action
from payments import bulk_verbs
from payments.models import Payment


@extends(Payment)
class BulkOfPayments(Extension):
    refund_many = bulk_action(bulk_verbs.REFUND, ReasonedForm)
    retry_many = bulk_action(bulk_verbs.RETRY)
