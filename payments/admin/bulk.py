"""What may be done to many payments of the list at once, and to the invoices that they are for."""

from __future__ import annotations

from billing_platform.lib.admin.base import Extension, extends
from invoicing.models import Invoice
from organisations.admin.bulk import ReasonedForm, bulk_action
from payments import bulk_verbs
from payments.models import Payment


@extends(Invoice)
class BulkOfInvoices(Extension):
    remind_many = bulk_action(bulk_verbs.REMIND)


@extends(Payment)
class BulkOfPayments(Extension):
    refund_many = bulk_action(bulk_verbs.REFUND, ReasonedForm)
    retry_many = bulk_action(bulk_verbs.RETRY)
