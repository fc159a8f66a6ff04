"""Refunds that are asked for here: once, whatever Razorpay, the network, the bank or fifty operators do."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import CreditNote, Invoice
from organisations.models import BillingEntity, Notification, Organisation
from payments.models import Payment, Refund
from payments.services import collection
from payments.services.allocating import allocate, unallocate
from payments.services.refunding import sending
from payments.services.refunding.asking import refund_payment
from payments.services.refunding.notes import issue_note_of_refund
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import hand_over, issued_invoice
from tests.payments.test_crediting import offline


def paid(razorpay: SandboxProcess, invoice: Invoice) -> Payment:
    """The invoice is paid in full through Razorpay; all of its messages are read."""
    order = collection.ensure_order(invoice_id=invoice.pk)
    entity = razorpay.pay(order.razorpay_order_id or "", "success")
    hand_over(razorpay.deliveries())
    payment: Payment = Payment.objects.get(razorpay_payment_id=entity["id"])
    return payment


def at_razorpay(razorpay: SandboxProcess, payment: Payment) -> list[tuple[int, str]]:
    items = razorpay.client().payment.fetch_multiple_refund(payment.razorpay_payment_id, {"count": 100})["items"]
    return sorted((item["amount"], item["status"]) for item in items)


def standing(invoice: Invoice) -> tuple[str, Decimal, Decimal, Decimal, Decimal]:
    invoice.refresh_from_db()
    return invoice.status, invoice.amount_paid, invoice.amount_returned, invoice.amount_credited, invoice.amount_due


def refund(payment: Payment, amount: str | None = None, **more: Any) -> Refund:
    wanted = Decimal(amount) if amount else None
    return refund_payment(payment_id=payment.pk, amount=wanted, reason="Part of the set-up was left out", **more)


def follow(row: Refund) -> Refund:
    """The worker's next round, however late it is."""
    Refund.objects.filter(pk=row.pk, next_attempt_at__isnull=False).update(next_attempt_at=clock.now())
    for refund_id in sending.due_refunds():
        sending.follow_refund(refund_id=refund_id)
    row.refresh_from_db()
    return row


