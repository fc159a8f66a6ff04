"""A payment that is short of the tax which the customer withheld (TDS): both are recorded at once."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError, InvalidInput
from payments.models import Payment
from payments.services.offline import lock_invoice, record_offline_payment
from payments.services.operator_input import check_amount
from payments.services.withheld_tax import unusual_tds, value_without_gst


@transaction.atomic
def record_short_payment(
    *,
    invoice_id: UUID,
    amount: Decimal,
    tds_amount: Decimal,
    method: str,
    reference: str,
    received_on: date,
    section_code: str = "",
    currency: str = "",
    accept_unusual_tds: bool = False,
    accept_overpayment: bool = False,
    send_receipt: bool = True,
) -> Payment:
    """Record money and, beside it, the tax that the customer withheld of it: two payments, of which the money's is
    returned. Both have the transfer's reference; the tax waits for its certificate.

    Example: an invoice of 100,000.00 and GST 18,000.00; the bank got 108,000.00, and 10,000.00 was withheld under code
    1027: the invoice is paid. Tax that is not the code's rate of the value without GST (CBDT Circular 23/2017) needs
    `accept_unusual_tds`. Raises what `record_offline_payment` raises, and DomainError UNUSUAL_TDS.
    """
    if method == "tds":
        raise InvalidInput.field("method", "Say how the money came; the tax withheld is beside it.")
    invoice = lock_invoice(invoice_id)
    check_amount(amount, invoice.currency)
    check_amount(tds_amount, invoice.currency, field="tds_amount")
    unusual = unusual_tds(invoice, amount, tds_amount, section_code, received_on)
    if unusual and not accept_unusual_tds:
        raise DomainError(unusual, code="UNUSUAL_TDS")
    same: dict[str, Any] = {
        "invoice_id": invoice_id,
        "reference": reference,
        "received_on": received_on,
        "currency": currency,
    }
    record_offline_payment(
        **same,
        amount=tds_amount,
        method="tds",
        section_code=section_code,
        taxable_value=value_without_gst(invoice, min(amount + tds_amount, invoice.amount_due)),
        has_certificate=False,
        send_receipt=False,
    )
    return record_offline_payment(
        **same, amount=amount, method=method, accept_overpayment=accept_overpayment, send_receipt=send_receipt
    )
