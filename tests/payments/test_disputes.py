"""Disputes: what they take from which invoice, in any order of messages, and our answer to them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import Invoice
from organisations.models import Notification
from payments.gateways import GatewayError
from payments.gateways.values import GatewayDispute
from payments.models import Dispute, Payment
from payments.models.dispute_document import LARGEST
from payments.receivables.statement import statement
from payments.services import collection
from payments.services.disputes import answering, contesting, looking
from payments.services.disputes.evidence import add_document, remove_document
from payments.services.disputes.recording import apply_dispute
from payments.services.payment_reports import apply_payment_report
from payments.services.refunding.asking import ask_for_refund, refundable
from tests import factories
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import CREATED_AT, hand_over, open_order, reported


@pytest.fixture
def paid(invoice: Invoice) -> Payment:
    """1,180.00 for an invoice of as much."""
    order = open_order(invoice)
    return apply_payment_report(order_id=order.pk, report=reported(order))


def told(status: str, *, deducted: int = 0, **changes: Any) -> GatewayDispute:
    values: dict[str, Any] = {
        "id": "disp_Test000000001",
        "payment_id": "pay_Test0000000001",
        "amount_minor": 50000,
        "currency": "INR",
        "amount_deducted_minor": deducted,
        "reason_code": "fraud",
        "reason": "Not delivered",
        "phase": "chargeback",
        "status": status,
        "respond_by": clock.now() + timedelta(days=7),
        "created_at": CREATED_AT,
    }
    return GatewayDispute(**values | changes)


def tell(status: str, *, deducted: int = 0, later: int = 0, **changes: Any) -> Dispute:
    at = clock.now() + timedelta(seconds=later)
    return apply_dispute(report=told(status, deducted=deducted, **changes), told_at=at)


def money(invoice: Invoice) -> tuple[str, str, str]:
    """What the invoice is, what is due on it, and what the customer owes in all."""
    invoice.refresh_from_db()
    assert invoice.billing_entity is not None
    day = clock.today(invoice.billing_entity.time_zone)
    accounts = statement(
        organisation=invoice.organisation, seller=invoice.billing_entity, first=day - timedelta(days=400), last=day
    ).accounts
    return invoice.status, f"{invoice.amount_due:.2f}", f"{sum(account.closing for account in accounts):.2f}"


def kinds(payment: Payment) -> list[tuple[str, str]]:
    rows = payment.allocations.order_by("created_at")
    return [(row.kind, f"{row.amount:.2f}") for row in rows]


def test_an_open_dispute_moves_no_money_and_the_seller_is_told_once(paid: Payment, invoice: Invoice) -> None:
    dispute = tell("open")
    assert dispute.respond_by is not None
    tell("open", later=1)
    assert money(invoice) == ("paid", "0.00", "0.00")
    [mail] = Notification.objects.filter(kind="dispute")
    assert f"takes an answer until {time_text(dispute.respond_by, ZoneInfo('Asia/Kolkata'))}." in mail.text
    assert mail.recipients == [invoice.billing_entity.email]
    assert "₹500.00" in mail.subject


def test_a_lost_dispute_makes_the_invoice_due_again_and_asks_nobody(paid: Payment, invoice: Invoice) -> None:
    tell("open")
    tell("lost", deducted=50000, later=1)
    assert money(invoice) == ("partially_paid", "500.00", "500.00")
    assert kinds(paid) == [("credit", "1180.00"), ("dispute", "-500.00")]
    assert not Payment.objects.refunds_to_decide().exists()


def test_several_disputes_never_take_more_than_the_payment(paid: Payment, invoice: Invoice) -> None:
    tell("lost", deducted=50000)
    second = tell("lost", deducted=118000, id="disp_Test000000002", amount_minor=118000)
    assert f"{second.amount_taken:.2f}" == "680.00"
    assert money(invoice)[1:] == ("1180.00", "1180.00")


def test_a_dispute_won_after_the_deduction_pays_the_invoice_again(paid: Payment, invoice: Invoice) -> None:
    tell("lost", deducted=50000)
    tell("won", later=1)
    assert money(invoice) == ("paid", "0.00", "0.00")
    assert kinds(paid)[-1] == ("dispute_won", "500.00")


def test_what_is_won_late_is_over_if_the_invoice_was_paid_again(paid: Payment, invoice: Invoice) -> None:
    tell("lost", deducted=50000)
    invoice.refresh_from_db()
    second = open_order(invoice, "order_Test0000000002")
    apply_payment_report(order_id=second.pk, report=reported(second, id="pay_Test0000000002", amount_minor=50000))
    tell("won", later=1)
    paid.refresh_from_db()
    assert money(invoice) == ("paid", "0.00", "-500.00")
    assert f"{paid.unallocated:.2f}" == "500.00"
    assert "500.00 more than invoice" in paid.problem


@pytest.mark.parametrize("order", list(permutations(["open", "under_review", "lost"])))
def test_answers_in_any_order_end_the_same(paid: Payment, invoice: Invoice, order: tuple[str, ...]) -> None:
    times = {"open": 0, "under_review": 1, "lost": 2}
    for status in (*order, order[0]):
        tell(status, deducted=50000 if status == "lost" else 0, later=times[status])
    assert Dispute.objects.get().status == "lost"
    assert money(invoice)[1:] == ("500.00", "500.00")


def test_refund_and_dispute_of_one_payment_are_told_apart(paid: Payment, invoice: Invoice) -> None:
    tell("lost", deducted=50000)
    refunded = reported(paid.order, amount_refunded_minor=10000)  # type: ignore[arg-type]
    apply_payment_report(order_id=paid.order_id, report=refunded)  # type: ignore[arg-type]
    assert kinds(paid) == [("credit", "1180.00"), ("dispute", "-500.00"), ("refund", "-100.00")]
    assert money(invoice)[1:] == ("500.00", "600.00")  # whether the 100.00 are asked for again is to be decided
    assert Payment.objects.refunds_to_decide().count() == 1


def test_a_dispute_that_is_known_before_the_payment_is_captured_counts_then(invoice: Invoice) -> None:
    order = open_order(invoice)
    apply_payment_report(order_id=order.pk, report=reported(order, "authorized"))
    tell("lost", deducted=50000)
    payment = apply_payment_report(order_id=order.pk, report=reported(order))
    assert kinds(payment) == [("credit", "1180.00"), ("dispute", "-500.00")]


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_a_loss_that_the_payment_does_not_lack(paid: Payment) -> None:
    dispute = tell("open")
    lost = {"amount_deducted": 500, "amount_taken": 500, "deducted_at": clock.now(), "status": "lost"}
    with pytest.raises(IntegrityError, match="does not lack"):
        Dispute.objects.filter(pk=dispute.pk).update(**lost)


# --- over HTTP ------------------------------------------------------------------------------------------------------


@pytest.fixture
def disputed(razorpay: SandboxProcess, invoice: Invoice) -> str:
    """Razorpay's id of a dispute about 500.00 of a payment in the sandbox."""
    order = collection.ensure_order(invoice_id=invoice.pk)
    payment = razorpay.pay(order.razorpay_order_id or "")
    razorpay.control(f"payments/{payment['id']}/dispute", {"amount": 50000})
    hand_over(razorpay.deliveries())
    return Dispute.objects.get().razorpay_dispute_id


