"""A month below nothing: credit notes give corrections back, and nothing is billed or given back twice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Sum
from django.test.client import Client

from billing_platform.lib.errors import DomainError
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.credit_notes import Wanted
from invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from invoicing.services import drafting, issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.credit_notes.usage_credits import Settled, credit_corrections, planned
from invoicing.services.editing import set_typed_lines
from invoicing.services.explaining import explain_line
from invoicing.services.runs.billing_run import process_item, start_billing_run
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import Organisation, Project
from tests.invoicing.language import NOVEMBER, OCTOBER, amounts, at, issued, per_unit, price, used
from tests.invoicing.test_corrections import correct, november

pytestmark = pytest.mark.django_db

DECEMBER = BillingPeriod.parse("2026-12")
GOODWILL = {"description": "Goodwill", "quantity": "1", "unit_price": "-80"}


@pytest.fixture
def october(acme: Organisation, project: Project) -> Invoice:
    """60 and 40 calls at ₹10: 1000.00, with tax 1180.00."""
    per_unit("10")
    used(project, 60)
    used(project, 40)
    return issued(acme)


def settle(invoice: Invoice, on: str = "2026-12-01 10:00") -> Settled:
    with at(on):
        return credit_corrections(invoice_id=invoice.pk)


def bill(organisation: Organisation, period: BillingPeriod, on: str) -> Invoice:
    with at(on):
        draft = drafting.create_draft(organisation=organisation, period=period)
        return issuing.finalize_invoice(invoice_id=draft.pk)


def charged(organisation: Organisation) -> Decimal:
    """What all invoices charged for usage, less what notes from corrections gave back."""
    lines = InvoiceLine.objects.filter(invoice__in=Invoice.objects.issued().billing()).aggregate(Sum("amount"))
    notes = CreditNoteLine.objects.filter(credit_note__usage_counted_in__isnull=False).aggregate(Sum("amount"))
    return (lines["amount__sum"] or 0) - (notes["amount__sum"] or 0)


def test_a_correction_larger_than_the_month_becomes_a_credit_note(october: Invoice, project: Project) -> None:
    acme = project.organisation
    used(project, 5, on="2026-11-04")
    correct(project, 60)
    draft = november(acme)
    assert (draft.subtotal, draft.total) == (Decimal("-550.00"), Decimal("-649.00"))  # 50.00 − 600.00
    settled = settle(draft)
    (note,) = settled.notes
    assert (note.invoice, note.number, note.kind) == (october, "CN/26-27/000001", "gst")
    assert (note.subtotal, note.total) == (Decimal("600.00"), Decimal("708.00"))
    assert note.reason_in_full == "More charged than used: Usage was corrected in November 2026."
    assert settled.invoice is not None
    assert (amounts(settled.invoice), settled.invoice.total) == ([Decimal("50.00")], Decimal("59.00"))
    october.refresh_from_db()
    assert (october.amount_credited, october.amount_due) == (Decimal("708.00"), Decimal("472.00"))
    # 10 late calls of October, reported in December, cost what they cost: 100.00
    used(project, 10, on="2026-12-05", happened="2026-10-20T06:00:00Z")
    late = bill(acme, DECEMBER, "2027-01-01 10:00")
    assert amounts(late) == [Decimal("100.00")]
    assert charged(acme) == Decimal("550.00")  # 40 + 10 + 5 calls


def test_a_month_of_nothing_but_a_correction_has_no_invoice(october: Invoice, project: Project) -> None:
    acme = project.organisation
    correct(project, 60)
    with at("2026-12-01 10:00"):
        run = start_billing_run(period=NOVEMBER, requested_by="test", organisations=[acme])
        item = process_item(item_id=run.items.get().pk)
    assert item.status == "parked"
    assert item.invoice is not None
    settled = settle(item.invoice)
    item.refresh_from_db()
    assert (settled.invoice, item.status, item.invoice) == (None, "skipped", None)
    assert item.reason == "Credited by CN/26-27/000001; nothing else to bill."
    assert not Invoice.objects.filter(period_start=NOVEMBER.start).exists()
    used(project, 10, on="2026-12-05", happened="2026-10-20T06:00:00Z")
    assert amounts(bill(acme, DECEMBER, "2027-01-01 10:00")) == [Decimal("100.00")]
    assert charged(acme) == Decimal("500.00")


def test_tiers_run_on_over_corrections_as_if_reported_in_time(acme: Organisation, project: Project) -> None:
    price({"model": "graduated", "tiers": [{"up_to": "50", "unit_price": "3"}, {"up_to": None, "unit_price": "1"}]})
    used(project, 60)
    used(project, 40)
    issued(acme)  # 50 × 3 + 50 × 1 = 200
    correct(project, 60, "5")  # 45 × 3 = 135, so 65.00 are given back
    settle(november(acme))
    assert charged(acme) == Decimal("135.00")
    correct(project, 40, on="2026-12-05")  # 5 × 3 = 15: another 120.00
    used(project, 3, on="2026-12-06", happened="2026-10-20T06:00:00Z")  # and 3 × 3 = 9
    with at("2027-01-01 10:00"):
        december = drafting.create_draft(organisation=acme, period=DECEMBER)
    settle(december, "2027-01-01 10:00")
    assert charged(acme) == Decimal("24.00")
    assert CreditNote.objects.count() == 2


def test_a_note_for_another_reason_is_never_billed_again(october: Invoice, project: Project) -> None:
    with at("2026-11-03 10:00"):
        wanted = [Wanted(1, amount=Decimal("200.00"))]
        issue_credit_note(invoice_id=october.pk, lines=wanted, why=Why("deficiency"))
    used(project, 10, on="2026-11-05", happened="2026-10-20T06:00:00Z")
    assert amounts(november(project.organisation)) == [Decimal("100.00")]


def test_nothing_is_given_back_of_what_is_credited_already(october: Invoice, project: Project) -> None:
    with at("2026-11-03 10:00"):
        issue_credit_note(invoice_id=october.pk, lines=None, why=Why("deficiency"))
    used(project, 5, on="2026-11-04")
    correct(project, 60)
    assert amounts(november(project.organisation)) == [Decimal("0.00"), Decimal("50.00")]


def test_a_month_billed_anew_knows_of_corrections_given_back_before(october: Invoice, project: Project) -> None:
    acme = project.organisation
    correct(project, 60)
    settle(november(acme))
    with at("2026-12-05 10:00"):
        issue_credit_note(invoice_id=october.pk, lines=None, why=Why("correction"), bill_again=True)
    again = bill(acme, OCTOBER, "2026-12-05 10:00")
    assert again.subtotal == Decimal("400.00")
    assert all(explain_line(line).recomputed.agrees for line in again.lines.all())


def test_only_a_negative_draft_is_settled_so(october: Invoice, project: Project) -> None:
    used(project, 5, on="2026-11-04")
    with pytest.raises(DomainError) as refused:
        settle(november(project.organisation))
    assert refused.value.code == "NOT_NEGATIVE"


def test_the_api_answers_with_the_notes_and_the_rest(api: Client, october: Invoice, project: Project) -> None:
    used(project, 5, on="2026-11-04")
    correct(project, 60)
    draft = november(project.organisation)
    with at("2026-12-01 10:00"):
        path = f"/api/v1/admin/invoices/{draft.pk}/credit-corrections"
        answer: Any = api.post(path, "{}", content_type="application/json")
    body = answer.json()
    assert answer.status_code == 200, body
    assert [(note["number"], note["total"]) for note in body["credit_notes"]] == [("CN/26-27/000001", "708.00")]
    assert (body["invoice"]["number"], body["invoice"]["total"]) == ("INV/26-27/000002", "59.00")


def test_a_month_is_given_back_whole_where_its_deduction_is_larger_than_the_correction(
    october: Invoice, project: Project
) -> None:
    """November charged 900.00 less 600.00 of october's. Only 40 of its 90 calls were made: 500.00 are too much, and
    300.00 were paid. So november is given back, october's 600.00 by its own invoice, and 400.00 are billed again."""
    acme = project.organisation
    used(project, 50, on="2026-11-04")
    used(project, 30, on="2026-11-04")
    used(project, 10, on="2026-11-04")
    correct(project, 60)
    november_s = bill(acme, NOVEMBER, "2026-12-01 10:00")
    assert (amounts(november_s), november_s.total) == ([Decimal(-600), Decimal(900)], Decimal("354.00"))
    correct(project, 50, on="2026-12-05")
    with at("2027-01-01 10:00"):
        december = drafting.create_draft(organisation=acme, period=DECEMBER)
    assert december.subtotal == Decimal(-500)
    settled = settle(december, "2027-01-01 10:00")
    assert [(note.invoice, note.subtotal) for note in settled.notes] == [
        (november_s, Decimal(300)),
        (october, Decimal(600)),
    ]
    assert settled.invoice is not None
    assert (amounts(settled.invoice), settled.invoice.total) == ([Decimal(400)], Decimal("472.00"))
    assert charged(acme) == Decimal(800)  # 40 calls of october, 40 of november
    used(project, 10, on="2027-01-05", happened="2026-10-20T06:00:00Z")
    used(project, 1, on="2027-01-05", happened="2026-11-20T06:00:00Z")
    assert amounts(bill(acme, BillingPeriod.parse("2027-01"), "2027-02-01 10:00")) == [Decimal(100), Decimal(10)]
    assert all(explain_line(line).recomputed.agrees for line in settled.invoice.lines.all())


