"""A machine that does to money whatever can be done, in any order: people, payers, banks, Razorpay, jobs.

Razorpay is the sandbox behind the real SDK. Its messages are saved up; a rule hands one of them over, or all, in any
order and any number of times. What is refused is part of the game: a rule that the program refuses does nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from invoicing.models import CreditNote, Invoice
from invoicing.services.credit_notes.by_total import note_worth
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.voiding import void_invoice
from organisations.models import BillingEntity, Organisation
from payments.models import Dispute, Payment, PaymentAllocation, PaymentOrder, Refund
from payments.services import checkout, collection
from payments.services.allocating import allocate, unallocate
from payments.services.disputes import answering
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.on_account import record_payment_on_account
from payments.services.refunding.asking import refund_payment
from payments.services.refunding.notes import issue_note_of_refund
from payments.services.refunds import answer_refund, record_refund
from payments.services.short_payments import record_short_payment
from tests.local.razorpay.harness import KEY_SECRET, SandboxProcess
from tests.payments.language import hand_over, issued_invoice
from tests.payments.machine_checks import check_account, check_agreement, check_reconciliation, check_sums
from tests.payments.machine_jobs import JOBS

WHICH = st.integers(0, 5)
PART = st.sampled_from(["1", "0.5", "0.1", "1.25"])
ENDS = st.sampled_from(["processed", "pending", "pending", "failed", "refused"])
TOLD = st.sampled_from([True, True, False])
MOST_INVOICES = 3


def there_are(rows: Callable[[], Any]) -> Callable[[Any], Any]:
    return precondition(lambda _machine: rows().exists())


def received() -> Any:
    return Payment.objects.received()


def online() -> Any:
    return Payment.objects.received().filter(kind="gateway")


class MoneyMachine(RuleBasedStateMachine):
    """One example is one customer's story, in a transaction that is rolled back."""

    razorpay: SandboxProcess
    customer: Organisation

    def __init__(self) -> None:
        super().__init__()
        self.story = transaction.atomic()
        self.story.__enter__()
        self.razorpay.reset()
        self.razorpay.control("settings", {"late_after_seconds": 0, "settle_automatically": False})
        self.waiting: list[dict[str, Any]] = []  # messages that were never handed over
        self.seen = 0
        self.reference = 0

    def teardown(self) -> None:
        try:
            self.end(seed=self.seen)
        finally:
            transaction.set_rollback(True)
            self.story.__exit__(None, None, None)

    # --- how the world is ---------------------------------------------------------------------------------------------

    @initialize(
        payer_bears_fee=st.booleans(),
        pays_twice=st.booleans(),
        parts=st.sampled_from([None, 20]),
        notes=st.booleans(),
        paid_by=st.sampled_from(["order", "order", "link", None]),
    )
    def begin(
        self, payer_bears_fee: bool, pays_twice: bool, parts: int | None, notes: bool, paid_by: str | None
    ) -> None:
        """Most stories begin with a payment: what comes after it is what is hard."""
        BillingEntity.objects.update(first_part_percent=parts, credit_note_on_refund=notes)
        self.customer.billing_entity.refresh_from_db()  # type: ignore[union-attr]  # it has one
        self.switch(fee_bearer_customer=payer_bears_fee, allow_overpayment=pays_twice)
        self.issue("1000")
        if paid_by is not None:
            self.pay(0, paid_by, "success", "0.5", told=True, comes_back=False)

    # --- invoices -----------------------------------------------------------------------------------------------------

    @rule(price=st.sampled_from(["1000", "100.55"]))
    @precondition(lambda self: Invoice.objects.count() < MOST_INVOICES)
    def issue(self, price: str) -> None:
        issued_invoice(self.customer, price)

    @rule(which=WHICH, how=st.sampled_from(["1", "0.5", "0.1", "commercial", "void"]))
    def take_back(self, which: int, how: str) -> None:
        invoice = self.pick(Invoice.objects.all(), which)
        if how == "void":
            self.tried(lambda: void_invoice(invoice_id=invoice.pk, reason="Wrong customer"))
            collection.retire_orders(invoice_id=invoice.pk)  # what the signal wakes
        elif invoice.is_creditable:
            self.tried(lambda: self.credit(invoice, "0.5" if how == "commercial" else how, how))

    def credit(self, invoice: Invoice, part: str, how: str) -> None:
        worth = note_worth(invoice=invoice, total=share(invoice.total, part))
        kind = CreditNote.Kind.COMMERCIAL if how == "commercial" else worth.kind
        why = Why(CreditNote.Reason.OTHER, "Less was used")
        issue_credit_note(invoice_id=invoice.pk, lines=worth.lines, why=why, kind=kind)

    # --- payers -------------------------------------------------------------------------------------------------------

    @rule(which=WHICH, kind=st.sampled_from(["order", "link"]))
    def ask(self, which: int, kind: str) -> None:
        self.asked(which, kind)

    def asked(self, which: int, kind: str) -> PaymentOrder | None:
        invoice = self.pick(Invoice.objects.all(), which)
        ask = collection.ensure_order if kind == "order" else collection.create_payment_link
        order: PaymentOrder | None = self.tried(lambda: ask(invoice_id=invoice.pk))
        if order is not None and kind == "link":
            self.razorpay.http.get(order.short_url, timeout=5)  # only now does the link get its order
        return order

    @rule(
        which=WHICH,
        kind=st.sampled_from(["order", "order", "link", "old"]),
        outcome=st.sampled_from(["success", "success", "success", "late", "authorize_only"]),
        part=PART,
        told=TOLD,
        comes_back=st.booleans(),
    )
    def pay(self, which: int, kind: str, outcome: str, part: str, told: bool, comes_back: bool) -> None:
        """Also a request of before, though it is superseded; the payer's browser may come back or not."""
        order = self.pick(PaymentOrder.objects.all(), which) if kind == "old" else self.asked(which, kind)
        known = order and (order.razorpay_order_id or self.order_of_link(order))
        if not order or not known:
            return
        body = {"outcome": outcome}
        if order.first_part is not None:
            body["amount"] = str(int(share(order.amount, part) * 100))
        paid = self.at_razorpay(f"orders/{known}/pay", body, told)
        if paid and comes_back:
            self.come_back(order, paid)

    def come_back(self, order: PaymentOrder, paid: dict[str, Any]) -> None:
        if order.kind == "link":
            checkout.refresh_order(order_id=order.pk)
            return
        known, paid_id = order.razorpay_order_id or "", paid["id"]
        signature = hmac.new(KEY_SECRET.encode(), f"{known}|{paid_id}".encode(), hashlib.sha256).hexdigest()
        checkout.verify_checkout(razorpay_order_id=known, razorpay_payment_id=paid_id, razorpay_signature=signature)

    @rule(which=WHICH, told=TOLD)
    @there_are(lambda: Payment.objects.filter(status="failed"))
    def turns_out_well(self, which: int, told: bool) -> None:
        payment = self.pick(Payment.objects.filter(status="failed"), which)
        self.at_razorpay(f"payments/{payment.razorpay_payment_id}/late_authorize", None, told)

    @rule(
        which=WHICH, part=PART, way=st.sampled_from(["bank_transfer", "cheque", "tds", "short", "on account", "oldest"])
    )
    def record(self, which: int, part: str, way: str) -> None:
        invoice = self.pick(Invoice.objects.all(), which)
        today, reference = clock.today(self.customer.time_zone), self.new_reference()
        money: dict[str, Any] = {"amount": share(invoice.total, part), "reference": reference, "received_on": today}
        if way in ("on account", "oldest"):
            money |= {"organisation_id": self.customer.pk, "method": "cheque", "oldest_first": way == "oldest"}
            self.tried(lambda: record_payment_on_account(**money))
        elif way == "short":
            withheld = {"tds_amount": share(invoice.total, "0.1"), "accept_unusual_tds": True}
            money |= withheld | {"invoice_id": invoice.pk, "method": "bank_transfer", "accept_overpayment": True}
            self.tried(lambda: record_short_payment(**money))
        else:
            money |= {"invoice_id": invoice.pk, "method": way, "accept_overpayment": True}
            self.tried(lambda: record_offline_payment(**money))

    @rule(which=WHICH)
    @there_are(lambda: received().exclude(kind="gateway"))
    def bounce(self, which: int) -> None:
        payment = self.pick(received().exclude(kind="gateway"), which)
        self.tried(lambda: reverse_payment(payment_id=payment.pk, reason="It bounced"))

    # --- operators ----------------------------------------------------------------------------------------------------

    @rule(which=WHICH, to=WHICH, part=PART)
    @there_are(lambda: received().with_credit())
    def allocate(self, which: int, to: int, part: str) -> None:
        payment, invoice = self.pick(received().with_credit(), which), self.pick(Invoice.objects.all(), to)
        amount = share(payment.unallocated, part)
        self.tried(lambda: allocate(payment_id=payment.pk, amounts={invoice.pk: amount}))

    @rule(which=WHICH)
    @there_are(PaymentAllocation.objects.all)
    def take_off(self, which: int) -> None:
        row = self.pick(PaymentAllocation.objects.all(), which)
        self.tried(lambda: unallocate(payment_id=row.payment_id, invoice_id=row.invoice_id, reason="Meant for another"))

    @rule(
        which=WHICH,
        part=PART,
        ends=ENDS,
        afterwards=st.sampled_from(["", *Refund.Afterwards.values]),
        excess=st.booleans(),
    )
    @there_are(online)
    def refund(self, which: int, part: str, ends: str, afterwards: str, excess: bool) -> None:
        payment = self.pick(online(), which)
        self.refunds_will_be(ends)
        self.tried(
            lambda: refund_payment(
                payment_id=payment.pk,
                amount=share(payment.net, part),
                reason="Less was used",
                afterwards=afterwards,
                only_excess=excess,
            )
        )

    @rule(which=WHICH, part=PART)
    @there_are(lambda: received().with_credit())
    def transfer_back(self, which: int, part: str) -> None:
        payment = self.pick(received().with_credit(), which)
        self.tried(
            lambda: record_refund(
                payment_id=payment.pk,
                amount=share(payment.unallocated, part),
                reference=self.new_reference(),
                refunded_on=clock.today(self.customer.time_zone),
            )
        )

    @rule(which=WHICH, ask_again=st.booleans())
    @there_are(lambda: PaymentAllocation.objects.exclude(answer=""))
    def decide(self, which: int, ask_again: bool) -> None:
        row = self.pick(PaymentAllocation.objects.exclude(answer=""), which)
        self.tried(lambda: answer_refund(payment_id=row.payment_id, ask_again=ask_again))

    @rule(which=WHICH)
    @there_are(Refund.objects.all)
    def note_refund(self, which: int) -> None:
        refund = self.pick(Refund.objects.all(), which)
        self.tried(lambda: issue_note_of_refund(refund_id=refund.pk, reason="Less was used"))

    @rule(which=WHICH)
    @there_are(Dispute.objects.to_answer)
    def give_in(self, which: int) -> None:
        dispute = self.pick(Dispute.objects.to_answer(), which)
        self.tried(lambda: answering.accept_dispute(dispute_id=dispute.pk, accepted_by=None))

    # --- Razorpay's dashboard, and banks ------------------------------------------------------------------------------

    @rule(which=WHICH, part=PART, ends=ENDS, told=TOLD)
    @there_are(online)
    def refund_in_dashboard(self, which: int, part: str, ends: str, told: bool) -> None:
        payment = self.pick(online(), which)
        self.refunds_will_be(ends)
        amount = int(share(payment.amount, part) * 100)
        self.at_razorpay(f"payments/{payment.razorpay_payment_id}/refund", {"amount": amount}, told)

    @rule(which=WHICH, end=st.sampled_from(["process", "fail"]), told=TOLD)
    @there_are(lambda: Refund.objects.filter(kind="gateway", status="pending"))
    def refund_ends(self, which: int, end: str, told: bool) -> None:
        refund = self.pick(Refund.objects.filter(kind="gateway", status="pending"), which)
        self.at_razorpay(f"refunds/{refund.razorpay_refund_id}/{end}", None, told)

    @rule(which=WHICH, part=PART, told=TOLD)
    @there_are(online)
    def dispute(self, which: int, part: str, told: bool) -> None:
        payment = self.pick(online(), which)
        amount = str(int(share(payment.amount, part) * 100))
        self.at_razorpay(f"payments/{payment.razorpay_payment_id}/dispute", {"amount": amount}, told)

    @rule(which=WHICH, how=st.sampled_from(["win", "lose", "lose", "close"]), told=TOLD)
    @there_are(Dispute.objects.all)
    def dispute_ends(self, which: int, how: str, told: bool) -> None:
        dispute = self.pick(Dispute.objects.all(), which)
        self.at_razorpay(f"disputes/{dispute.razorpay_dispute_id}/{how}", None, told)

    # --- messages and jobs --------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 30), copies=st.integers(1, 2), forget=st.booleans())
    def message_comes(self, which: int, copies: int, forget: bool) -> None:
        """Any that happened, also one that came before; one that is not forgotten comes again."""
        self.collect_messages()
        if self.waiting:
            message = self.waiting[which % len(self.waiting)]
            self.hand_over([message] * copies)
            if forget:
                self.waiting.remove(message)

    @rule(seed=st.integers(0, 1000))
    def all_messages_come(self, seed: int) -> None:
        self.collect_messages()
        random.Random(seed).shuffle(self.waiting)
        self.hand_over(self.waiting)
        self.waiting = []

    @rule(name=st.sampled_from(["use_credit", "collect", "close_links", "capture", "refunds", "disputes", "read"]))
    def job_runs(self, name: str) -> None:
        JOBS[name]()

    def end(self, seed: int) -> None:
        """All that waits is handed over and done, whatever was handed over before: then both sides agree."""
        for _round in range(3):
            self.all_messages_come(seed)
            for name in ("refunds", "disputes", "capture", "close_links"):
                JOBS[name]()
        self.all_messages_come(seed)
        check_agreement(self.razorpay)
        check_reconciliation()

    # --- what holds ---------------------------------------------------------------------------------------------------

    @invariant()
    def the_money_is_right(self) -> None:
        check_sums()
        check_account(self.customer)

    # --- words --------------------------------------------------------------------------------------------------------

    def pick(self, rows: Any, which: int) -> Any:
        """One of the rows, by age; None where there is none."""
        found = list(rows.order_by("created_at"))
        return found[which % len(found)] if found else None

    def tried(self, act: Callable[[], Any]) -> Any:
        """What came of it; None where the program refuses."""
        try:
            return act()
        except DomainError:
            return None

    def at_razorpay(self, path: str, body: Any, told: bool) -> dict[str, Any] | None:
        """What the sandbox answers; None where it refuses. `told`: its messages come at once, and once more later."""
        self.collect_messages()
        before = len(self.waiting)
        response = self.razorpay.http.post(f"{self.razorpay.base_url}/_sim/{path}", json=body, timeout=20)
        assert response.status_code in (200, 400), response.text
        self.collect_messages()
        if told:
            self.hand_over(self.waiting[before:])
        answer: dict[str, Any] = response.json()
        return answer if response.ok else None

    def switch(self, **switches: Any) -> None:
        self.razorpay.control("settings", switches)

    def refunds_will_be(self, ends: str) -> None:
        """How Razorpay answers, and the payer's bank; refused: there is no balance to refund from."""
        is_refused = ends == "refused"
        self.switch(refund_outcome="processed" if is_refused else ends, balance_empty=is_refused)

    def order_of_link(self, order: PaymentOrder) -> str:
        if order.razorpay_link_id is None:
            return ""
        return str(self.razorpay.client().payment_link.fetch(order.razorpay_link_id).get("order_id") or "")

    def new_reference(self) -> str:
        self.reference += 1
        return f"UTR-{self.reference}"

    def collect_messages(self) -> None:
        happened = self.razorpay.deliveries()
        self.waiting += happened[self.seen :]
        self.seen = len(happened)

    def hand_over(self, messages: list[dict[str, Any]]) -> None:
        for webhook in hand_over(messages):
            assert webhook.status in ("processed", "ignored"), (webhook.event_type, webhook.last_failure)


def share(amount: Decimal, part: str) -> Decimal:
    return (amount * Decimal(part)).quantize(Decimal("0.01"))
