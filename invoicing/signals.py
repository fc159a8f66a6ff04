"""Signals that invoicing sends on commit, with `invoice_id`. A lost signal does no harm: jobs find the rows later."""

from django.dispatch import Signal

invoice_issued = Signal()
invoice_voided = Signal()