def test_messages_of_a_dispute_tell_and_lose_it(disputed: str, razorpay: SandboxProcess, invoice: Invoice) -> None:
    razorpay.control(f"disputes/{disputed}/lose")
    stored = hand_over(list(reversed(razorpay.deliveries())))  # the newest message first
    assert {webhook.status for webhook in stored} == {"processed"}
    assert stored[0].outcome == f"Dispute {disputed}: lost. ₹500.00 went back."
    assert money(invoice) == ("partially_paid", "500.00", "500.00")


def test_accepting_loses_it_and_notes_who_did(disputed: str, invoice: Invoice) -> None:
    person = factories.member("olga", None, "admin")
    found = answering.accept_dispute(dispute_id=Dispute.objects.get().pk, accepted_by=person)
    assert (found.status, found.accepted_by) == ("lost", person)
    assert money(invoice)[1] == "500.00"
    with pytest.raises(DomainError, match="takes no answer"):
        answering.accept_dispute(dispute_id=found.pk, accepted_by=person)


@pytest.mark.usefixtures("no_repeats")
def test_an_answer_that_got_lost_is_looked_up(disputed: str, razorpay: SandboxProcess) -> None:
    razorpay.control("faults", {"kind": "timeout_after_commit", "match": "POST */accept", "seconds": 2})
    found = answering.accept_dispute(dispute_id=Dispute.objects.get().pk, accepted_by=None)
    assert found.status == "lost"


