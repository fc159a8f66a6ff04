"""What no message told is read from Razorpay; if the messages arrive at the same moment, it is still recorded once."""

from __future__ import annotations

from functools import partial

import pytest

from billing_platform.lib.errors import NotFound
from invoicing.models import Invoice
from organisations.models import Organisation
from payments.inbox.processing import process_webhook
from payments.models import Payment, PaymentAllocation, Refund
from payments.services import collection
from payments.services.catching_up import catch_up
from tests import factories
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import at_once, issued_invoice, received


@pytest.mark.django_db(transaction=True)
def test_it_is_recorded_once_though_its_messages_arrive_at_the_same_moment(razorpay: SandboxProcess) -> None:
    invoice = issued_invoice(factories.organisation("Acme"))
    order = collection.ensure_order(invoice_id=invoice.pk)
    made = razorpay.pay(order.razorpay_order_id or "")
    razorpay.control(f"payments/{made['id']}/refund", {"amount": 50000})
    messages = received(razorpay.deliveries())
    caught_up = partial(catch_up, order_id=order.pk, razorpay_payment_id=made["id"])
    results = at_once(
        [caught_up, caught_up, *(partial(process_webhook, webhook_id=message.pk) for message in messages)]
    )
    assert [each for each in results if isinstance(each, Exception)] == []
    payment, refund = Payment.objects.get(), Refund.objects.get()
    assert (str(payment.amount_refunded), refund.status) == ("500.0000", "processed")
    amounts = PaymentAllocation.objects.order_by("amount").values_list("amount", flat=True)
    assert [str(amount) for amount in amounts] == ["-500.0000", "1180.0000"]
    invoice.refresh_from_db()
    assert (invoice.status, str(invoice.amount_paid)) == ("partially_refunded", "680.0000")


def test_a_request_that_there_is_not_is_not_found(acme: Organisation) -> None:
    with pytest.raises(NotFound):
        catch_up(order_id=acme.pk, razorpay_payment_id="pay_1")


def test_a_failed_refund_brings_the_money_back(razorpay: SandboxProcess, invoice: Invoice) -> None:
    """Nobody told us of the refund, nor that the payer's bank refused it."""
    order = collection.ensure_order(invoice_id=invoice.pk)
    razorpay.control("settings", {"refund_outcome": "pending"})
    made = razorpay.pay(order.razorpay_order_id or "")
    refund = razorpay.control(f"payments/{made['id']}/refund", {"amount": 50000})
    catch_up(order_id=order.pk, razorpay_payment_id=made["id"])
    razorpay.control(f"refunds/{refund['id']}/fail")
    catch_up(order_id=order.pk, razorpay_payment_id=made["id"])
    invoice.refresh_from_db()
    assert (Refund.objects.get().status, str(invoice.amount_paid)) == ("failed", "1180.0000")
