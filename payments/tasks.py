"""Jobs of payments. Each may run twice and at once: the services claim what they work on."""

from __future__ import annotations

import logging
from uuid import UUID

from celery import shared_task

from billing_platform.lib.errors import DomainError
from billing_platform.lib.work import claims
from payments import selectors
from payments.inbox import processing
from payments.inbox.receiving import worker
from payments.models import PaymentRetry
from payments.services import allocating, checkout, collection
from payments.services.disputes import looking
from payments.services.dunning import late_fees, reminders, retries
from payments.services.mandates import charging, registering, tokens
from payments.services.payouts import fetching
from payments.services.refunding import sending
from payments.services.test_clocks import advancing

logger = logging.getLogger(__name__)


@shared_task(name="payments.tasks.start_collections")
def start_collections() -> None:
    """The sweep: uses credit, asks for what is due, stops asking for what isn't, takes what was only authorised, asks
    for fees."""
    for invoice_id in selectors.invoices_that_credit_may_pay():
        use_credit.delay(str(invoice_id))
    collection.retire_orders()
    if not selectors.can_collect():
        return
    for invoice_id in selectors.invoices_to_collect():
        collect_invoice.delay(str(invoice_id))
    for order_id in selectors.links_to_close():
        close_link.delay(str(order_id))
    for payment_id in selectors.payments_to_capture():
        capture_payment.delay(str(payment_id))
    for payment_id in selectors.payments_without_fee():
        refresh_payment.delay(str(payment_id))


@shared_task(name="payments.tasks.use_credit")
def use_credit(invoice_id: str) -> None:
    allocating.use_credit(invoice_id=UUID(invoice_id))


@shared_task(name="payments.tasks.collect_invoice")
def collect_invoice(invoice_id: str) -> None:
    if not selectors.can_collect() or selectors.is_held(UUID(invoice_id)):
        return
    try:
        collection.ensure_order(invoice_id=UUID(invoice_id))
    except DomainError as error:  # stored on the order, which says when it is tried again
        logger.info("invoice not collected", extra={"invoice": invoice_id, "reason": error.message})


@shared_task(name="payments.tasks.retire_orders")
def retire_orders(invoice_id: str) -> None:
    collection.retire_orders(invoice_id=UUID(invoice_id))
    retries.settle_retries(invoice_id=UUID(invoice_id))


@shared_task(name="payments.tasks.close_link")
def close_link(order_id: str) -> None:
    collection.close_link(order_id=UUID(order_id))


@shared_task(name="payments.tasks.capture_payment")
def capture_payment(payment_id: str) -> None:
    checkout.capture_payment(payment_id=UUID(payment_id))


@shared_task(name="payments.tasks.refresh_payment")
def refresh_payment(payment_id: str) -> None:
    checkout.refresh_payment(payment_id=UUID(payment_id))


@shared_task(name="payments.tasks.follow_refund")
def follow_refund(refund_id: str) -> None:
    sending.follow_refund(refund_id=UUID(refund_id))


@shared_task(name="payments.tasks.follow_refunds")
def follow_refunds() -> None:
    """Refunds that were stored and not sent, that Razorpay has not ended, or whose credit note is still to come."""
    for refund_id in sending.due_refunds():
        follow_refund.delay(str(refund_id))


@shared_task(name="payments.tasks.look_for_disputes")
def look_for_disputes() -> None:
    looking.look_for_disputes()


@shared_task(name="payments.tasks.collect_by_mandates")
def collect_by_mandates() -> None:
    """The sweep of mandates: a message for each debit that is to be announced, and for each step that is due."""
    if not selectors.can_collect():
        return
    tokens.expire_mandates()
    for invoice_id in selectors.invoices_to_debit():
        announce_debit.delay(str(invoice_id))
    for mandate_id in selectors.due_mandates():
        process_mandate.delay(str(mandate_id))
    for charge_id in selectors.due_charges():
        process_charge.delay(str(charge_id))


@shared_task(name="payments.tasks.announce_debit")
def announce_debit(invoice_id: str) -> None:
    charging.collect_by_mandate(invoice_id=UUID(invoice_id))


@shared_task(name="payments.tasks.process_mandate")
def process_mandate(mandate_id: str) -> None:
    registering.process_mandate(mandate_id=UUID(mandate_id))


@shared_task(name="payments.tasks.refresh_mandate")
def refresh_mandate(mandate_id: str) -> None:
    registering.refresh_mandate(mandate_id=UUID(mandate_id))


@shared_task(name="payments.tasks.process_charge")
def process_charge(charge_id: str) -> None:
    charging.process_charge(charge_id=UUID(charge_id))


@shared_task(name="payments.tasks.fetch_payouts")
def fetch_payouts() -> None:
    fetching.fetch_payouts()


@shared_task(name="payments.tasks.process_pending_webhooks")
def process_pending_webhooks() -> None:
    """Process until nothing is due, or for 25 seconds: the next run takes what is left."""
    worker.started()
    processing.process_due(last_look_after=worker.LAST_LOOK_SECONDS)
    if selectors.webhooks_are_due():
        worker.wake()


@shared_task(name="payments.tasks.retry_payments")
def retry_payments() -> None:
    """The sweep: ends plans of invoices on which nothing is due, and makes the attempts that are."""
    for invoice_id in retries.plans_to_settle():
        retries.settle_retries(invoice_id=invoice_id)
    for plan_id in claims.due_ids(PaymentRetry.objects.live(), limit=500):
        retry_payment.delay(str(plan_id))


@shared_task(name="payments.tasks.retry_payment")
def retry_payment(plan_id: str) -> None:
    retries.attempt_retry(plan_id=UUID(plan_id))


@shared_task(name="payments.tasks.settle_retries")
def settle_retries(invoice_id: str) -> None:
    retries.settle_retries(invoice_id=UUID(invoice_id))


@shared_task(name="payments.tasks.send_reminders")
def send_reminders() -> None:
    """At 09:00 of each customer's day, and later on the same day for what was missed."""
    for invoice_id in reminders.invoices_to_remind():
        send_reminder.delay(str(invoice_id))


@shared_task(name="payments.tasks.send_reminder")
def send_reminder(invoice_id: str) -> None:
    reminders.send_due_reminder(invoice_id=UUID(invoice_id))


@shared_task(name="payments.tasks.charge_late_fees")
def charge_late_fees() -> None:
    """Once a day. One that can't be charged does not stop the others."""
    for invoice_id in late_fees.invoices_with_late_fees():
        charge_late_fee.delay(str(invoice_id))


@shared_task(name="payments.tasks.charge_late_fee")
def charge_late_fee(invoice_id: str) -> None:
    late_fees.charge_late_fees(invoice_id=UUID(invoice_id))


@shared_task(name="payments.tasks.advance_test_clock")
def advance_test_clock(clock_id: str) -> None:
    """Live through the moments of a test customer up to where its clock is to be."""
    advancing.go_on(clock_id=UUID(clock_id))


@shared_task(name="payments.tasks.advance_due_test_clocks")
def advance_due_test_clocks() -> None:
    """Clocks whose message was lost, whose worker died, or that are to be tried again."""
    for clock_id in advancing.due_clocks():
        advance_test_clock.delay(str(clock_id))