@pytest.mark.usefixtures("no_repeats")
def test_a_call_that_never_arrived_leaves_the_dispute_to_answer(disputed: str, razorpay: SandboxProcess) -> None:
    razorpay.control("faults", {"kind": "timeout_before", "match": "POST */accept", "seconds": 2})
    with pytest.raises(GatewayError):
        answering.accept_dispute(dispute_id=Dispute.objects.get().pk, accepted_by=None)
    assert Dispute.objects.to_answer().count() == 1


# --- contesting -----------------------------------------------------------------------------------------------------

PDF = b"%PDF-1.7 usage of October"


def with_file(razorpay_id: str, **changes: Any) -> Dispute:
    dispute = Dispute.objects.get(razorpay_dispute_id=razorpay_id)
    values: dict[str, Any] = {"proof": "proof_of_service", "name": "usage.pdf", "content": PDF} | changes
    add_document(dispute_id=dispute.pk, **values)
    return dispute


def at_razorpay(razorpay: SandboxProcess, razorpay_id: str) -> Any:
    return razorpay.client().dispute.fetch(razorpay_id)


def test_a_contested_dispute_goes_to_the_bank_with_its_files(
    disputed: str, razorpay: SandboxProcess, invoice: Invoice
) -> None:
    with_file(disputed)
    dispute = with_file(disputed, proof="others", name="letter.png", content=b"\x89PNG\r\n\x1a\n")
    found = contesting.contest_dispute(dispute_id=dispute.pk, note="All calls were answered", amount=Decimal(400))
    assert (found.status, found.contested_amount) == ("under_review", 400)
    used, letter = found.documents.values_list("razorpay_document_id", flat=True)
    sent = at_razorpay(razorpay, disputed)["evidence"]
    assert (sent["amount"], sent["summary"], sent["proof_of_service"]) == (40000, "All calls were answered", [used])
    assert sent["others"] == [{"type": "evidence", "document_ids": [letter]}]
    with pytest.raises(DomainError, match="takes no answer"):
        with_file(disputed)
    assert money(invoice) == ("paid", "0.00", "0.00")
    razorpay.control(f"disputes/{disputed}/action_required")  # it did not do: another answer is wanted
    hand_over(razorpay.deliveries())
    assert Dispute.objects.to_answer().get().contested_at is None
    mails = Notification.objects.filter(kind="dispute").order_by("created_at")
    assert ["under review" in mail.subject for mail in mails] == [False, True, False]  # the seller is told again
    again = contesting.contest_dispute(dispute_id=with_file(disputed).pk, note="And here is the contract")
    assert (again.status, again.contested_amount) == ("under_review", 500)
    razorpay.control(f"disputes/{disputed}/lose")
    hand_over(razorpay.deliveries())
    assert money(invoice) == ("partially_paid", "500.00", "500.00")


