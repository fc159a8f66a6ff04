"""Whatever is done to money, in whatever order: the sums hold after each step, and Razorpay tells the same story."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError
from hypothesis import HealthCheck, Phase, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import run_state_machine_as_test

from invoicing.models import Invoice
from organisations.models import Organisation
from payments import receivers
from payments.gateways.entities import parse_refund
from payments.models import Payment
from payments.receivables import movements
from payments.services import crediting, offline
from payments.services.allocating import unallocate
from payments.services.payment_reports import apply_payment_report
from payments.services.refunding import sending
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import open_order, refund_entity, reported
from tests.payments.money_machine import MoneyMachine
from tests.payments.test_disputes import money, tell


def run(
    razorpay: SandboxProcess,
    customer: Organisation,
    *,
    stories: int,
    steps: int,
    same: bool,
    phases: Any = tuple(Phase),
) -> None:
    """`same`: the same stories each time, for a suite that says the same of the same code."""
    machine = type("Story", (MoneyMachine,), {"razorpay": razorpay, "customer": customer})
    profile = settings(
        max_examples=stories,
        stateful_step_count=steps,
        derandomize=same,
        database=None if same else DirectoryBasedExampleDatabase(".hypothesis/examples"),
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=profile)


@pytest.fixture
def razorpay(razorpay: SandboxProcess, settings: Any) -> SandboxProcess:
    """Nobody is in a hurry: a busy machine is no fault of Razorpay's."""
    settings.RAZORPAY_TIMEOUT_SECONDS = (30.0, 30.0)
    return razorpay


def test_any_story_of_money_ends_right(razorpay: SandboxProcess, acme: Organisation) -> None:
    run(razorpay, acme, stories=12, steps=20, same=True)


# --- what it found ----------------------------------------------------------------------------------------------------


def test_a_dispute_takes_what_is_here_again_after_a_refund_failed(invoice: Invoice) -> None:
    order = open_order(invoice)
    payment = apply_payment_report(order_id=order.pk, report=reported(order))
    back = reported(order, amount_refunded_minor=100_000)
    refund = parse_refund(refund_entity("rfnd_1", 100_000, "processed"))
    apply_payment_report(order_id=order.pk, report=back, refund=refund)
    dispute = tell("lost", deducted=50_000)
    assert dispute.amount_taken == 180
    failed = parse_refund(refund_entity("rfnd_1", 100_000, "failed"))
    apply_payment_report(order_id=order.pk, report=back, refund=failed)
    dispute.refresh_from_db()
    payment.refresh_from_db()
    assert (dispute.amount_taken, payment.net, payment.allocated) == (500, 680, 680)
    assert money(invoice)[1:] == ("500.00", "500.00")


def test_a_dispute_that_is_won_pays_no_invoice_off_which_an_operator_took_the_payment(invoice: Invoice) -> None:
    order = open_order(invoice)
    payment = apply_payment_report(order_id=order.pk, report=reported(order))
    tell("lost", deducted=50_000)
    unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="paid by mistake")
    tell("won", later=1)
    payment.refresh_from_db()
    assert (payment.unallocated, money(invoice)[1]) == (1180, "1180.00")


# --- slow -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_many_long_stories_of_money_end_right(razorpay: SandboxProcess, acme: Organisation) -> None:
    run(razorpay, acme, stories=300, steps=40, same=False)


def does_nothing(*_args: Any, **_named: Any) -> None:
    pass


def a_failed_refund_counts(payment: Payment) -> None:
    payment.amount_refunded = sum((row.amount for row in payment.refunds.all()), Decimal(0))


PLANTED = {
    "a failed refund counts as given back": (sending, "count_refunds", a_failed_refund_counts),
    "an invoice that is paid is asked for": (crediting, "retire_orders", does_nothing),
    "nobody is told of money that pays nothing": (crediting, "note_problems", does_nothing),
    "a credit note leaves too much paid": (receivers, "take_back_excess", does_nothing),
    "a payment that bounced still pays": (offline, "credit_payment", does_nothing),
    "the balance forgets refunds that failed": (
        movements,
        "_BALANCES",
        movements._BALANCES.replace("returned\n    WHERE status = 'failed'", "returned WHERE FALSE"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_the_machine_finds_what_is_planted(
    name: str, razorpay: SandboxProcess, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(*PLANTED[name])
    with pytest.raises((AssertionError, DatabaseError)):
        run(razorpay, acme, stories=60, steps=40, same=False, phases=[Phase.generate])
