"""Payments, invoices and balances: each planted fault is found; refunds, disputes and reversals leave none."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from invoicing.models import Invoice
from organisations.models import Organisation
from payments.models import Payment
from payments.services.allocating import unallocate
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.refunds import record_refund
from reconciliation.findings import FindingKind
from reconciliation.models import CheckName
from tests.payments.language import issued_invoice
from tests.reconciliation.language import found, tamper

pytestmark = pytest.mark.django_db

BALANCES = CheckName.BALANCES
TODAY = date(2026, 11, 30)


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,180.00."""
    return issued_invoice(acme)


def paid(invoice: Invoice, amount: str = "1180") -> Payment:
    return record_offline_payment(
        invoice_id=invoice.pk, amount=Decimal(amount), method="bank_transfer", reference=f"UTR{amount}",
        received_on=invoice.issue_date, accept_overpayment=True,
    )  # fmt: skip


def test_a_month_of_payments_adds_up(invoice: Invoice, acme: Organisation) -> None:
    """Paid in parts and too much, refunded, reversed; another invoice waits."""
    paid(invoice, "180")
    too_much = paid(invoice, "1300")
    record_refund(payment_id=too_much.pk, amount=Decimal(100), reference="BACK1", refunded_on=invoice.issue_date)
    reverse_payment(payment_id=paid(issued_invoice(acme), "500").pk, reason="typed twice")
    issued_invoice(acme)
    assert found(BALANCES, TODAY) == []


PLANTED = [
    ("UPDATE invoicing_invoice SET amount_paid = 100, status = 'partially_paid'", {FindingKind.PAID_TOTAL}, "1080"),
    ("UPDATE payments_payment SET amount_refunded = 80", {FindingKind.REFUNDED_TOTAL}, "80"),
    ("UPDATE payments_payment SET amount_lost = 80", {FindingKind.LOST_TOTAL}, "80"),
    ("DELETE FROM payments_paymentallocation", {FindingKind.PAID_TOTAL}, "1180"),
    ("UPDATE payments_paymentallocation SET amount = 1200", {FindingKind.PAID_TOTAL}, "20"),
]


@pytest.mark.parametrize(("statement", "kinds", "worth"), PLANTED)
def test_a_planted_fault_is_found(invoice: Invoice, statement: str, kinds: set[FindingKind], worth: str) -> None:
    paid(invoice)
    tamper(statement)
    findings = {each.kind: each for each in found(BALANCES, TODAY)}
    assert kinds <= set(findings)
    assert {findings[kind].worth for kind in kinds} == {Decimal(worth)}
    assert all(finding.organisation_id == invoice.organisation_id for finding in findings.values())


def test_a_payment_that_is_credited_for_more_than_it_is_is_found(invoice: Invoice, acme: Organisation) -> None:
    """₹1,180.00 came in once, and is credited to two invoices."""
    payment, other = paid(invoice), issued_invoice(acme)
    tamper(
        "INSERT INTO payments_paymentallocation"
        " (id, created_at, updated_at, payment_id, invoice_id, kind, amount, answer, reason)"
        " VALUES (gen_random_uuid(), now(), now(), %s, %s, 'credit', 1180, '', '')",
        payment.pk,
        other.pk,
    )
    (spent,) = [each for each in found(BALANCES, TODAY) if each.kind == FindingKind.PAYMENT_SPENT_TWICE]
    assert (spent.expected, spent.found) == ("at most ₹1,180.00 credited", "₹2,360.00 credited")


def test_more_that_went_back_than_came_in_is_found(invoice: Invoice) -> None:
    """₹1,180.00 came in; ₹590.00 were transferred back, and then all of it was refunded elsewhere."""
    payment = paid(invoice)
    unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="paid by mistake")
    record_refund(payment_id=payment.pk, amount=Decimal(590), reference="BACK1", refunded_on=invoice.issue_date)
    tamper("UPDATE payments_payment SET refunds_reported = 1180, amount_refunded = 1180, status = 'refunded'")
    (beyond,) = found(BALANCES, TODAY)
    assert (beyond.kind, beyond.worth) == (FindingKind.REFUNDED_BEYOND, Decimal(590))
    assert (beyond.expected, beyond.found) == ("at most ₹1,180.00 given back", "₹1,770.00 given back")


def test_an_account_that_does_not_come_to_its_invoices_is_found(invoice: Invoice) -> None:
    """The invoice says that ₹180.00 were credited to it, and there is no credit note."""
    tamper("UPDATE invoicing_invoice SET amount_credited = 180")
    (finding,) = found(BALANCES, TODAY)
    assert (finding.kind, finding.worth) == (FindingKind.CUSTOMER_BALANCE, Decimal(180))
    assert finding.expected == "₹1,000.00 as its invoices and payments say"
    assert finding.found == "₹1,180.00 by its movements"
