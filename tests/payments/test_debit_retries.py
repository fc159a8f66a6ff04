"""Retries that debit a mandate, told to their end; and a debit at the very moment at which its payer pays the link."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from billing_platform.lib import clock as platform_clock
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from payments.models import Mandate, MandateCharge, Payment, PaymentAllocation, PaymentRetry
from payments.services.collection import create_payment_link
from payments.services.dunning import reminders, retries
from payments.services.dunning.retry_orders import why_not_retryable
from payments.services.offline import record_offline_payment
from tests.payments.debits import Bank, announced, asked, confirmed, mailed, run
from tests.payments.language import issued_invoice


@dataclass
class Story:
    """A debit of an issued invoice that failed, and what follows by the clock."""

    bank: Bank
    mandate: Mandate
    invoice: Invoice
    plan: PaymentRetry

    def attempt(self) -> MandateCharge | None:
        """The attempt that is due, and its debit; the notice leaves at once."""
        assert self.plan.next_attempt_at is not None
        self.bank.passes(seconds=(self.plan.next_attempt_at - platform_clock.now()).total_seconds())
        retries.attempt_retry(plan_id=self.plan.pk)
        self.plan.refresh_from_db()
        mailed("debit_notice")
        debit: MandateCharge | None = MandateCharge.objects.live().filter(invoice=self.invoice).first()
        return run(debit) if debit else None

    def bank_says(self, outcome: str, **more: str) -> None:
        """The attempt that is due, debited a day later, with the bank's answer."""
        debit = self.attempt()
        assert debit is not None
        self.bank.passes(hours=26)
        assert run(debit).status == "asked", debit.reason
        self.bank.razorpay.control(f"payments/{debit.razorpay_payment_id}/debit", {"outcome": outcome, **more})
        self.bank.post()
        retries.settle_retries(invoice_id=self.invoice.pk)
        self.plan.refresh_from_db()

    def is_paid_by_transfer(self) -> None:
        record_offline_payment(
            invoice_id=self.invoice.pk, amount=self.invoice.total, method="bank_transfer", reference="UTR1",
            received_on=platform_clock.today("Asia/Kolkata"),
        )  # fmt: skip
        retries.settle_retries(invoice_id=self.invoice.pk)
        self.plan.refresh_from_db()


@pytest.fixture
def story(bank: Bank, acme: Organisation) -> Story:
    mandate, invoice = confirmed(bank, acme, method="card"), issued_invoice(acme)
    charge = asked(bank, invoice)
    bank.razorpay.control(f"payments/{charge.razorpay_payment_id}/debit", {"outcome": "failed"})
    bank.post()
    return Story(bank, mandate, invoice, PaymentRetry.objects.get())


def second_succeeds(story: Story) -> None:
    story.bank_says("failed", reason="insufficient_funds")
    story.bank_says("captured")


def all_fail(story: Story) -> None:
    for _ in range(3):
        story.bank_says("failed", reason="insufficient_funds")
    assert story.attempt() is None  # the last wait is over


def revoked_after_the_notice(story: Story) -> None:
    assert story.attempt()
    story.bank.razorpay.control(f"tokens/{story.mandate.razorpay_token_id}/cancel")
    story.bank.post()
    assert story.attempt() is None


def above_the_limit(story: Story) -> None:
    Mandate.objects.update(status="cancelled")
    confirmed(story.bank, story.invoice.organisation, method="upi", max_amount=Decimal(1_000))
    assert story.attempt() is None


def paid_in_between(story: Story) -> None:
    debit = story.attempt()
    assert debit is not None
    story.is_paid_by_transfer()
    story.bank.passes(hours=26)
    assert run(debit).status == "cancelled"


def bank_takes_its_time(story: Story) -> None:
    debit = story.attempt()
    assert debit is not None
    story.bank.passes(hours=26)
    run(debit)
    assert story.attempt() == debit  # due, and waits: nothing else is tried, and nothing counted
    story.bank.razorpay.control(f"payments/{debit.razorpay_payment_id}/debit", {"outcome": "captured"})
    story.bank.post()
    retries.settle_retries(invoice_id=story.invoice.pk)
    story.plan.refresh_from_db()


@pytest.mark.parametrize(
    ("tell", "status", "tries", "debits", "given_up"),
    [
        (second_succeeds, "succeeded", "mandate failed, mandate paid", 3, 0),
        (all_fail, "exhausted", "mandate failed, mandate failed, mandate failed", 4, 1),
        (revoked_after_the_notice, "scheduled", "mandate failed, link asked", 2, 0),
        (above_the_limit, "scheduled", "link asked", 1, 0),
        (paid_in_between, "cancelled", "mandate failed", 2, 0),
        (bank_takes_its_time, "succeeded", "mandate paid", 2, 0),
    ],
)
def test_a_retry_by_mandate_to_its_end(
    story: Story, tell: Callable[[Story], None], status: str, tries: str, debits: int, given_up: int
) -> None:
    tell(story)
    assert story.plan.status == status
    assert ", ".join(f"{each.way} {each.outcome}" for each in story.plan.tries.all()) == tries
    assert MandateCharge.objects.count() == debits
    told = Notification.objects.filter(kind__in=["payment_given_up", "payment_given_up_seller"]).count()
    assert told == 2 * given_up
    story.invoice.refresh_from_db()
    taken = Payment.objects.received().aggregate(total=Sum("amount"))["total"] or 0
    assert (story.invoice.status == "paid", taken) in [(True, story.invoice.total), (False, 0)]


def test_nobody_is_reminded_or_tried_again_while_a_debit_is_on_its_way(story: Story) -> None:
    assert story.attempt()
    assert reminders.invoices_to_remind() == []
    assert reminders.send_due_reminder(invoice_id=story.invoice.pk) is None
    refusal = why_not_retryable(story.plan.payment)
    assert refusal is not None
    assert refusal.code == "CHARGE_IN_PROGRESS"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["the link", "the debit", "both at once"])
def test_a_debit_and_the_payment_of_the_link_at_one_moment(bank: Bank, acme: Organisation, first: str) -> None:
    """One pays the invoice. The other one never happens, or is flagged as a second payment to give back."""
    confirmed(bank, acme, method="card")
    invoice = issued_invoice(acme)
    charge = announced(invoice)
    link = create_payment_link(invoice_id=invoice.pk)
    bank.passes(hours=26)
    bank.razorpay.http.get(link.short_url, timeout=5)  # only now does the link get its order
    bank.razorpay.pay(bank.razorpay.client().payment_link.fetch(link.razorpay_link_id)["order_id"])
    works: list[Callable[[], Any]] = [bank.post, lambda: run(charge)]
    if first == "both at once":
        together(works)
    else:
        for work in works if first == "the link" else works[::-1]:
            work()
    charge.refresh_from_db()
    if charge.status == "asked":
        bank.razorpay.control(f"payments/{charge.razorpay_payment_id}/debit", {"outcome": "captured"})
    bank.post()
    charge.refresh_from_db()
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == ("paid", Decimal("1180.00"))
    assert PaymentAllocation.objects.aggregate(total=Sum("amount"))["total"] == Decimal("1180.00")
    second = list(Payment.objects.all().second_payments())
    assert (charge.status, len(second)) in {
        "the link": [("cancelled", 0)],
        "the debit": [("captured", 1)],
        "both at once": [("cancelled", 0), ("captured", 1)],
    }[first]


def together(works: list[Callable[[], Any]]) -> None:
    barrier, failures = threading.Barrier(len(works)), []

    def begin(work: Callable[[], Any]) -> None:
        try:
            barrier.wait()
            work()
        except Exception as error:  # told by the test's thread
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
