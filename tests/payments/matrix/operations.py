"""What may go wrong: each call that changes something at Razorpay, from what comes before it to its right end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Model

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from billing_platform.lib.work.claims import State
from invoicing.models import Invoice
from organisations.models import Notification
from payments import tasks
from payments.inbox.processing import process_webhook
from payments.models import Mandate, MandateCharge, Payment, PaymentOrder, Refund
from payments.selectors import why_not_collectable
from payments.services import checkout, collection
from payments.services.mandates import charging, registering
from payments.services.offline import record_offline_payment
from payments.services.refunding import sending
from payments.services.refunding.asking import ask_for_refund
from tests.payments.debits import confirmed, mailed
from tests.payments.language import issued_invoice
from tests.payments.matrix.audit import audit
from tests.payments.matrix.world import World


class Operation(ABC):
    """One row of the table. `call`: the request line that goes wrong; `look_up`: what is asked at once after it."""

    call: ClassVar[str]
    look_up: ClassVar[str] = ""
    job: ClassVar[Callable[[str], object]]
    """What a worker does with `argument`, also in a process of its own."""
    button: ClassVar[str] = "Try now"
    """On the row's page in the admin."""

    argument: str

    def __init__(self, world: World) -> None:
        self.world = world
        self.prepare()

    def act(self) -> None:
        """A worker's try. What it raises, a sweep would only have logged."""
        with suppress(DomainError):
            type(self).job(self.argument)

    def again(self) -> None:  # noqa: B027  (mostly nothing: the jobs do it)
        """What a person has to do after a failure."""

    def happens(self) -> None:  # noqa: B027  (mostly nothing)
        """What payers and banks do once it is done at Razorpay, whether or not the answer has come here."""

    def is_known_here(self) -> None:  # noqa: B027  (what nobody has to do more about is checked at the end)
        """Asserts that we have Razorpay's answer, before payer and bank act and messages tell it."""

    def to_the_end(self, **order_of_messages: bool) -> None:
        """Time passes, the jobs run, payer and bank act, their messages come: then all must be right."""
        self.world.time_passes()
        self.again()
        self.is_known_here()
        self.happens()
        self.world.post(**order_of_messages)
        self.world.jobs()
        self.has_ended_right()
        audit(self.world, at_rest=True)

    @abstractmethod
    def prepare(self) -> None:
        """All that comes before the call; sets `argument`."""

    @abstractmethod
    def row(self) -> Any:
        """What waits; mostly `ClaimedWork`."""

    def has_the_button(self) -> Model:
        """On whose page the button is."""
        row: Model = self.row()
        return row

    @abstractmethod
    def has_button(self) -> bool:
        """A person may have it tried at once."""

    @abstractmethod
    def has_ended_right(self) -> None:
        """Asserts what is right in the end, whatever went wrong before."""

    def is_done_or_says_why(self) -> None:
        """Never stuck in silence: it is done, or it waits with a reason and a button."""
        row = self.row()
        if row.work_state != State.DONE and row.attempts:
            assert (row.work_state, bool(row.last_failure)) == (State.WAITING, True)
            assert self.has_button()


class MakingAnOrder(Operation):
    call, look_up = "POST /v1/orders", "GET /v1/orders"
    job = tasks.collect_invoice

    def prepare(self) -> None:
        self.invoice = issued_invoice(self.world.acme)
        self.argument = str(self.invoice.pk)

    def row(self) -> PaymentOrder:
        return PaymentOrder.objects.get(kind="order")

    def has_button(self) -> bool:
        return collection.may_be_tried_now(self.row())

    def is_known_here(self) -> None:
        assert self.row().status == "open"

    def happens(self) -> None:
        [order] = self.world.orders(self.row().receipt)
        self.world.razorpay.pay(order["id"])

    def has_ended_right(self) -> None:
        assert self.row().status == "paid"
        assert_paid(self.invoice)


class MakingALink(Operation):
    call, look_up = "POST /v1/payment_links", "GET /v1/payment_links"
    button = "Make a Razorpay link"

    @staticmethod
    def job(argument: str) -> None:
        collection.create_payment_link(invoice_id=UUID(argument))

    def prepare(self) -> None:
        self.invoice = issued_invoice(self.world.acme)
        self.argument = str(self.invoice.pk)

    def again(self) -> None:
        if self.row().status == "created":
            self.act()

    def row(self) -> PaymentOrder:
        return PaymentOrder.objects.get(kind="link")

    def has_button(self) -> bool:
        return why_not_collectable(self.invoice) is None

    def has_the_button(self) -> Invoice:
        return self.invoice

    def is_known_here(self) -> None:
        assert self.row().status == "open"

    def happens(self) -> None:
        [link] = self.world.links(self.row().receipt)
        self.world.razorpay.http.get(link["short_url"], timeout=5)  # opening it makes its order
        [link] = self.world.links(self.row().receipt)
        self.world.razorpay.pay(link["order_id"])

    def has_ended_right(self) -> None:
        assert self.row().status == "paid"
        assert_paid(self.invoice)


