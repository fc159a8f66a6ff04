"""Tax that the customer withheld (TDS): its code, the value it was withheld of, its quarter and certificate."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.law import WithholdingCode, withholding_code
from billing_platform.lib.money import ZERO, round_money
from invoicing.models import Invoice
from payments.models import Payment, WithheldTax
from payments.withholding import quarter_start, why_unusual

State = WithheldTax.CertificateState


def note_withheld_tax(
    payment: Payment, *, section_code: str = "", taxable_value: Decimal | None = None, has_certificate: bool
) -> WithheldTax:
    """Store what belongs to a payment of kind TDS that was just made. With a certificate the payment's reference is its
    number, and its amount is the payment's. `received_on` of the payment is the day of the withholding."""
    day = payment.received_day
    certificate = {
        "certificate_state": State.RECEIVED,
        "certificate_number": payment.reference,
        "certificate_on": day,
        "certificate_amount": payment.amount,
    }
    row: WithheldTax = WithheldTax.objects.create(
        payment=payment,
        section_code=section_code,
        taxable_value=taxable_value or None,
        deducted_on=day,
        quarter_start=quarter_start(day),
        **(certificate if has_certificate else {}),
    )
    return row


def unusual_tds(invoice: Invoice, amount: Decimal, tds_amount: Decimal, section_code: str, day: date) -> str:
    """Why the tax withheld is not the code's rate of what is paid, without GST; "" where it is. Raises InvalidInput."""
    settled = min(amount + tds_amount, invoice.amount_due)
    return why_unusual(
        withheld=tds_amount,
        taxable=value_without_gst(invoice, settled),
        with_gst=settled,
        code=check_section_code(section_code, day),
        currency=invoice.currency,
    )


def value_without_gst(invoice: Invoice, amount: Decimal) -> Decimal:
    """The part of an amount of an invoice that is no GST: of 59,000.00 of an invoice of 118,000.00 with GST of
    18,000.00 it is 50,000.00."""
    without = invoice.total - invoice.tax_total - invoice.round_off
    return round_money(without * amount / invoice.total, invoice.currency) if invoice.total else ZERO


def check_section_code(section_code: str, day: date) -> WithholdingCode | None:
    """What the code means on the day of the withholding; None for "". Raises InvalidInput."""
    if not section_code:
        return None
    code = withholding_code(section_code, day)
    if code is None:
        raise InvalidInput.field(
            "section_code",
            f"{section_code} is no code of tax withheld on {day:%-d %B %Y}. From 1 April 2026 they are"
            " 1023 to 1057, before it 194C to 195.",
        )
    return code
