"""After a credit note, an invoice keeps no more of its payments than it still asks for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.test.client import Client

from invoicing.computing.credit_notes import Wanted
from invoicing.models import Invoice
from invoicing.selectors.receivables import receivables
from invoicing.services import stored_pdfs
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from organisations.models import Organisation
from payments.models import Payment, PaymentOrder
from payments.services.collection import retire_orders
from payments.services.offline import record_offline_payment
from payments.services.payment_reports import apply_payment_report
from payments.services.refunds import record_refund
from tests.money.golden_tables import golden
from tests.payments.language import issued_invoice, open_order, reported

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 26)


def credit(invoice: Invoice, taxable: str) -> None:
    wanted = None if taxable == "all" else [Wanted(1, amount=Decimal(taxable))]
    issue_credit_note(invoice_id=invoice.pk, lines=wanted, why=Why("deficiency"))
    invoice.refresh_from_db()


def paid(invoice: Invoice, amount: str, reference: str = "UTR-1") -> Payment:
    return record_offline_payment(
        invoice_id=invoice.pk,
        amount=Decimal(amount),
        method="bank_transfer",
        reference=reference,
        received_on=invoice.issue_date or TODAY,
    )


@golden("credit_notes", "standing")
def test_what_is_paid_and_due_after_a_note(row: dict[str, str], acme: Organisation) -> None:
    invoice = issued_invoice(acme)
    payment = None
    if Decimal(row["refunded_before"]):
        refunded = int(Decimal(row["refunded_before"]) * 100)
        order = open_order(invoice)
        apply_payment_report(order_id=order.pk, report=reported(order))
        payment = apply_payment_report(order_id=order.pk, report=reported(order, amount_refunded_minor=refunded))
    elif Decimal(row["paid_before"]):
        payment = paid(invoice, row["paid_before"])
    credit(invoice, row["note_over"])
    found = [invoice.amount_credited, invoice.amount_paid, invoice.amount_due]
    assert [f"{amount:.2f}" for amount in found] == [row["credited"], row["paid"], row["due"]]
    assert invoice.get_status_display().lower() == row["status"]
    excess = Decimal(0)
    if payment:
        payment.refresh_from_db()
        excess = payment.unallocated
        assert bool(payment.problem) == bool(excess)  # Needs attention shows it
    assert f"{excess:.2f}" == row["excess"]
    assert invoice in Invoice.objects.collectable() or not invoice.amount_due


def test_the_payment_credited_last_is_taken_back_first_and_can_be_refunded(invoice: Invoice) -> None:
    first, second = paid(invoice, "1000.00", "UTR-1"), paid(invoice, "180.00", "UTR-2")
    credit(invoice, "200.00")  # 236.00: all of the second payment and 56.00 of the first
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.unallocated, second.unallocated) == (Decimal("56.00"), Decimal("180.00"))
    assert second.problem == f"₹180.00 more than invoice {invoice} asked for: to refund, or to credit elsewhere."
    on = second.received_on or TODAY
    record_refund(payment_id=second.pk, amount=Decimal("180.00"), reference="R-1", refunded_on=on)
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid, invoice.amount_returned) == ("paid", Decimal("944.00"), 0)


def test_a_payment_that_is_reported_later_pays_only_what_is_owed(invoice: Invoice) -> None:
    order = open_order(invoice)
    credit(invoice, "100.00")
    retire_orders(invoice_id=invoice.pk)
    order.refresh_from_db()
    assert order.status == PaymentOrder.Status.SUPERSEDED  # it asks for more than is due
    payment = apply_payment_report(order_id=order.pk, report=reported(order))
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid, payment.unallocated) == ("paid", Decimal("1062.00"), Decimal("118.00"))


def test_the_pay_page_the_pdf_and_the_sums_follow(invoice: Invoice, client: Client, admin_user: object) -> None:
    credit(invoice, "100.00")
    (owed,) = receivables(actor=admin_user, on=TODAY)  # type: ignore[arg-type]
    assert (owed.outstanding, owed.outstanding_count) == (Decimal("1062.00"), 1)
    page = client.get(f"/pay/{invoice.public_token}").content.decode()
    assert "₹1,062.00" in page
    assert "-₹118.00" in page
    standing = stored_pdfs.standing_of(invoice)
    assert (standing.due, standing.note) == (Decimal("1062.00"), "₹118.00 was credited by CN/26-27/000001.")
    credit(invoice, "all")
    assert receivables(actor=admin_user, on=TODAY) == ()  # type: ignore[arg-type]
    assert "credited in full" in client.get(f"/pay/{invoice.public_token}").content.decode()
    assert not stored_pdfs.standing_of(invoice).asks_for_money
