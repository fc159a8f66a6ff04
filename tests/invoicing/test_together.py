"""Features meet on one invoice: nothing is charged twice, lost, or given back twice, whatever is combined."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.credit_notes import Wanted
from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.explaining import explain_line
from invoicing.services.terms.discounts import add_discount, update_discount
from invoicing.services.terms.recurring_fees import add_recurring_fee, update_recurring_fee
from organisations.models import Organisation, Project
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, issued, per_unit, used
from tests.invoicing.test_corrections import correct

pytestmark = pytest.mark.django_db

JANUARY = date(2026, 1, 1)


def billed(organisation: Organisation, period: BillingPeriod, on: str) -> Invoice:
    with at(on):
        invoice = drafting.create_draft(organisation=organisation, period=period)
        return issuing.finalize_invoice(invoice_id=invoice.pk)


def released(invoice: Invoice, on: str = "2026-11-03 10:00") -> None:
    """All of it credited, and its month to be billed anew."""
    with at(on):
        issue_credit_note(invoice_id=invoice.pk, lines=None, why=Why("correction"), bill_again=True)


def test_a_discount_is_there_again_when_its_month_is_billed_anew(acme: Organisation) -> None:
    add_recurring_fee(organisation=acme, description="Support", amount=Decimal("1500.00"), effective_from=JANUARY)
    add_discount(organisation=acme, name="Once", amount=Decimal("400.00"), times=1, effective_from=JANUARY)
    add_discount(
        organisation=acme, name="Balance", amount=Decimal("2000.00"), times=1, carries_remainder=True,
        effective_from=date(2026, 1, 2),
    )  # fmt: skip
    october = issued(acme)
    assert (october.discount_total, october.total) == (Decimal("1500.00"), Decimal("0.00"))  # 400 and 1100
    november = billed(acme, NOVEMBER, "2026-12-01 10:00")
    assert (november.discount_total, november.total) == (Decimal("900.00"), Decimal("708.00"))  # the balance's rest
    released(november, "2026-12-02 10:00")
    again = billed(acme, NOVEMBER, "2026-12-02 10:00")
    assert (again.discount_total, again.total) == (Decimal("900.00"), Decimal("708.00"))


def test_a_wrong_fee_is_mended_and_its_month_billed_anew(acme: Organisation) -> None:
    fee = add_recurring_fee(
        organisation=acme, description="Support", amount=Decimal("1000.00"), effective_from=date(2026, 10, 1)
    )
    discount = add_discount(organisation=acme, name="Launch", percent=Decimal(5), effective_from=JANUARY)
    first = issued(acme)
    released(first)
    update_recurring_fee(fee_id=fee.pk, amount=Decimal("900.00"))
    update_discount(discount_id=discount.pk, percent=Decimal(10))
    again = billed(acme, OCTOBER, "2026-11-03 11:00")
    assert (again.subtotal, again.discount_total, again.total) == (Decimal(900), Decimal(90), Decimal("955.80"))
    assert (amounts(first), first.total) == ([Decimal(1000)], Decimal(1121))  # 950.00 and 18 %


def test_what_a_note_took_back_for_goodwill_is_not_given_back_by_a_correction(
    acme: Organisation, project: Project
) -> None:
    """Of october's 1,000.00 with 10 % off, a note takes back 630.00, which is 700.00 before the discount. Of a
    correction over 600.00, only 300.00 are left to give back."""
    per_unit("10")
    add_discount(organisation=acme, name="Partner", percent=Decimal(10), effective_from=JANUARY)
    used(project, 60)
    used(project, 40)
    october = issued(acme)
    with at("2026-11-03 10:00"):
        wanted = [Wanted(1, amount=Decimal("630.00"))]
        issue_credit_note(invoice_id=october.pk, lines=wanted, why=Why("deficiency"))
    used(project, 70, on="2026-11-04")
    correct(project, 60)
    november = billed(acme, NOVEMBER, "2026-12-01 10:00")
    assert amounts(november) == [Decimal("-300.00"), Decimal("700.00")]
    assert november.discount_total == Decimal("40.00")  # 10 % of 400.00
    assert all(explain_line(line).recomputed.agrees for line in november.lines.all())
