"""Cheques: nothing until the bank has cleared them, and nothing again once it sends them back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import Invoice, RecurringFee
from organisations.models import Notification, Organisation
from payments.models import BankLine, Cheque, Payment
from payments.services import cheques
from payments.services.banking import booking
from payments.services.offline import reverse_payment
from tests.payments.language import issued_invoice
from tests.payments.test_bank_statements import row, upload
from tests.payments.test_crediting import offline, state_of

DAY = date(2026, 11, 20)


def received(invoice: Invoice | None = None, **changes: Any) -> Cheque:
    values: dict[str, Any] = {
        "number": "000123",
        "bank": "HDFC Bank",
        "dated": DAY,
        "received_on": DAY,
        "amount": Decimal("1180"),
    }
    return cheques.record_cheque(invoice_id=invoice.pk if invoice else None, **values | changes)


def deposited(cheque: Cheque, day: date = DAY) -> Cheque:
    [found] = cheques.deposit_cheques(cheque_ids=[cheque.pk], day=day)
    return found


def mails(kind: str) -> list[Notification]:
    return list(Notification.objects.filter(kind=kind))


def test_a_cheque_counts_from_the_day_on_which_it_cleared(invoice: Invoice) -> None:
    cheque = received(invoice, with_mail=True)
    assert "counts as paid once the bank has cleared it" in mails("cheque_received")[0].text
    deposited(cheque)
    assert (state_of(invoice), Payment.objects.count()) == (("finalized", 0), 0)
    cleared = cheques.clear_cheque(cheque_id=cheque.pk, day=DAY + timedelta(days=2))
    payment = Payment.objects.get()
    assert (cleared.status, cleared.payment) == ("cleared", payment)
    assert (payment.method, payment.reference, payment.received_on) == ("cheque", "000123", date(2026, 11, 22))
    assert state_of(invoice) == ("paid", Decimal("1180"))
    assert "Cheque" in mails("payment_received")[0].text
    with pytest.raises(DomainError, match="is cleared"):
        cheques.clear_cheque(cheque_id=cheque.pk, day=DAY + timedelta(days=2))


def test_a_cheque_that_bounces_before_it_cleared_changes_no_money(invoice: Invoice) -> None:
    cheque = deposited(received(invoice))
    cheques.bounce_cheque(cheque_id=cheque.pk, day=DAY, reason="Funds insufficient")
    assert (state_of(invoice), Payment.objects.count()) == (("finalized", 0), 0)
    [mail] = mails("cheque_bounced")
    assert "Funds insufficient" in mail.text
    assert "₹1,180.00" in mail.text
    again = received(invoice)  # presented again
    assert again.status == "received"


def test_a_cheque_that_bounces_after_it_cleared_is_reversed_and_charged(acme: Organisation, invoice: Invoice) -> None:
    cheque = cheques.clear_cheque(cheque_id=deposited(received(invoice)).pk, day=DAY)
    upload(acme, row("CLG-000123-ACME", "1180.00", "1180.00", number="000123"))
    assert BankLine.objects.get().state == "known"
    bounced = cheques.bounce_cheque(
        cheque_id=cheque.pk, day=DAY, reason="Funds insufficient", charge=Decimal("500"), charge_sac="999799"
    )
    assert state_of(invoice) == ("finalized", 0)
    assert (Payment.objects.get().status, bounced.status) == ("reversed", "bounced")
    assert BankLine.objects.get().state == "set_aside"
    fee = RecurringFee.objects.get()
    assert (bounced.charge, fee.amount, fee.sac) == (fee, 500, "999799")
    assert "₹500.00, on your next invoice" in mails("cheque_bounced")[0].text
    assert mails("payment_reversed") == []  # one mail says it


def test_clearing_by_mistake_is_taken_back_on_the_payment(invoice: Invoice) -> None:
    cheque = cheques.clear_cheque(cheque_id=received(invoice).pk, day=DAY)
    assert cheque.payment_id is not None
    reverse_payment(payment_id=cheque.payment_id, reason="It was another cheque")
    cheque.refresh_from_db()
    assert (cheque.status, cheque.cleared_on, state_of(invoice)) == ("deposited", None, ("finalized", 0))
    assert cheques.clear_cheque(cheque_id=cheque.pk, day=DAY).status == "cleared"
    assert state_of(invoice) == ("paid", Decimal("1180"))


def test_without_an_invoice_that_is_due_its_money_is_on_account(acme: Organisation, invoice: Invoice) -> None:
    first, other = received(invoice), received(organisation_id=acme.pk, number="000124")
    offline(invoice, "1180.00")
    cheques.clear_cheque(cheque_id=first.pk, day=DAY)
    later = issued_invoice(acme)
    cheques.clear_cheque(cheque_id=other.pk, day=DAY, oldest_first=True)
    assert [payment.invoice for payment in Payment.objects.filter(method="cheque")] == [None, None]
    assert state_of(later) == ("paid", Decimal("1180"))


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"number": " "}, "number"),
        ({"bank": "x" * 61}, "bank"),
        ({"amount": Decimal("0")}, "amount"),
        ({"amount": Decimal("1.001")}, "amount"),
        ({"received_on": date(2099, 1, 1)}, "received_on"),
        ({"dated": date(1999, 1, 1)}, "dated"),
        ({"dated": date(2026, 8, 19)}, "CHEQUE_OUT_OF_DATE"),
    ],
)
def test_what_no_bank_takes_is_refused(invoice: Invoice, changes: dict[str, Any], refusal: str) -> None:
    with pytest.raises(DomainError) as refused:
        received(invoice, **changes)
    assert refusal in (refused.value.code, *refused.value.details)
    assert not Cheque.objects.exists()


def test_days_of_a_cheque_are_in_order(invoice: Invoice) -> None:
    cheque = received(invoice, dated=DAY + timedelta(days=2), received_on=DAY - timedelta(days=1))
    with pytest.raises(InvalidInput, match="no bank takes it before"):
        deposited(cheque, DAY)
    with pytest.raises(DomainError, match="in hand"):
        cheques.bounce_cheque(cheque_id=cheque.pk, day=DAY, reason="No")
    deposited(cheque, DAY + timedelta(days=3))
    with pytest.raises(InvalidInput, match="can't be earlier"):
        cheques.clear_cheque(cheque_id=cheque.pk, day=DAY + timedelta(days=2))


def test_one_cheque_is_recorded_once_and_its_money_on_it(invoice: Invoice) -> None:
    received(invoice)
    with pytest.raises(DomainError, match="recorded already"):
        received(invoice, bank="hdfc bank")
    with pytest.raises(DomainError, match="waits to clear"):
        offline(invoice, "1180.00", method="cheque", reference="000123")
    cheques.cancel_cheque(cheque_id=Cheque.objects.get().pk, reason="Given back")
    assert offline(invoice, "1180.00", method="cheque", reference="000123").status == "captured"


def test_a_bank_line_of_a_cheque_clears_it_and_is_booked_no_other_way(acme: Organisation, invoice: Invoice) -> None:
    cheque = received(invoice)
    upload(acme, row(f"BY CLG 000123 {invoice.number}", "1180.00", "1", number="123"))
    line = BankLine.objects.get()
    with pytest.raises(DomainError, match="money of Cheque 000123"):
        booking.book_line(line_id=line.pk, invoice_ids=[invoice.pk])
    payment = booking.book_cheque(line_id=line.pk, cheque_id=cheque.pk)
    cheque.refresh_from_db()
    assert (cheque.status, cheque.cleared_on, cheque.payment) == ("cleared", line.day, payment)
    assert (BankLine.objects.get().payment, state_of(invoice)) == (payment, ("paid", Decimal("1180")))


@pytest.mark.django_db(transaction=True)
def test_two_who_clear_one_cheque_at_once_make_one_payment(invoice: Invoice) -> None:
    cheque = deposited(received(invoice))

    def clear(_number: int) -> str:
        try:
            return cheques.clear_cheque(cheque_id=cheque.pk, day=DAY).status
        except DomainError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(clear, range(4)))
    assert outcomes == ["CHEQUE_NOT_TO_CLEAR"] * 3 + ["cleared"]
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"amount": Decimal(5)}, "Cannot update"),
        ({"status": "cleared", "cleared_on": DAY, "deposited_on": DAY}, "without the payment"),
        ({"status": "bounced", "bounced_on": DAY, "deposited_on": DAY, "reason": "x"}, "transition"),
        ({"status": "cancelled"}, "says_why"),
        ({"deposited_on": DAY - timedelta(days=9), "status": "deposited"}, "in_order"),
    ],
)
def test_the_database_lets_no_cheque_become_what_it_is_not(invoice: Invoice, change: Any, words: str) -> None:
    received(invoice)
    with pytest.raises(DatabaseError, match=words), transaction.atomic():
        Cheque.objects.update(**change)


def test_the_payment_of_a_cleared_cheque_stands(acme: Organisation) -> None:
    cheques.clear_cheque(cheque_id=received(organisation_id=acme.pk).pk, day=DAY)
    with transaction.atomic():
        Payment.objects.update(status="reversed", reversed_at=clock.now(), reversal_reason="x")
        with connection.cursor() as cursor, pytest.raises(DatabaseError, match="cheque that has cleared"):
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)
