"""Signals that invoicing sends on commit: `invoices_issued` with `invoice_ids`, `invoice_voided` with `invoice_id`.

A lost signal does no harm: jobs find the rows later.

`invoice_credited` is sent within the transaction of a credit note, with the locked `invoice` whose `amount_credited` is
set and not stored yet: who credited payments to the invoice takes back, in the same transaction, what is now too much.
The sender holds the lock CUSTOMER_MONEY.

`question_closed` is sent within the transaction that closes a `question`, whose invoice is locked.
"""

from django.dispatch import Signal

invoices_issued = Signal()
invoice_voided = Signal()
invoice_credited = Signal()
question_closed = Signal()
