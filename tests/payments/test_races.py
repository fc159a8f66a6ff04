"""Two people, or one with a nervous finger, do the same thing at the same moment: it is done once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice
from organisations.models import Organisation
from payments.models import Mandate, Payment, PaymentAllocation, RetryTry
from payments.services.allocating import allocate, unallocate
from payments.services.dunning.retry_orders import retry_now
from payments.services.mandates.registering import cancel_mandate, request_mandate
from payments.services.offline import reverse_payment
from payments.services.on_account import record_payment_on_account
from payments.services.payment_reports import apply_payment_report
from payments.services.refunds import record_refund
from tests import factories
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import issued_invoice, open_order, reported
from tests.payments.test_crediting import offline

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4
DAY = date(2026, 11, 20)


def at_once(act: Callable[[int], Any]) -> list[str]:
    """What became of each of four calls: "done", or the code of the refusal."""
    start = Barrier(AT_ONCE)

    def call(number: int) -> str:
        try:
            start.wait(10)
            act(number)
        except DomainError as refused:
            return refused.code
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sorted(pool.map(call, range(AT_ONCE)))


@pytest.fixture
def customer() -> Organisation:
    return factories.organisation("Acme")


@pytest.fixture
def owed(customer: Organisation) -> Invoice:
    return issued_invoice(customer)


def on_account(customer: Organisation, amount: str = "1180") -> Payment:
    return record_payment_on_account(
        organisation_id=customer.pk,
        amount=Decimal(amount),
        method="bank_transfer",
        reference="UTR-9",
        received_on=DAY,
    )


def once(refusal: str) -> list[str]:
    return sorted(["done", *[refusal] * (AT_ONCE - 1)])


def test_a_payment_is_allocated_once(customer: Organisation, owed: Invoice) -> None:
    payment = on_account(customer)
    amounts = {owed.pk: Decimal("1180")}
    assert at_once(lambda _: allocate(payment_id=payment.pk, amounts=amounts)) == once("NOTHING_TO_CREDIT")
    assert PaymentAllocation.objects.count() == 1


def test_a_payment_is_taken_off_once(owed: Invoice) -> None:
    payment = offline(owed, "1180.00")
    taken = at_once(lambda _: unallocate(payment_id=payment.pk, invoice_id=owed.pk, reason="wrong"))
    assert taken == once("NOTHING_TO_TAKE_OFF")


def test_a_transfer_is_recorded_once(customer: Organisation) -> None:
    assert at_once(lambda _: on_account(customer)) == once("PAYMENT_ALREADY_RECORDED")


def test_money_is_transferred_back_once(customer: Organisation) -> None:
    payment = on_account(customer)

    def back(number: int) -> None:
        record_refund(payment_id=payment.pk, amount=Decimal("1180"), reference=f"R-{number}", refunded_on=DAY)

    assert at_once(back) == once("NOTHING_TO_REFUND")


def test_a_payment_is_reversed_or_allocated_never_both(customer: Organisation, owed: Invoice) -> None:
    payment = on_account(customer)

    def either(number: int) -> None:
        if number % 2:
            allocate(payment_id=payment.pk)
        else:
            reverse_payment(payment_id=payment.pk, reason="It bounced")

    at_once(either)
    owed.refresh_from_db()
    payment.refresh_from_db()
    assert (payment.status, payment.allocated, owed.amount_paid, owed.status) == ("reversed", 0, 0, "finalized")


def test_a_failed_payment_is_tried_again_once(owed: Invoice) -> None:
    order = open_order(owed)
    failed = apply_payment_report(order_id=order.pk, report=reported(order, "failed"))
    assert at_once(lambda _: retry_now(payment_id=failed.pk, by="somebody")) == ["done"] * AT_ONCE
    assert RetryTry.objects.count() == 1


def test_one_mandate_at_a_time_waits_for_the_payer_and_is_cancelled_once(
    razorpay: SandboxProcess, customer: Organisation
) -> None:
    """The pay page asks, which anybody with the link may open in four windows."""

    def ask(number: int) -> None:
        request_mandate(
            organisation=customer,
            seller=customer.billing_entity,  # type: ignore[arg-type]  # it has one
            method="upi",
            phone=f"+91987654321{number}",
            max_amount=Decimal("1000"),
            asked_by="the payer",
        )

    assert at_once(ask) == once("MANDATE_WAITS")
    mandate = Mandate.objects.get()
    assert at_once(lambda _: cancel_mandate(mandate_id=mandate.pk)) == once("MANDATE_OVER")
