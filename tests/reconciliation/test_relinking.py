"""An allocation that is lost is written again: which payment is credited to which invoice follows from the payment."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from invoicing.models import Invoice
from organisations.models import Organisation
from payments.models import Payment
from payments.services.allocating import allocate, unallocate
from payments.services.offline import record_offline_payment
from payments.services.on_account import record_payment_on_account
from payments.services.refunds import record_refund
from payments.services.relinking import lost_credits, relink_invoice
from reconciliation.models import CheckName, Discrepancy
from reconciliation.services.repairs import REPAIRS
from tests.payments.language import issued_invoice
from tests.reconciliation.language import found, run, tamper
from tests.reconciliation.test_resolving import repaired

pytestmark = pytest.mark.django_db
LOSE = "DELETE FROM payments_paymentallocation"
TODAY = date(2026, 11, 30)


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,180.00."""
    return issued_invoice(acme)


def paid(invoice: Invoice, amount: str, reference: str = "UTR1") -> Payment:
    return record_offline_payment(
        invoice_id=invoice.pk, amount=Decimal(amount), method="bank_transfer", reference=reference,
        received_on=invoice.issue_date, accept_overpayment=True,
    )  # fmt: skip


def on_account(invoice: Invoice, amount: str, reference: str) -> Payment:
    return record_payment_on_account(
        organisation_id=invoice.organisation_id, amount=Decimal(amount), method="bank_transfer", reference=reference,
        received_on=invoice.issue_date,
    )  # fmt: skip


def standing(invoice: Invoice) -> tuple[Decimal, Decimal, str]:
    invoice.refresh_from_db()
    return invoice.amount_paid, invoice.amount_due, invoice.status


def relinked(invoice: Invoice) -> list[tuple[str, Decimal]]:
    """What was shown before. Afterwards the invoice stands as it did, also when it is done twice, and all agrees."""
    before = standing(invoice)
    shown = sorted((str(each.payment), each.amount) for each in lost_credits(invoice_id=invoice.pk))
    for _turn in range(2):
        relink_invoice(invoice_id=invoice.pk)
        assert standing(invoice) == before
    assert lost_credits(invoice_id=invoice.pk) == []
    assert found(CheckName.BALANCES, TODAY) == []
    return shown


def test_the_repair_shows_the_payment_and_credits_it_again(invoice: Invoice, admin_user: Any) -> None:
    payment = paid(invoice, "1300")
    tamper(LOSE)
    run(invoice.issue_date, None, CheckName.BALANCES)
    discrepancy = Discrepancy.objects.get(kind="paid_total")
    assert list(REPAIRS["paid_total"].shows(discrepancy)) == [
        ("Payment UTR1", "₹1,180.00 of it are credited to the invoice again")
    ]
    assert repaired(discrepancy, admin_user) == "repaired"
    assert set(Discrepancy.objects.values_list("state", flat=True)) == {"repaired", "gone"}
    payment.refresh_from_db()
    assert (standing(invoice), payment.unallocated) == ((1180, 0, "paid"), 120)


def test_of_two_payments_each_is_credited_as_far_as_it_was(invoice: Invoice) -> None:
    paid(invoice, "500", "UTR1"), paid(invoice, "680", "UTR2")
    tamper(LOSE)
    assert relinked(invoice) == [("UTR1", 500), ("UTR2", 680)]


def test_what_went_back_is_not_credited(invoice: Invoice) -> None:
    payment = paid(invoice, "1300")
    record_refund(payment_id=payment.pk, amount=Decimal(120), reference="BACK1", refunded_on=invoice.issue_date)
    tamper(LOSE)
    assert relinked(invoice) == [("UTR1", 1180)]


def test_money_on_account_is_credited_where_just_one_payment_fits(invoice: Invoice) -> None:
    payment = on_account(invoice, "1180", "UTR1")
    on_account(invoice, "900", "UTR2")
    allocate(payment_id=payment.pk, amounts={invoice.pk: Decimal(1180)})
    tamper(LOSE)
    assert relinked(invoice) == [("UTR1", 1180)]


def test_where_two_fit_only_the_sum_is_written_anew(invoice: Invoice) -> None:
    for reference in ("UTR1", "UTR2"):
        payment = on_account(invoice, "1180", reference)
    allocate(payment_id=payment.pk, amounts={invoice.pk: Decimal(1180)})
    tamper(LOSE)
    assert lost_credits(invoice_id=invoice.pk) == []
    relink_invoice(invoice_id=invoice.pk)
    assert standing(invoice) == (0, 1180, "finalized")


def test_what_an_operator_took_off_stays_off(invoice: Invoice) -> None:
    payment = paid(invoice, "1180")
    unallocate(payment_id=payment.pk, invoice_id=invoice.pk, reason="another customer's money")
    tamper("UPDATE invoicing_invoice SET amount_paid = 1180, status = 'paid'")
    relink_invoice(invoice_id=invoice.pk)
    assert standing(invoice) == (0, 1180, "finalized")