@pytest.mark.parametrize(("fee", "given_back"), [("", "20.00"), ("15.00", "35.00")])
def test_no_more_is_given_back_than_a_typed_deduction_left(
    acme: Organisation, project: Project, fee: str, given_back: str
) -> None:
    """100 calls at ₹1 less a typed 80.00. Only 30 calls were made: 70.00 are too much, and 20.00 were paid (35.00 with
    the fee of 15.00; 30.00 + 15.00 − 80.00 would have been nothing). A later call costs what it costs."""
    per_unit("1")
    if fee:
        october = {"effective_from": date(2026, 10, 1), "effective_to": date(2026, 11, 1)}
        add_recurring_fee(organisation=acme, description="Support", amount=Decimal(fee), **october)
    used(project, 30)
    used(project, 70)
    with at("2026-11-01 10:00"):
        draft = drafting.create_draft(organisation=acme, period=OCTOBER)
        set_typed_lines(invoice_id=draft.pk, lines=[GOODWILL])
        october_s = issuing.finalize_invoice(invoice_id=draft.pk)
    correct(project, 70)
    month = november(acme)
    assert month.subtotal == Decimal(-70)
    with at("2026-12-01 10:00"):
        assert [plan.not_given_back for plan in planned(month)] == [Decimal(70) - Decimal(given_back)]
    settled = settle(month)
    assert [(note.invoice, note.subtotal) for note in settled.notes] == [(october_s, Decimal(given_back))]
    october_s.refresh_from_db()
    assert (settled.invoice, october_s.status) == (None, "credited")
    used(project, 10, on="2026-12-05", happened="2026-10-20T06:00:00Z")
    assert amounts(bill(acme, DECEMBER, "2027-01-01 10:00")) == [Decimal("10.00")]


