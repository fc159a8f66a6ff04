"""What Razorpay takes, gives back and pays out, in the books: debits and credits worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib import clock
from invoicing.models import Invoice
from payments.models import JournalItem, Payment, Payout, PayoutLine, Refund
from payments.services.journals.exporting import journal
from payments.services.journals.ledgers import USUAL, set_ledgers
from payments.services.payment_reports import apply_payment_report
from tests.payments.language import deliver, open_order, payment_entity, refund_entity, reported
from tests.payments.test_disputes import tell
from tests.payments.test_journals import FIRST, LAST, export, files, vouchers

BEGUN = datetime(2026, 11, 23, 6, tzinfo=UTC)


@pytest.fixture
def seller(invoice: Invoice) -> Any:
    set_ledgers(seller=invoice.billing_entity, names=USUAL, sales={})
    return invoice.billing_entity


@pytest.fixture
def paid(invoice: Invoice) -> Payment:
    """1,180.00, of which Razorpay has 23.60 and 4.25 of GST on it: 27.85."""
    order = open_order(invoice)
    return apply_payment_report(order_id=order.pk, report=reported(order, fee_minor=2785, tax_minor=425))


def by_hand(*amounts: tuple[str, str]) -> dict[str, Decimal]:
    return {ledger: Decimal(amount) for ledger, amount in amounts}


def booked(seller: Any, kind: str) -> dict[str, Decimal]:
    """The one voucher of a type in the next export."""
    [found] = [entries for type_, entries in vouchers(export(seller)) if type_ == kind]
    assert sum(found.values()) == 0
    return found


def paid_out(payment: Payment, **changes: Any) -> Payout:
    values = {"status": "processed", "amount": "1152.15"} | changes
    payout = Payout.objects.create(razorpay_payout_id="setl_1", utr="UTR1", begun_at=BEGUN, **values)
    PayoutLine.objects.create(
        payout=payout, kind="payment", entity_id="pay_1", payment=payment, amount=1180, credit="1152.15", fee="27.85",
        tax="4.25", happened_at=BEGUN,
    )  # fmt: skip
    return payout


def test_a_payment_passes_through_razorpays_ledger_into_the_bank(seller: Any, invoice: Invoice, paid: Payment) -> None:
    paid_out(paid)
    made = export(seller)
    name = invoice.organisation.name
    assert vouchers(made)[1:] == [
        (
            "Receipt",
            by_hand(
                ("Razorpay", "-1152.15"),
                ("Payment Gateway Charges", "-23.60"),
                ("Input GST on Charges", "-4.25"),
                (name, "1180.00"),
            ),
        ),
        ("Receipt", by_hand(("Bank", "-1152.15"), ("Razorpay", "1152.15"))),
    ]
    item = made.items.get(kind="payout")
    assert (item.organisation, item.amount, item.number) == (None, 0, "setl_1")
    assert journal(seller=seller, program="zoho", first=FIRST, last=LAST).counts["payout"] == 0  # from its bank feed


@pytest.mark.parametrize("change", [{"status": "created"}, {"amount": "1152.16"}])
def test_a_payout_waits_until_it_arrived_and_its_lines_add_up(seller: Any, paid: Payment, change: Any) -> None:
    paid_out(paid, **change)
    assert journal(seller=seller, program="tally", first=FIRST, last=LAST).counts["payout"] == 0


def test_a_payout_that_the_bank_sent_back_is_taken_back(seller: Any, paid: Payment) -> None:
    payout = paid_out(paid)
    export(seller)
    payout.status = "failed"
    payout.save()
    assert booked(seller, "Journal") == by_hand(("Bank", "1152.15"), ("Razorpay", "-1152.15"))


def test_a_lost_dispute_and_one_won_after_all(seller: Any, invoice: Invoice, paid: Payment) -> None:
    tell("lost", deducted=50000)
    made = export(seller)
    name = invoice.organisation.name
    assert vouchers(made)[-1] == ("Payment", by_hand((name, "-500.00"), ("Razorpay", "500.00")))
    assert made.items.get(kind="dispute").number == "disp_Test000000001"
    assert f"<NAME>{invoice.number}</NAME><BILLTYPE>Agst Ref</BILLTYPE><AMOUNT>-500.00<" in files(made)["vouchers.xml"]
    assert sum(item.amount for item in JournalItem.objects.all()) == 500  # due again
    tell("won", later=1)
    assert booked(seller, "Journal") == by_hand((name, "500.00"), ("Razorpay", "-500.00"))


def test_a_refund_is_booked_by_its_number_against_what_it_was_taken_off(
    seller: Any, invoice: Invoice, paid: Payment
) -> None:
    payment = payment_entity(paid.order, "captured", amount_refunded=18000)  # type: ignore[arg-type]
    deliver("refund.processed", {"refund": refund_entity("rfnd_1", 18000, "processed"), "payment": payment}, "evt_1")
    made = export(seller)
    name = invoice.organisation.name
    assert vouchers(made)[-1] == ("Payment", by_hand((name, "-180.00"), ("Razorpay", "180.00")))
    assert made.items.get(kind="refund").number == Refund.objects.get().refund_number
    assert f"<NAME>{invoice.number}</NAME><BILLTYPE>Agst Ref</BILLTYPE><AMOUNT>-180.00<" in files(made)["vouchers.xml"]


def test_the_refund_of_a_second_payment_was_on_account(seller: Any, invoice: Invoice, paid: Payment) -> None:
    second = apply_payment_report(order_id=paid.order_id, report=reported(paid.order, id="pay_Test0000000002"))  # type: ignore[arg-type]
    with clock.standing_at(clock.now() + timedelta(days=4)):  # its fee will not be named
        payment = payment_entity(paid.order, "refunded", id=second.razorpay_payment_id, amount_refunded=118000)  # type: ignore[arg-type]
        entity = refund_entity("rfnd_1", 118000, "processed") | {"payment_id": second.razorpay_payment_id}
        deliver("refund.processed", {"refund": entity, "payment": payment}, "evt_1")
        xml = files(export(seller))["vouchers.xml"]
    assert xml.count("<BILLTYPE>On Account</BILLTYPE><AMOUNT>1180.00<") == 1
    assert xml.count("<BILLTYPE>On Account</BILLTYPE><AMOUNT>-1180.00<") == 1
