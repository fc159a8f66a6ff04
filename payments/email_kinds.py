"""The kinds of e-mails that payments sends: asking for money, receipts, mandates, refunds, disputes."""

from __future__ import annotations

from organisations.models import Purpose
from organisations.notifications.kinds import Audience, Kind

ASKED_FOR = "It is sent only when somebody asks for it."
ANSWERS = "It answers what the customer sent."
RECEIPT = "A payer is to get a receipt: RBI wants one after each debit, rule 50 of the CGST Rules one for an advance."
NOT_VALID = "Whoever has a receipt must hear that it is not valid any more."
TO_THE_SELLER = "It goes to the seller, who has to act."


def _kind(name: str, label: str, purpose: Purpose, why: str = "", *, template: str = "") -> Kind:
    """To the customer, which may switch off whatever has no reason why not."""
    return Kind(name, label, f"payments/{template or name}", purpose, may_be_switched_off=not why, why=why)


def _to_seller(name: str, label: str, purpose: Purpose, *, template: str = "") -> Kind:
    return Kind(name, label, f"payments/{template or name}", purpose, Audience.SELLER, why=TO_THE_SELLER)


KINDS = (
    _kind("reminder", "Reminder", Purpose.BILLING),
    _kind("pay_page_link", "Link to pay", Purpose.BILLING, ASKED_FOR),
    _kind("payment_failed", "Payment failed", Purpose.BILLING),
    _kind("payment_retry", "Payment to be tried again", Purpose.BILLING),
    _kind("payment_given_up", "Payment given up", Purpose.BILLING),
    _kind("payment_received", "Receipt", Purpose.FINANCE, RECEIPT),
    _kind("payment_on_account", "Receipt of money on account", Purpose.FINANCE, RECEIPT),
    _kind("payment_reversed", "Receipt withdrawn", Purpose.FINANCE, NOT_VALID),
    _kind("payment_on_account_reversed", "Receipt of money on account withdrawn", Purpose.FINANCE, NOT_VALID),
    _kind("cheque_received", "Cheque received", Purpose.FINANCE),
    _kind(
        "cheque_bounced",
        "Cheque bounced",
        Purpose.FINANCE,
        "It says what is due again and what is charged for it: whoever is charged must hear of it.",
    ),
    _kind("certificates_wanted", "Certificates of tax withheld are wanted", Purpose.FINANCE),
    _kind("certificate_decided", "Certificate of tax withheld checked", Purpose.FINANCE, ANSWERS),
    _kind("refund_started", "Refund on its way", Purpose.FINANCE),
    _kind("refund_done", "Refund made", Purpose.FINANCE),
    _kind("refund_failed", "Refund failed", Purpose.FINANCE),
    _kind("mandate_invitation", "Invitation to a mandate", Purpose.BILLING, ASKED_FOR),
    _kind(
        "debit_notice",
        "Notice before a debit",
        Purpose.BILLING,
        "RBI wants the payer to be told at least 24 hours before each debit.",
    ),
    _kind(
        "not_debited",
        "Not debited after all",
        Purpose.BILLING,
        "A debit that was announced is not made: the payer must hear that the invoice is still due.",
    ),
    _to_seller("payment_given_up_seller", "Payment given up (to the seller)", Purpose.FINANCE),
    _to_seller("dispute", "Dispute", Purpose.FINANCE),
    _to_seller("dispute_deadline", "Dispute: time to answer runs out", Purpose.FINANCE, template="dispute"),
    _to_seller("webhook_failed", "Razorpay's messages failed", Purpose.TECHNICAL),
)