class CancellingALink(Operation):
    """Its invoice was paid by a transfer."""

    call = "POST /v1/payment_links/*/cancel"
    job = tasks.close_link

    def prepare(self) -> None:
        self.invoice = issued_invoice(self.world.acme)
        link = collection.create_payment_link(invoice_id=self.invoice.pk)
        record_offline_payment(
            invoice_id=self.invoice.pk,
            amount=Decimal("1180.00"),
            method="bank_transfer",
            reference="UTR1",
            received_on=clock.today("Asia/Kolkata"),
        )
        self.argument = str(link.pk)

    def row(self) -> PaymentOrder:
        return PaymentOrder.objects.get(kind="link")

    def has_button(self) -> bool:
        return collection.may_be_tried_now(self.row())

    def has_ended_right(self) -> None:
        link = self.row()
        assert (link.status, link.closed_at is not None) == ("superseded", True)
        assert [each["status"] for each in self.world.links(link.receipt)] == ["cancelled"]
        assert_paid(self.invoice)


class Capturing(Operation):
    """Automatic capture has left an authorised payment."""

    call = "POST /v1/payments/*/capture"
    job = tasks.capture_payment
    button = "Ask Razorpay"

    def prepare(self) -> None:
        self.invoice = issued_invoice(self.world.acme)
        order = collection.ensure_order(invoice_id=self.invoice.pk)
        self.world.razorpay.pay(order.razorpay_order_id or "", "authorize_only")
        self.world.post()
        self.world.passes(minutes=6)
        self.argument = str(Payment.objects.get().pk)

    def is_done_or_says_why(self) -> None:
        payment = self.row()
        if payment.status != "captured":
            assert payment.not_captured
            assert self.has_button()

    def row(self) -> Payment:
        return Payment.objects.get()

    def has_button(self) -> bool:
        return checkout.may_be_captured(self.row())

    def has_ended_right(self) -> None:
        payment = self.row()
        assert (payment.status, payment.not_captured) == ("captured", "")
        assert_paid(self.invoice)


class Refunding(Operation):
    """₹180.00 of ₹1,180.00, with a credit note."""

    call = "POST /v1/payments/*/refund"
    job = tasks.follow_refund
    button = "Ask Razorpay"

    def prepare(self) -> None:
        self.invoice = issued_invoice(self.world.acme)
        order = collection.ensure_order(invoice_id=self.invoice.pk)
        self.world.razorpay.pay(order.razorpay_order_id or "")
        self.world.post()
        payment = Payment.objects.get()
        refund = ask_for_refund(payment_id=payment.pk, reason="Part of the set-up was left out", amount=Decimal("180"))
        self.argument = str(refund.pk)

    def row(self) -> Refund:
        return Refund.objects.get()

    def has_button(self) -> bool:
        return sending.may_be_asked_about(self.row())

    def is_done_or_says_why(self) -> None:
        super().is_done_or_says_why()
        self.invoice.refresh_from_db()
        assert self.invoice.amount_paid == 1000  # set aside, whatever the answer was

    def has_ended_right(self) -> None:
        refund = self.row()
        assert (refund.status, refund.credit_note is not None, refund.amount) == ("processed", True, 180)
        self.invoice.refresh_from_db()
        assert (self.invoice.amount_paid, self.invoice.amount_credited, self.invoice.amount_due) == (1000, 180, 0)
        told = sorted(Notification.objects.filter(kind__startswith="refund").values_list("kind", flat=True))
        # as its first message was; the clock stands, so two mails of one moment have no order
        assert told in (["refund_done"], ["refund_done", "refund_started"]), told


