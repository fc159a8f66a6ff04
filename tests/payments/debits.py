"""Debits over HTTP: the sandbox with the clock of the test, and a mandate that its payer has confirmed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from payments.models import Mandate, MandateCharge
from payments.services.mandates import charging, registering
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import hand_over

NOVEMBER = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)  # noon in India


class Bank:
    """The sandbox with the clock of the test: time passes on both sides."""

    def __init__(self, razorpay: SandboxProcess, clock: Any) -> None:
        self.razorpay, self.clock = razorpay, clock
        self.seen = 0
        now = razorpay.control("health", method="GET")["now"]
        razorpay.control("clock", {"advance_seconds": int(NOVEMBER.timestamp()) - now})
        razorpay.control("settings", {"recurring_outcome": "pending"})  # banks answer when a test says so

    def passes(self, **span: float) -> None:
        step = timedelta(**span)
        self.clock.shift(step)
        self.razorpay.control("clock", {"advance_seconds": int(step.total_seconds())})

    def post(self, *, backwards: bool = False, twice: bool = False) -> list[str]:
        """Hand over what was not handed over yet."""
        new = self.razorpay.deliveries()[self.seen :]
        self.seen += len(new)
        new = new[::-1] if backwards else new
        return [webhook.status for webhook in hand_over(new + new if twice else new)]


def mailed(kind: str) -> list[Notification]:
    """The e-mails of a kind; they leave at once."""
    found = list(Notification.objects.filter(kind=kind).order_by("created_at"))
    for each in found:
        if each.sent_at is None:
            Notification.objects.filter(pk=each.pk).update(status="sent", sent_at=each.created_at, next_attempt_at=None)
    return found


def ask(acme: Organisation, **terms: Any) -> Mandate:
    values = {"method": "upi", "phone": "+919876543210", "max_amount": Decimal(15_000), "asked_by": "olga", **terms}
    mandate = registering.request_mandate(organisation=acme, seller=acme.billing_entity, **values)
    assert registering.process_mandate(mandate_id=mandate.pk)
    mandate.refresh_from_db()
    return mandate


def confirmed(bank: Bank, acme: Organisation, **terms: Any) -> Mandate:
    mandate = ask(acme, **terms)
    bank.razorpay.pay(mandate.razorpay_order_id or "", method=mandate.method)
    bank.post()
    mandate.refresh_from_db()
    assert mandate.status == "confirmed"
    return mandate


def run(charge: MandateCharge) -> MandateCharge:
    charging.process_charge(charge_id=charge.pk)
    charge.refresh_from_db()
    return charge


def announced(invoice: Invoice, cause: str = "issued") -> MandateCharge:
    charge = charging.charge_invoice(invoice_id=invoice.pk, cause=cause)
    mailed("debit_notice")
    return run(charge)


def asked(bank: Bank, invoice: Invoice) -> MandateCharge:
    charge = announced(invoice)
    bank.passes(hours=26)
    run(charge)
    assert charge.status == "asked", charge.reason
    return charge
