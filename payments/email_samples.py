"""Samples of the e-mails about payments, reminders, mandates, cheques, refunds and disputes."""

from __future__ import annotations

from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from billing_platform.lib.law import INDIAN_TIME
from invoicing.documents.samples import INVOICE
from organisations.notifications.branding import Brand
from organisations.notifications.samples import Explained, Samples

PAGE = "https://billing.example/pay/sample"
DUE, PART = "₹1,20,274.92", "₹50,000.00"
ACCOUNT, MANDATE = "HDFC Bank XX1234", "token_Sample1"


WHEN = {
    "reminder": "On the days of the seller’s reminders before and after the due date, while something is due.",
    "pay_page_link": "When somebody mails a new link to the pay page.",
    "payment_failed": "When a payment of an invoice that is still due fails.",
    "payment_retry": "When a failed payment is tried again by a new link.",
    "payment_given_up": "When the last try to collect a failed payment has failed.",
    "payment_received": "When a payment, a debit or withheld tax is credited to an invoice.",
    "payment_on_account": "When money arrives that names no invoice.",
    "payment_reversed": "When a payment is taken back that the customer has a receipt of.",
    "payment_on_account_reversed": "When money on account is taken back that the customer has a receipt of.",
    "cheque_received": "When a cheque is recorded.",
    "cheque_bounced": "When the bank returns a cheque.",
    "certificates_wanted": "When somebody asks a customer for its TDS certificates.",
    "certificate_decided": "When somebody accepts or rejects a TDS certificate that the customer sent.",
    "refund_started": "When Razorpay has taken a refund.",
    "refund_done": "When a refund has left.",
    "refund_failed": "When a refund that the customer heard of has failed.",
    "mandate_invitation": "When somebody invites a customer to a mandate.",
    "debit_notice": "At least 24 hours before each debit of a mandate.",
    "not_debited": "When a debit that was announced is not made.",
    "payment_given_up_seller": "When the last try to collect a failed payment has failed.",
    "dispute": "When a payer’s bank disputes a payment, and each time that the dispute moves on.",
    "dispute_deadline": "When the time to answer a dispute runs out within 48 hours.",
    "webhook_failed": "When messages of Razorpay were given up, once an hour.",
}


def samples(brand: Brand) -> Samples:
    common: dict[str, Any] = {
        "customer": INVOICE.customer.name,
        "seller": brand.name,
        "number": INVOICE.number,
        "amount": DUE,
        "due": DUE,
        "total": "₹1,70,274.92",
        "is_partly_paid": True,
        "due_date": date(2026, 11, 5),
        "method": "Netbanking",
        "reference": "pay_Sample1",
        "date": date(2026, 11, 5),
        "reason": "",
        "pay_url": PAGE,
        "transfer": INVOICE.transfer,
    }
    found = {**_receipts(), **_asking(), **_mandates(), **_cheques(), **_refunds(), **_to_the_seller()}
    return {kind: {**common, **own} for kind, own in found.items()}


def _receipts() -> Samples:
    debit = {"account": ACCOUNT, "mandate": MANDATE, "when": _moment(5), "page": PAGE}
    return {
        "payment_received": {"amount": PART, "remaining": DUE, "debit": debit, "payer_fee": "₹590.00"},
        "payment_on_account": {"credited": [(INVOICE.number, PART)], "left": "₹2,000.00"},
        "payment_on_account_reversed": {},
        "payment_reversed": {"amount": PART},
    }


def _asking() -> Samples:
    first = {"form": "131", "quarter": "26-27 Q2", "invoice": INVOICE.number, "amount": "₹10,000.00"}
    other = {"form": "131", "quarter": "26-27 Q1", "invoice": "INV/26-27/000101", "amount": "₹9,500.00"}
    rows = [
        {**first, "due": date(2026, 11, 15)},
        {**other, "due": date(2026, 8, 15), "named": "₹9,000.00"},
    ]
    return {
        "reminder": {"is_late": True, "days_late": 12, "days_left": 0, "msme_number": "UDYAM-KR-03-0000001"},
        "payment_failed": {"advice": "Please see that the account has enough money, or pay this invoice online."},
        "payment_retry": {"attempted_on": date(2026, 11, 3), "is_last": True},
        "payment_given_up": {"tries": 3},
        "certificates_wanted": {"rows": rows, "forms": ["131"], "pan": "AAACA1234A"},
        "certificate_decided": {
            "number": "ABCDEFG",
            "quarter": "26-27 Q3",
            "is_accepted": False,
            "recorded": "",
            "reason": "The file is the certificate of another quarter.",
        },
        "pay_page_link": {"until": date(2027, 2, 3)},
    }


def _mandates() -> Samples:
    return {
        "mandate_invitation": {
            "method": "Bank account (e-mandate)",
            "most": "₹2,00,000.00",
            "until": date(2031, 11, 5),
            "link": PAGE,
            "link_until": _moment(12),
            "costs_a_rupee": True,
        },
        "debit_notice": {
            "account": ACCOUNT,
            "mandate": MANDATE,
            "when": _moment(7),
            "period": INVOICE.period_start,
            "opt_out_url": PAGE,
        },
        "not_debited": {"account": ACCOUNT, "reason": "The mandate is cancelled."},
    }


def _cheques() -> Samples:
    common = {"number": "000123", "bank": "HDFC Bank", "dated": date(2026, 11, 2), "invoice": INVOICE.number}
    return {
        "cheque_received": common,
        "cheque_bounced": {**common, "reason": "Funds insufficient", "charge": "₹500.00"},
    }


def _refunds() -> Samples:
    common = {
        "amount": PART,
        "refund_number": "RFD/26-27/000004",
        "bank_reference": "100000000000",
        "reason": "The second licence is not needed.",
    }
    return dict.fromkeys(("refund_started", "refund_done", "refund_failed"), common)


def _to_the_seller() -> Samples:
    dispute = SimpleNamespace(status="open", razorpay_dispute_id="disp_Sample1", payment="pay_Sample1", reason="Fraud")
    about = {"dispute": dispute, "respond_by": "12 Nov 2026, 18:00 IST", "page": PAGE}
    webhook = SimpleNamespace(
        event_type="payment.captured", event_id="evt_Sample1", last_failure="The database was away."
    )
    return {
        "payment_given_up_seller": {"tries": 3, "contacts": INVOICE.customer.email, "invoice_id": UUID(int=0)},
        "dispute": about,
        "dispute_deadline": {**about, "is_reminder": True},
        "webhook_failed": {"webhooks": [webhook], "messages": "1 message", "page": PAGE},
    }


def _moment(day: int) -> datetime:
    return datetime(2026, 11, day, 9, 30, tzinfo=INDIAN_TIME)


EXPLAINED = Explained(WHEN, samples)
