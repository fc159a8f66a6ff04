"""A month with the bank: a statement is uploaded, lines are matched, booked, undone; twice and at once does no harm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.http.table_files import read_cells
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from payments.banking.layouts import Column
from payments.models import BankColumns, BankLine, BankStatement, Payment, WithheldTax
from payments.services.banking import booking
from payments.services.banking.importing import Imported, import_statement, is_statement
from payments.services.banking.proposing import proposals_for
from tests.payments.language import issued_invoice
from tests.payments.test_crediting import offline, state_of

HEADER = "Tran Date,CHQNO,PARTICULARS,DR,CR,BAL,SOL\n"


def row(text: str, amount: str, balance: str, *, day: str = "20-11-2026", number: str = "-") -> str:
    return f"{day},{number},{text},,{amount},{balance},1\n"


def upload(organisation: Organisation, *rows: str, header: str = HEADER, **changes: Any) -> Imported:
    cells = read_cells((header + "".join(rows)).encode(), most_rows=5000, is_table=is_statement)
    return import_statement(seller=organisation.billing_entity, cells=cells, **changes)


def best(line: BankLine) -> Any:
    return proposals_for([line])[line.pk][0]


@pytest.fixture
def line(acme: Organisation, invoice: Invoice) -> BankLine:
    upload(acme, row(f"NEFT-ACME-{invoice.number}", "1180.00", "1180.00", number="UTR20261120"))
    return BankLine.objects.get()


def test_days_that_overlap_store_each_line_once(acme: Organisation) -> None:
    twice = row("INTEREST", "10.00", "")  # two payments that nothing tells apart
    first = upload(acme, row("NEFT-A", "500.00", "500"), twice, twice)
    again = upload(acme, twice, twice, row("NEFT-B", "600.00", "1120", day="21-11-2026"))
    assert (len(first.new), len(again.new), len(again.known)) == (3, 1, 2)
    assert BankLine.objects.count() == 4
    assert len(upload(acme, row("NEFT-A", "500.00", "500")).new) == 0
    assert BankStatement.objects.count() == 2  # an upload that brings nothing leaves nothing
    assert len(upload(acme, row("NEFT-A", "500.00", "500"), account="4711").new) == 1


def test_a_dry_run_and_a_file_with_a_problem_store_nothing(acme: Organisation) -> None:
    good = row("NEFT-A", "500.00", "500")
    assert len(upload(acme, good, dry_run=True).new) == 1
    [problem] = upload(acme, good, row("NEFT-B", "5.00", "505", day="20-11-2099")).problems
    assert (problem.row, problem.sentence) == (3, "day: The day is in the future.")
    assert not BankLine.objects.exists()


def test_columns_that_nobody_knows_are_said_once_and_remembered(acme: Organisation) -> None:
    file = {"header": "Wann;Wer;Wieviel\n"}
    assert upload(acme, "20.11.2026;Somebody;500.00\n", **file).header_is_unknown
    columns = {Column.DAY: "Wann", Column.NARRATION: "Wer", Column.CREDIT: "Wieviel"}
    assert len(upload(acme, "20.11.2026;Somebody;500.00\n", **file, columns=columns).new) == 1
    assert len(upload(acme, "21.11.2026;Somebody;700.00\n", **file).new) == 1
    assert BankColumns.objects.count() == 1


def test_a_line_becomes_a_payment_and_undoing_makes_it_wait_again(line: BankLine, invoice: Invoice) -> None:
    proposal = best(line)
    assert proposal.is_sure
    payment = booking.book_proposal(line_id=line.pk, proposal=proposal)
    assert (payment.amount, payment.reference, payment.received_on) == (1180, "UTR20261120", date(2026, 11, 20))
    assert state_of(invoice) == ("paid", Decimal("1180"))
    assert Notification.objects.filter(kind="payment_received").count() == 1
    assert not BankLine.objects.waiting().exists()
    with pytest.raises(DomainError) as refused:
        booking.book_proposal(line_id=line.pk, proposal=proposal)
    assert refused.value.code == "LINE_IS_BOOKED"
    booking.undo_booking(line_id=line.pk, reason="Another customer's money")
    assert state_of(invoice) == ("finalized", Decimal("0"))
    assert BankLine.objects.waiting().get().state == "waiting"
    again = booking.book_proposal(line_id=line.pk, proposal=best(BankLine.objects.get()))
    assert again.pk != payment.pk
    assert Payment.objects.received().count() == 1


def test_one_transfer_pays_two_invoices_less_tax_withheld(acme: Organisation) -> None:
    one, other = issued_invoice(acme, "100000"), issued_invoice(acme, "50000")
    upload(acme, row(f"NEFT-X-{one.number} {other.number}", "162000.00", "1"))  # 177,000 less 10% of 150,000
    line = BankLine.objects.get()
    booking.book_proposal(line_id=line.pk, proposal=best(line))
    assert (state_of(one)[0], state_of(other)[0]) == ("paid", "paid")
    assert Payment.objects.get(kind="offline").amount == 162_000
    taxes = WithheldTax.objects.order_by("payment__amount")
    assert [(tax.payment.amount, tax.section_code, tax.rate) for tax in taxes] == [
        (5000, "1027", 10),
        (10000, "1027", 10),
    ]
    [receipt] = Notification.objects.filter(kind="payment_received")
    assert "more than" not in receipt.text
    booking.undo_booking(line_id=line.pk, reason="wrong")
    assert not Payment.objects.received().exists()
    assert (state_of(one)[0], state_of(other)[0]) == ("finalized", "finalized")


def test_a_transfer_that_was_recorded_by_hand_is_known_and_never_booked_again(
    acme: Organisation, invoice: Invoice
) -> None:
    recorded = offline(invoice, "500.00", reference="icicn52026112012345")
    upload(
        acme, row("NEFT/ICICN52026112012345/ACME", "500.00", "1"), row("NEFT/ICICN52026112099999/ACME", "80.00", "2")
    )
    known, other = BankLine.objects.order_by("row")
    assert (known.payment, known.state) == (recorded, "known")
    later = offline(invoice, "80.00", reference="ICICN52026112099999")  # after the upload
    assert booking.book_line(line_id=other.pk, invoice_ids=[invoice.pk]) == later
    assert Payment.objects.count() == 2


def test_more_than_is_due_is_asked_about(line: BankLine, acme: Organisation, invoice: Invoice) -> None:
    offline(invoice, "1000.00", reference="EARLIER")
    with pytest.raises(DomainError) as asked:
        booking.book_line(line_id=line.pk, invoice_ids=[invoice.pk])
    assert asked.value.code == "OVERPAYMENT"
    payment = booking.book_line(line_id=line.pk, invoice_ids=[invoice.pk], accept_overpayment=True)
    assert payment.unallocated == 1000


def test_what_reads_like_a_payout_has_no_proposal(acme: Organisation, invoice: Invoice) -> None:
    upload(acme, row(f"NEFT-RAZORPAY SOFTWARE PVT LTD-ACME {invoice.number}", "1180.00", "2"))
    assert proposals_for(BankLine.objects.waiting()) == {}


def test_what_is_set_aside_does_not_wait(line: BankLine) -> None:
    with pytest.raises(InvalidInput):
        booking.set_aside(line_id=line.pk, reason=" ")
    booking.set_aside(line_id=line.pk, reason="A loan")
    assert not BankLine.objects.waiting().exists()
    booking.take_up_again(line_id=line.pk)
    assert BankLine.objects.waiting().get() == line


def test_the_sure_lines_that_a_person_saw_are_booked_and_no_others(acme: Organisation, line: BankLine) -> None:
    upload(acme, row("NEFT-SOMEBODY", "77.00", "3"))
    chosen = {line.pk: best(line).key, BankLine.objects.get(amount=77).pk: "anything"}
    booked, left = booking.book_sure_lines(chosen=chosen)
    assert ([payment.amount for payment in booked], left) == ([1180], 1)


def test_a_payer_is_remembered_from_what_a_person_booked(acme: Organisation) -> None:
    first = issued_invoice(acme)
    upload(acme, row("UPI/612345678901/pay.desk@okaxis", "1180.00", "1"))
    booking.book_line(line_id=BankLine.objects.get().pk, invoice_ids=[first.pk])
    issued_invoice(acme)
    upload(acme, row("UPI/612345999999/pay.desk@okaxis", "1180.00", "2", day="21-11-2026"))
    assert best(BankLine.objects.waiting().get()).reasons[0] == "the same payer paid for this customer before"


@pytest.mark.django_db(transaction=True)
def test_two_who_book_one_line_at_once_make_one_payment(line: BankLine, invoice: Invoice) -> None:
    proposal = best(line)

    def book(_number: int) -> str:
        try:
            booking.book_proposal(line_id=line.pk, proposal=proposal)
            return "booked"
        except DomainError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(book, range(4)))
    assert outcomes == ["LINE_IS_BOOKED", "LINE_IS_BOOKED", "LINE_IS_BOOKED", "booked"]
    assert Payment.objects.count() == 1


@pytest.mark.parametrize(
    "change", [{"amount": 5}, {"payment": None, "outcome": ""}, {"outcome": ""}, {"set_aside_reason": "x"}]
)
def test_the_database_lets_no_booked_line_go(line: BankLine, change: dict[str, Any]) -> None:
    booking.book_proposal(line_id=line.pk, proposal=best(line))
    with (
        pytest.raises((IntegrityError, Exception), match=r"bank line|Bank line|violates|Cannot"),
        transaction.atomic(),
    ):
        BankLine.objects.update(**change)


def test_money_of_another_amount_is_not_the_lines(line: BankLine, invoice: Invoice) -> None:
    other = offline(invoice, "80.00", reference="X")
    with pytest.raises(IntegrityError, match="is not the money of bank line"), transaction.atomic():
        BankLine.objects.update(payment=other, outcome="booked")