def test_what_a_deduction_and_a_note_gave_back_already_is_typed_on_the_draft(
    acme: Organisation, project: Project
) -> None:
    """100 calls at ₹1 less a typed 80.00, and a note over the other 20.00. Only 30 calls were made: nothing is left."""
    per_unit("1")
    used(project, 30)
    used(project, 70)
    with at("2026-11-01 10:00"):
        draft = drafting.create_draft(organisation=acme, period=OCTOBER)
        set_typed_lines(invoice_id=draft.pk, lines=[GOODWILL])
        october_s = issuing.finalize_invoice(invoice_id=draft.pk)
        issue_credit_note(
            invoice_id=october_s.pk, lines=[Wanted(1, amount=Decimal("20.00"))], why=Why("deficiency"), send=False
        )
    correct(project, 70)
    month = november(acme)
    with at("2026-12-01 10:00"):
        (plan,) = planned(month)
        assert plan.obstacle == (
            f"Nothing of invoice {october_s} is left to credit. "
            "The draft takes it back again: type a line over ₹70.00 on it."
        )
        back = {"description": "Given back before", "quantity": "1", "unit_price": "70"}
        set_typed_lines(invoice_id=month.pk, lines=[back])
        assert issuing.finalize_invoice(invoice_id=month.pk).total == 0


def test_a_note_takes_back_the_deduction_of_its_invoice_with_what_it_was_deducted_from(
    october: Invoice, project: Project
) -> None:
    """November charged 900.00 less 600.00 of october's. Of november's 900.00 nothing was used: it is given back whole,
    its deduction too, and october's 600.00 are given back by october's invoice instead."""
    acme = project.organisation
    used(project, 90, on="2026-11-04")
    correct(project, 60)
    november_s = bill(acme, NOVEMBER, "2026-12-01 10:00")
    assert (amounts(november_s), november_s.total) == ([Decimal(-600), Decimal(900)], Decimal("354.00"))
    correct(project, 90, on="2026-12-05")
    with at("2027-01-01 10:00"):
        december = drafting.create_draft(organisation=acme, period=DECEMBER)
    assert december.subtotal == Decimal(-900)
    settled = settle(december, "2027-01-01 10:00")
    assert [(note.invoice, note.subtotal, note.total) for note in settled.notes] == [
        (november_s, Decimal(300), Decimal("354.00")),
        (october, Decimal(600), Decimal("708.00")),
    ]
    assert settled.invoice is None
    assert charged(acme) == Decimal(400)
    used(project, 10, on="2027-01-05", happened="2026-10-20T06:00:00Z")
    assert amounts(bill(acme, BillingPeriod.parse("2027-01"), "2027-02-01 10:00")) == [Decimal(100)]