def test_a_partial_refund_takes_back_its_part_of_the_invoice_tax_and_all(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    payment = paid(razorpay, invoice)
    row = refund(payment, "180.00")
    assert (row.status, row.refund_number[:10], row.is_full) == ("processed", "RFD/26-27/", False)
    assert at_razorpay(razorpay, payment) == [(18000, "processed")]
    note = row.credit_note
    assert note is not None
    assert (note.kind, note.subtotal, note.tax_total, note.total) == (
        "gst",
        152 + Decimal("0.54"),
        Decimal("27.46"),
        180,
    )
    assert standing(invoice) == ("partially_refunded", 1000, 0, 180, 0)
    payment.refresh_from_db()
    assert (payment.status, payment.amount_refunded, payment.unallocated) == ("captured", 180, 0)
    assert not Payment.objects.refunds_to_decide().exists()
    hand_over(razorpay.deliveries())  # its messages tell nothing new
    assert Refund.objects.count() == CreditNote.objects.count() == 1
    kinds = Notification.objects.filter(kind__startswith="refund").values_list("kind", flat=True)
    assert list(kinds) == ["refund_done"]


def test_all_that_is_left_goes_back_and_the_last_note_takes_the_rest(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    payment = paid(razorpay, invoice)
    refund(payment, "33.33")
    rest = refund(payment)
    assert rest.amount == Decimal("1146.67")
    assert standing(invoice) == ("refunded", 0, 0, 1180, 0)
    assert sum(CreditNote.objects.values_list("tax_total", flat=True)) == 180
    payment.refresh_from_db()
    assert payment.status == "refunded"
    with pytest.raises(DomainError, match="went back") as refused:
        refund(payment)
    assert refused.value.code == "NOTHING_TO_REFUND"


@pytest.mark.parametrize(
    ("afterwards", "expected"),
    [
        ("leave", ("partially_refunded", 1000, 180, 0, 0)),
        ("ask_again", ("partially_paid", 1000, 0, 0, 180)),
    ],
)
def test_without_a_note_the_invoice_is_left_or_asks_again(
    razorpay: SandboxProcess, invoice: Invoice, afterwards: str, expected: Any
) -> None:
    row = refund(paid(razorpay, invoice), "180.00", afterwards=afterwards)
    assert (row.status, row.credit_note) == ("processed", None)
    assert standing(invoice) == expected
    assert not Payment.objects.refunds_to_decide().exists()


def test_a_seller_may_be_without_notes(razorpay: SandboxProcess, invoice: Invoice) -> None:
    BillingEntity.objects.update(credit_note_on_refund=False)
    refund(paid(razorpay, invoice))
    assert standing(invoice) == ("refunded", 0, 1180, 0, 0)


def test_what_is_credited_to_no_invoice_goes_back_without_a_note(razorpay: SandboxProcess, invoice: Invoice) -> None:
    """Paid by transfer while the payer was at the checkout: the second payment is nobody's."""
    order = collection.ensure_order(invoice_id=invoice.pk)
    offline(invoice, "1180.00")
    entity = razorpay.pay(order.razorpay_order_id or "", "success")
    hand_over(razorpay.deliveries())
    payment = Payment.objects.get(razorpay_payment_id=entity["id"])
    assert payment.unallocated == 1180
    row = refund(payment)
    assert (row.status, row.afterwards, row.off_invoice) == ("processed", "", 0)
    assert standing(invoice) == ("paid", 1180, 0, 0, 0)
    assert not Payment.objects.not_placed().exists()


def test_after_the_last_day_for_gst_the_note_gives_no_tax_back(razorpay: SandboxProcess, invoice: Invoice) -> None:
    payment = paid(razorpay, invoice)
    with clock.standing_at(datetime(2027, 12, 1, 6, tzinfo=UTC)):
        row = refund(payment)
    assert row.credit_note is not None
    assert (row.credit_note.kind, row.credit_note.total) == ("commercial", 1000)
    assert standing(invoice) == ("refunded", 0, 180, 1000, 0)
    assert not Payment.objects.refunds_to_decide().exists()


def test_a_worker_that_dies_before_the_note_leaves_it_to_the_next(
    razorpay: SandboxProcess, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_args: Any, **_kwargs: Any) -> None:
        raise Killed

    payment = paid(razorpay, invoice)
    with monkeypatch.context() as patched:
        patched.setattr(sending, "issue_wanted_note", die)
        with pytest.raises(Killed):
            refund(payment, "180.00")
    row = Refund.objects.get()
    assert follow(row).credit_note is None  # its claim stands for three minutes
    with clock.standing_at(datetime.now(UTC) + Refund.claim_lasts * 2):
        row = follow(row)
    assert (row.status, row.credit_note is not None) == ("processed", True)


def test_a_lost_message_is_made_good_by_asking(razorpay: SandboxProcess, invoice: Invoice) -> None:
    razorpay.control("settings", {"refund_outcome": "pending"})
    payment = paid(razorpay, invoice)
    row = refund(payment, "180.00")
    assert (row.status, row.credit_note is not None) == ("pending", True)
    razorpay.control(f"refunds/{row.razorpay_refund_id}/process")
    row = follow(row)
    assert (row.status, len(row.bank_reference), row.next_attempt_at) == ("processed", 23, None)
    kinds = Notification.objects.filter(kind__startswith="refund").order_by("created_at")
    assert list(kinds.values_list("kind", flat=True)) == ["refund_started", "refund_done"]


def test_a_refund_that_the_bank_fails_leaves_its_note_and_the_money_as_excess(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    razorpay.control("settings", {"refund_outcome": "pending"})
    payment = paid(razorpay, invoice)
    row = refund(payment, "180.00")
    razorpay.control(f"refunds/{row.razorpay_refund_id}/fail")
    row = follow(row)
    assert (row.status, bool(row.failure)) == ("failed", True)
    assert standing(invoice) == ("paid", 1000, 0, 180, 0)
    payment.refresh_from_db()
    assert (payment.amount_refunded, payment.unallocated) == (0, 180)
    assert Notification.objects.filter(kind="refund_failed").exists()
    razorpay.control("settings", {"refund_outcome": "processed"})
    again = refund(payment, "180.00", retry_of=row.pk)
    assert (again.status, again.credit_note) == ("processed", None)  # the note stands already
    payment.refresh_from_db()
    assert payment.unallocated == 0
    assert standing(invoice) == ("partially_refunded", 1000, 0, 180, 0)
    with pytest.raises(DomainError, match="tried again already"):
        refund(payment, "180.00", retry_of=row.pk)


@pytest.mark.parametrize(
    ("prepare", "words"), [("balance", "enough balance"), ("old", "more than 6 months old"), ("dashboard", "refund")]
)
def test_what_razorpay_refuses_is_the_invoices_money_again_and_says_why(
    razorpay: SandboxProcess, invoice: Invoice, prepare: str, words: str
) -> None:
    payment = paid(razorpay, invoice)
    if prepare == "balance":
        razorpay.control("settings", {"balance_empty": True})
    elif prepare == "old":
        razorpay.control("clock", {"advance_seconds": 200 * 86400})
    else:
        razorpay.control(f"payments/{payment.razorpay_payment_id}/refund", {"amount": 100000})
    row = refund(payment)
    assert row.status == "failed"
    assert words in row.failure
    assert not Notification.objects.filter(kind="refund_failed").exists()
    payment.refresh_from_db()
    if prepare == "dashboard":  # whose message has not come yet
        assert standing(invoice) == ("partially_refunded", 180, 1000, 0, 0)
        assert payment.amount_refunded == 1000
    else:
        assert standing(invoice) == ("paid", 1180, 0, 0, 0)
        assert payment.amount_refunded == 0


def test_a_refund_of_the_dashboard_is_taken_over_and_gets_its_note(razorpay: SandboxProcess, invoice: Invoice) -> None:
    payment = paid(razorpay, invoice)
    razorpay.control(f"payments/{payment.razorpay_payment_id}/refund", {"amount": 18000})
    hand_over(razorpay.deliveries())
    row = Refund.objects.get()
    assert (row.asked_here, row.status, row.credit_note) == (False, "processed", None)
    assert list(Payment.objects.refunds_to_decide()) == [payment]
    note = issue_note_of_refund(refund_id=row.pk, reason="Refunded by the finance team")
    assert (note.total, note.reason_text) == (180, "Refunded by the finance team")
    assert standing(invoice) == ("partially_refunded", 1000, 0, 180, 0)
    assert not Payment.objects.refunds_to_decide().exists()
    with pytest.raises(DomainError) as refused:
        issue_note_of_refund(refund_id=row.pk, reason="Twice")
    assert refused.value.code == "NOTHING_TO_NOTE"


def test_what_two_invoices_were_credited_with_goes_back_one_after_the_other(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    """Of 1,180.00 an operator credits 680.00 to their own invoice, and 500.00 to the next."""
    payment = paid(razorpay, invoice)
    second = issued_invoice(invoice.organisation)
    unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="A part is meant for the next")
    allocate(payment_id=payment.pk, amounts={invoice.pk: Decimal(680)})
    allocate(payment_id=payment.pk, amounts={second.pk: Decimal(500)})
    with pytest.raises(DomainError) as refused:
        refund(payment)
    assert refused.value.code == "REFUND_REACHES_TWO_INVOICES"
    assert "Refund ₹500.00 first" in refused.value.message
    assert f"₹680.00 of invoice {invoice}" in refused.value.message
    assert not Refund.objects.exists()
    assert [refund(payment, amount).invoice for amount in ("500.00", "680.00")] == [second, invoice]
    assert CreditNote.objects.count() == 2
    # the note and the refund lower what is due once, though the note is some paise smaller
    assert standing(second) == ("partially_refunded", 0, Decimal("0.02"), Decimal("499.98"), 680)
    assert standing(invoice)[-1] == 500


def test_amounts_and_reasons_that_can_not_be(razorpay: SandboxProcess, invoice: Invoice) -> None:
    payment = paid(razorpay, invoice)
    for amount, words in (("1180.01", "At most ₹1,180.00"), ("0.99", "minimum"), ("10.001", "decimal")):
        with pytest.raises(InvalidInput, match=words):
            refund(payment, amount)
    with pytest.raises(InvalidInput, match="Say why"):
        refund_payment(payment_id=payment.pk, reason=" ")
    with pytest.raises(DomainError) as refused:
        refund(offline(issued_invoice(invoice.organisation), "1180.00"))
    assert refused.value.code == "NOT_REFUNDABLE_ONLINE"
    assert not Refund.objects.exists()


def test_the_database_lets_no_more_be_asked_for_than_was_paid(razorpay: SandboxProcess, invoice: Invoice) -> None:
    payment = paid(razorpay, invoice)
    refund(payment, "1000.00")
    with pytest.raises(IntegrityError, match="smaller than its refunds"), transaction.atomic():
        Refund.objects.create(
            payment=payment,
            refund_number="RFD/X",
            kind="gateway",
            status="pending",
            amount=Decimal("180.01"),
            currency="INR",
            refunded_on=clock.today("Asia/Kolkata"),
        )


@pytest.mark.django_db(transaction=True)
def test_fifty_requests_at_once_refund_what_there_is_and_no_more(razorpay: SandboxProcess, acme: Organisation) -> None:
    """Of fifty requests for 100.00 of 1180.00, eleven are granted."""
    payment = paid(razorpay, issued_invoice(acme))
    granted: list[Refund] = []
    refused: list[str] = []

    def ask() -> None:
        try:
            granted.append(refund(payment, "100.00"))
        except DomainError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for row in Refund.objects.all():
        follow(row)
    assert (len(granted), len(refused)) == (11, 39)
    assert at_razorpay(razorpay, payment) == [(10000, "processed")] * 11
    payment.refresh_from_db()
    assert payment.amount_refunded == 1100
    assert len(set(Refund.objects.values_list("refund_number", flat=True))) == 11
    assert CreditNote.objects.count() == 11