@pytest.mark.usefixtures("no_repeats")
@pytest.mark.parametrize(
    ("kind", "match", "is_lost"),
    [
        ("timeout_after_commit", "PATCH */contest", False),
        ("timeout_before", "PATCH */contest", True),
        ("timeout_after_commit", "POST */documents", True),
    ],
)
def test_a_contest_whose_answer_got_lost(
    disputed: str, razorpay: SandboxProcess, kind: str, match: str, is_lost: bool
) -> None:
    dispute = with_file(disputed)
    razorpay.control("faults", {"kind": kind, "match": match, "seconds": 2})
    if is_lost:
        with pytest.raises(GatewayError):
            contesting.contest_dispute(dispute_id=dispute.pk, note="Delivered")
        assert Dispute.objects.to_answer().count() == 1
    contesting.contest_dispute(dispute_id=dispute.pk, note="Delivered")
    assert at_razorpay(razorpay, disputed)["status"] == "under_review"


def test_contesting_that_a_dead_worker_left_is_finished_by_the_next_look(disputed: str) -> None:
    with_file(disputed)
    long_ago = clock.now() - timedelta(hours=1)
    Dispute.objects.update(contested_at=long_ago, contested_amount=500, evidence_note="Delivered")
    looking.look_for_disputes()
    assert Dispute.objects.get().status == "under_review"


def test_what_can_not_be_evidence(paid: Payment) -> None:
    dispute = tell("open")
    for changes, words in (
        ({"content": b"PK\x03\x04"}, "PDF"),
        ({"content": PDF + b" " * LARGEST}, "larger than 4 MB"),
        ({"proof": "rumour"}, "Choose one of"),
        ({"name": "a\nb"}, "line"),
    ):
        with pytest.raises(InvalidInput, match=words):
            with_file(dispute.razorpay_dispute_id, **changes)
    with pytest.raises(DomainError, match="at least one file"):
        contesting.contest_dispute(dispute_id=dispute.pk, note="Delivered")
    document = add_document(dispute_id=dispute.pk, proof="others", name="a.pdf", content=PDF)
    with pytest.raises(InvalidInput, match=r"at most ₹500\.00"):
        contesting.contest_dispute(dispute_id=dispute.pk, note="Delivered", amount=Decimal("500.01"))
    remove_document(document_id=document.pk)
    assert not dispute.documents.exists()


@pytest.mark.parametrize(
    ("phase", "most"),
    [("chargeback", "680.00"), ("arbitration", "680.00"), ("fraud", "1180.00"), ("retrieval", "1180.00")],
)
def test_what_a_dispute_may_take_is_not_refunded_as_well(paid: Payment, phase: str, most: str) -> None:
    tell("open", phase=phase)
    assert f"{refundable(paid):.2f}" == most
    amount = Decimal(most) + Decimal("0.01")
    with pytest.raises(InvalidInput, match=f"At most ₹{Decimal(most):,}"):
        ask_for_refund(payment_id=paid.pk, reason="Late", amount=amount)
    tell("won", phase=phase, later=1)
    assert refundable(paid) == 1180


def test_a_payment_that_is_disputed_as_a_whole_is_not_refunded(paid: Payment) -> None:
    tell("open", amount_minor=118000)
    with pytest.raises(DomainError, match="accept the dispute instead") as refused:
        ask_for_refund(payment_id=paid.pk, reason="Late", amount=None)
    assert refused.value.code == "DISPUTED"


def test_a_look_finds_what_no_message_told(razorpay: SandboxProcess, invoice: Invoice) -> None:
    order = collection.ensure_order(invoice_id=invoice.pk)
    payment = razorpay.pay(order.razorpay_order_id or "")
    hand_over(razorpay.deliveries())
    made = razorpay.control(f"payments/{payment['id']}/dispute", {"respond_within": 3600})
    assert looking.look_for_disputes() == 1
    assert Dispute.objects.get().razorpay_dispute_id == made["id"]
    assert Notification.objects.filter(kind="dispute_deadline").count() == 1
    razorpay.control(f"disputes/{made['id']}/lose")
    looking.look_for_disputes()
    assert money(invoice)[1] == "1180.00"
    assert Notification.objects.filter(kind="dispute_deadline").count() == 1


def test_accepting_that_a_dead_worker_left_is_finished_by_the_next_look(disputed: str) -> None:
    Dispute.objects.update(accepted_at=clock.now() - timedelta(hours=1))
    looking.look_for_disputes()
    assert Dispute.objects.get().status == "lost"
