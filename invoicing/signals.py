"""Signals that invoicing sends on commit: `invoices_issued` with `invoice_ids`, `invoice_voided` with `invoice_id`.

A lost signal does no harm: jobs find the rows later.
"""

from django.dispatch import Signal

invoices_issued = Signal()
invoice_voided = Signal()
