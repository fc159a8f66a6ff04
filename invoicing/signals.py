"""What invoicing tells on commit, with `invoice_id`. Losing a signal loses nothing: the truth is in the rows."""

from django.dispatch import Signal

invoice_issued = Signal()
invoice_voided = Signal()