class Debiting(Operation):
    """A card's mandate, announced a day ago."""

    call = "POST /v1/payments/create/recurring"
    job = tasks.process_charge

    def prepare(self) -> None:
        confirmed(self.world, self.world.acme, method="card")
        self.invoice = issued_invoice(self.world.acme)
        charge = charging.charge_invoice(invoice_id=self.invoice.pk, cause="issued")
        mailed("debit_notice")
        self.argument = str(charge.pk)
        self.before_the_bank_is_asked()

    def before_the_bank_is_asked(self) -> None:
        charging.process_charge(charge_id=UUID(self.argument))
        self.world.passes(hours=26)

    def row(self) -> MandateCharge:
        return MandateCharge.objects.get()

    def has_button(self) -> bool:
        return charging.may_be_tried_now(self.row())

    def is_done_or_says_why(self) -> None:
        charge = self.row()
        if not charge.razorpay_payment_id:  # otherwise it waits for the bank
            super().is_done_or_says_why()

    def is_known_here(self) -> None:
        charge = self.row()
        assert (charge.status in ("asked", "captured"), bool(charge.razorpay_payment_id)) == (True, True)

    def happens(self) -> None:
        [debit] = self.world.payments(self.receipt())
        if debit["status"] == "created":  # its bank has not answered by itself
            self.world.razorpay.control(f"payments/{debit['id']}/debit", {"outcome": "captured"})

    def receipt(self) -> str:
        order = self.row().order
        assert order is not None
        return order.receipt

    def has_ended_right(self) -> None:
        charge = self.row()
        [debit] = self.world.payments(self.receipt())
        assert (charge.status, charge.razorpay_payment_id) == ("captured", debit["id"])
        assert not Notification.objects.filter(kind__in=["not_debited", "payment_failed"]).exists()
        assert_paid(self.invoice)


class AnnouncingADebit(Debiting):
    """The order with which Razorpay notifies the payer; the bank is asked a day later."""

    call = "POST /v1/orders"

    def before_the_bank_is_asked(self) -> None:
        pass

    def is_done_or_says_why(self) -> None:
        charge = self.row()
        if charge.order is not None and charge.order.status == "created":
            Operation.is_done_or_says_why(self)

    def is_known_here(self) -> None:
        order = self.row().order
        assert (self.row().status, order is not None and order.status) == ("announced", "open")

    def happens(self) -> None:
        [order] = self.world.orders(self.receipt())
        assert order["status"] == "created"
        self.world.passes(hours=26)
        self.world.jobs()
        super().happens()


class RegisteringAMandate(Operation):
    call = "POST /v1/subscription_registration/auth_links"
    job = tasks.process_mandate

    def prepare(self) -> None:
        mandate = registering.request_mandate(
            organisation=self.world.acme,
            seller=self.world.acme.billing_entity,
            method="upi",
            phone="+919876543210",
            max_amount=Decimal(5_000),
            asked_by="olga",
        )
        self.argument = str(mandate.pk)

    def row(self) -> Mandate:
        return Mandate.objects.get()

    def has_button(self) -> bool:
        return registering.may_be_tried_now(self.row())

    def is_done_or_says_why(self) -> None:
        if self.row().status == "requested":  # otherwise it waits for the payer
            super().is_done_or_says_why()

    def is_known_here(self) -> None:
        assert self.row().status == "initiated"

    def happens(self) -> None:
        [order] = self.world.orders(self.row().receipt)
        self.world.razorpay.pay(order["id"], method="upi")

    def has_ended_right(self) -> None:
        mandate = self.row()
        assert (mandate.status, mandate.returned_at is not None) == ("confirmed", True)
        assert len(mailed("mandate_invitation")) == 1
        [link] = self.world.registrations()
        assert (link["receipt"], link["id"]) == (mandate.receipt, mandate.razorpay_registration_id)
        [paid] = self.world.payments(mandate.receipt)
        assert (paid["amount"], paid["amount_refunded"]) == (100, 100)  # the rupee went back


class GivingTheRupeeBack(RegisteringAMandate):
    """The payment of a registration is nobody's invoice."""

    call = "POST /v1/payments/*/refund"

    def prepare(self) -> None:
        confirmed(self.world, self.world.acme)
        self.argument = str(Mandate.objects.get().pk)

    def is_done_or_says_why(self) -> None:
        Operation.is_done_or_says_why(self)

    def is_known_here(self) -> None:
        assert self.row().returned_at is not None

    def happens(self) -> None:
        pass


def assert_paid(invoice: Invoice) -> None:
    """By one payment, with one receipt."""
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid, invoice.amount_due) == ("paid", Decimal("1180.00"), 0)
    assert Payment.objects.received().count() == 1
    assert Notification.objects.filter(kind="payment_received").count() == 1


OPERATIONS: dict[str, type[Operation]] = {
    "order": MakingAnOrder,
    "link": MakingALink,
    "cancel": CancellingALink,
    "capture": Capturing,
    "refund": Refunding,
    "announcement": AnnouncingADebit,
    "debit": Debiting,
    "registration": RegisteringAMandate,
    "rupee": GivingTheRupeeBack,
}


def run_job(name: str, argument: str) -> None:
    """The job of an operation, or the one that reads a message."""
    if name == "message":
        process_webhook(webhook_id=UUID(argument))
    else:
        OPERATIONS[name].job(argument)
