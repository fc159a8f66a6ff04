"""A customer who is not to be asked for money: no order is made by itself, and who wants to pay may."""

from __future__ import annotations

import pytest

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice
from organisations.services import holds
from payments import selectors, tasks
from payments.models import PaymentOrder
from payments.services import collection
from tests.local.razorpay.harness import SandboxProcess
from tests.organisations.test_holds import hold


def test_nobody_is_asked_while_a_hold_stands_and_who_wants_to_pay_may(
    razorpay: SandboxProcess, invoice: Invoice
) -> None:
    placed = hold(invoice.organisation, "no_collection")
    assert selectors.invoices_to_collect() == []
    tasks.collect_invoice(str(invoice.pk))  # as the signal of an issued invoice asks
    assert PaymentOrder.objects.count() == 0
    assert collection.create_payment_link(invoice_id=invoice.pk).status == "open"  # as a person asks
    holds.lift_hold(hold_id=placed.pk, lifted_by="bob")
    assert selectors.invoices_to_collect() == [invoice.pk]
    tasks.collect_invoice(str(invoice.pk))
    assert PaymentOrder.objects.get(kind="order").status == "open"


def test_a_request_that_waits_is_tried_now_only_after_the_hold(razorpay: SandboxProcess, invoice: Invoice) -> None:
    razorpay.control("faults", {"match": "POST /v1/orders", "kind": "500"})
    tasks.collect_invoice(str(invoice.pk))
    waiting = PaymentOrder.objects.get()
    assert collection.may_be_tried_now(waiting)
    placed = hold(invoice.organisation, "no_collection")
    assert not collection.may_be_tried_now(waiting)
    with pytest.raises(DomainError, match="does not wait"):
        collection.try_now(order_id=waiting.pk)
    holds.lift_hold(hold_id=placed.pk, lifted_by="bob")
    assert collection.may_be_tried_now(waiting)
