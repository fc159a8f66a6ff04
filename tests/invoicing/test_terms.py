"""Recurring fees, minimum charges and discounts on real invoices: what is charged, frozen, used up and refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import Error, connection, transaction

from billing_platform.lib.errors import DomainError
from invoicing.models import Discount, Invoice, RecurringFee
from invoicing.selectors.documents import invoice_document
from invoicing.services import drafting, issuing
from invoicing.services.credit_notes.usage_credits import credit_corrections
from invoicing.services.runs.billing_run import process_item, start_billing_run
from invoicing.services.terms.discounts import add_discount, delete_discount, update_discount
from invoicing.services.terms.minimum_charges import add_minimum_charge, delete_minimum_charge, update_minimum_charge
from invoicing.services.terms.recurring_fees import add_recurring_fee, delete_recurring_fee, update_recurring_fee
from invoicing.services.voiding import void_invoice
from organisations.models import Organisation, Project
from organisations.services.onboarding import create_project
from tests import factories
from tests.invoicing.language import (
    NOVEMBER,
    OCTOBER,
    after_october,
    amounts,
    at,
    draft,
    issued,
    per_unit,
    used,
)
from tests.invoicing.test_corrections import correct, november

pytestmark = pytest.mark.django_db

JANUARY = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def _customers_of_long_standing(acme: Organisation) -> None:
    acme.created_at = datetime(2025, 12, 31, 18, 30, tzinfo=UTC)  # the 1st of January in India
    acme.save()


def fee(organisation: Organisation, amount: str = "100.00", **values: Any) -> RecurringFee:
    fields = {"description": "Support", "effective_from": JANUARY, **values}
    return add_recurring_fee(organisation=organisation, amount=Decimal(amount), **fields)


def discount(organisation: Organisation, **values: Any) -> Discount:
    return add_discount(organisation=organisation, **{"name": "Launch", "effective_from": JANUARY, **values})


def in_november(organisation: Organisation) -> Invoice:
    """November's invoice, finalized on the 1st of December."""
    with at("2026-12-01 10:00"):
        invoice = drafting.create_draft(organisation=organisation, period=NOVEMBER)
        return issuing.finalize_invoice(invoice_id=invoice.pk)


# --- recurring fees ---------------------------------------------------------------------------------------------------


def test_a_customer_that_used_nothing_pays_its_fees(acme: Organisation, project: Project) -> None:
    fee(acme, "3100.00", project=project, sac="998313")
    fee(acme, "100.00", description="Seats", effective_from=date(2026, 10, 15))
    invoice = issued(acme)
    whole, part = invoice.lines.order_by("position")
    assert (whole.description, whole.sac) == (f"Support · {project.name} · October 2026", "998313")
    assert (part.description, part.amount) == ("Seats · 15 to 31 Oct 2026", Decimal("54.84"))
    # 3154.84; CGST 279.00 + 4.94 (9 % of 54.84 is 4.9356), SGST the same
    assert (invoice.subtotal, invoice.total) == (Decimal("3154.84"), Decimal("3722.72"))
    assert part.price == {"recurring_fee": str(part.recurring_fee_id), "amount": "100", "days": 17, "of_days": 31}


def test_the_monthly_run_bills_a_customer_that_left_until_its_fee_ends(acme: Organisation) -> None:
    fee(acme, effective_to=date(2026, 11, 1))
    acme.is_active = False
    acme.save()
    factories.organisation("Idle and without a fee", is_active=False)
    with after_october():
        run = start_billing_run(period=OCTOBER, requested_by="test")
        items = [process_item(item_id=item.pk) for item in run.items.all()]
    assert [(item.organisation_id, item.status) for item in items] == [(acme.pk, "done")]
    with at("2026-12-01 10:00"), pytest.raises(DomainError, match="used nothing"):
        drafting.create_draft(organisation=acme, period=NOVEMBER)


def test_a_fee_reaches_no_month_that_is_invoiced(acme: Organisation) -> None:
    first = fee(acme)
    invoice = issued(acme)
    refused: list[DomainError] = []
    for change in (
        lambda: fee(acme, description="Late", effective_from=date(2026, 10, 31)),
        lambda: fee(acme, description="Late", effective_from=JANUARY, effective_to=date(2026, 10, 2)),
        lambda: update_recurring_fee(fee_id=first.pk, effective_to=date(2026, 10, 31)),
    ):
        with pytest.raises(DomainError) as caught:
            change()
        refused.append(caught.value)
    assert {each.code for each in refused} == {"TERMS_REACH_BILLED_MONTH"}
    assert refused[0].details == {"first_possible_day": "2026-11-01", "invoice": str(invoice.pk)}
    with pytest.raises(DomainError) as in_use:
        update_recurring_fee(fee_id=first.pk, amount=Decimal("1.00"))
    assert in_use.value.code == "FEE_IN_USE"
    update_recurring_fee(fee_id=first.pk, effective_to=date(2026, 11, 1))
    fee(acme, "120.00", effective_from=date(2026, 11, 1))
    assert amounts(in_november(acme)) == [Decimal("120.00")]
    assert amounts(invoice) == [Decimal("100.00")]


def test_a_fee_is_deleted_only_if_no_invoice_ever_had_it(acme: Organisation) -> None:
    shown, charged = fee(acme, description="Shown on a draft"), fee(acme, description="Charged")
    on_draft = draft(acme)
    delete_recurring_fee(fee_id=shown.pk)
    with after_october():
        invoice = issuing.finalize_invoice(invoice_id=on_draft.pk)
        void_invoice(invoice_id=invoice.pk, reason="a mistake")
    assert [line.description for line in invoice.lines.all()] == ["Charged · October 2026"]
    with pytest.raises(DomainError) as refused:
        delete_recurring_fee(fee_id=charged.pk)
    assert refused.value.code == "FEE_IN_USE"


def test_a_fee_in_another_currency_is_not_passed_over_in_silence(acme: Organisation) -> None:
    was_agreed = fee(acme, "31.00")
    RecurringFee.objects.filter(pk=was_agreed.pk).update(currency="USD")  # as if the customer's currency had changed
    (warning,) = draft(acme).warnings
    assert (warning["code"], "in USD, and the invoice in INR" in warning["message"]) == ("FEE_IN_OTHER_CURRENCY", True)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"amount": Decimal("0.00")}, "amount"),
        ({"amount": Decimal("1.001")}, "amount"),
        ({"effective_to": JANUARY}, "effective_to"),
        ({"sac": "1234"}, "sac"),
        ({"currency": "XAU"}, "currency"),
        ({"currency": "USD"}, "currency"),
        ({"description": "株式会社"}, "description"),
    ],
)
def test_a_fee_that_cannot_be_billed_is_refused_at_its_field(
    acme: Organisation, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        add_recurring_fee(
            **{"organisation": acme, "description": "Fee", "amount": Decimal(1), "effective_from": JANUARY, **values}
        )
    assert list(refused.value.message_dict) == [field]


def test_what_was_agreed_on_in_another_currency_is_refused_and_may_still_be_ended(acme: Organisation) -> None:
    """As when the customer's currency changed before its first invoice."""
    day = date(2026, 11, 1)
    add_minimum_charge(amount=Decimal(10), currency="USD", effective_from=day)  # everybody's with dollars
    for refusing in (
        lambda: add_minimum_charge(organisation=acme, amount=Decimal(10), currency="USD", effective_from=day),
        lambda: discount(acme, amount=Decimal(10), currency="USD"),
    ):
        with pytest.raises(ValidationError) as refused:
            refusing()
        assert refused.value.message_dict == {
            "currency": ["Acme is billed in INR, and only prices of usage are exchanged: write the amount in INR."]
        }
    old, given = fee(acme), discount(acme, amount=Decimal(10))
    for model in (RecurringFee, Discount):
        model.objects.update(currency="USD")
    assert update_recurring_fee(fee_id=old.pk, effective_to=day).effective_to == day
    assert update_discount(discount_id=given.pk, effective_to=day).effective_to == day
    update_discount(discount_id=given.pk, currency="INR")
    with pytest.raises(ValidationError):
        update_discount(discount_id=given.pk, currency="EUR")


def test_a_fee_is_for_a_live_project_of_its_customer(acme: Organisation, globex: Organisation) -> None:
    theirs = factories.project(globex, "Theirs")
    test_project = create_project(organisation=acme, name="Staging", mode="test")
    for project in (theirs, test_project):
        with pytest.raises(ValidationError) as refused:
            fee(acme, project=project)
        assert list(refused.value.message_dict) == ["project"]


# --- minimum charges --------------------------------------------------------------------------------------------------


def test_an_idle_customer_pays_the_minimum_and_one_with_its_own_pays_that(
    acme: Organisation, globex: Organisation
) -> None:
    add_minimum_charge(amount=Decimal("1000.00"), currency="INR", effective_from=JANUARY)
    favoured = factories.organisation("Favoured")
    add_minimum_charge(
        organisation=favoured, amount=Decimal("500.00"), currency="INR", effective_from=date(2026, 10, 1)
    )
    invoice = issued(acme)
    assert (invoice.subtotal, invoice.total) == (Decimal("1000.00"), Decimal("1180.00"))
    (line,) = invoice.lines.all()
    assert (line.kind, line.description) == ("minimum", "Minimum charge · October 2026")
    assert amounts(issued(favoured)) == [Decimal("500.00")]
    with pytest.raises(DomainError, match="used nothing"):  # it pays in dollars
        draft(globex)


def test_late_usage_and_its_minimum_cost_what_they_would_have_cost_in_time(
    acme: Organisation, project: Project
) -> None:
    per_unit("1")
    own = add_minimum_charge(
        organisation=acme, amount=Decimal("1000.00"), currency="INR", effective_from=JANUARY,
        effective_to=date(2026, 11, 1),
    )  # fmt: skip
    used(project, 400)
    assert amounts(issued(acme)) == [Decimal(400), Decimal(600)]
    used(project, 300, on="2026-11-05", happened="2026-10-20T12:00:00Z")
    used(project, 50, on="2026-11-06")
    invoice = in_november(acme)
    # 700 in october need a top-up of 300 only: 300 of late usage, 50 of november, 300 of the 600 given back
    found = {(line.kind, line.amount) for line in invoice.lines.all()}
    assert found == {("late_usage", Decimal(300)), ("usage", Decimal(50)), ("minimum", Decimal(-300))}
    with pytest.raises(DomainError) as refused:
        update_minimum_charge(minimum_id=own.pk, amount=Decimal("2000.00"))
    assert refused.value.code == "MINIMUM_IN_USE"


def test_a_minimum_counts_what_a_credit_note_gave_back_of_the_usage(acme: Organisation, project: Project) -> None:
    per_unit("10")
    add_minimum_charge(
        organisation=acme, amount=Decimal("700.00"), currency="INR", effective_from=JANUARY,
        effective_to=date(2026, 11, 1),
    )  # fmt: skip
    used(project, 60)
    used(project, 40)
    assert amounts(issued(acme)) == [Decimal(600) + Decimal(400)]
    correct(project, 60)
    drafted = november(acme)
    assert amounts(drafted) == [Decimal(-600), Decimal(300)]  # 400.00 are left of october, and 300.00 missing
    with at("2026-12-01 10:00"):
        settled = credit_corrections(invoice_id=drafted.pk)
    assert [note.subtotal for note in settled.notes] == [Decimal(600)]
    assert settled.invoice is not None
    assert amounts(settled.invoice) == [Decimal(300)]


def test_a_minimum_reaches_no_month_that_is_invoiced(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 400)
    issued(acme)
    with pytest.raises(DomainError) as refused:
        add_minimum_charge(amount=Decimal("1000.00"), currency="INR", effective_from=date(2026, 10, 15))
    assert refused.value.code == "TERMS_REACH_BILLED_MONTH"
    minimum = add_minimum_charge(amount=Decimal("1000.00"), currency="INR", effective_from=date(2026, 11, 1))
    with pytest.raises(ValidationError, match="Another minimum holds"):
        add_minimum_charge(amount=Decimal("2000.00"), currency="INR", effective_from=date(2026, 12, 1))
    delete_minimum_charge(minimum_id=minimum.pk)
    with pytest.raises(DomainError, match="used nothing"), at("2026-12-01 10:00"):
        drafting.create_draft(organisation=acme, period=NOVEMBER)


# --- discounts --------------------------------------------------------------------------------------------------------


def test_discounts_are_printed_on_their_lines_and_come_off_before_tax(acme: Organisation, project: Project) -> None:
    """The golden example: API 1,000 and storage 500; 300 off the API, then 10 %."""
    per_unit("1")
    per_unit("1", metric_name="storage", unit="GB")
    used(project, 1000)
    used(project, 500, metric="storage", unit="GB")
    discount(acme, percent=Decimal(10), name="Partner")
    discount(acme, amount=Decimal("300.00"), metric_name="api_calls", unit="call", name="Welcome")
    invoice = issued(acme)
    assert (invoice.subtotal, invoice.discount_total) == (Decimal("1500.00"), Decimal("420.00"))
    assert (invoice.tax_total, invoice.total) == (Decimal("194.40"), Decimal("1274.40"))
    api, storage = invoice_document(invoice).lines
    assert [(each.text, each.amount) for each in api.discounts] == [
        ("Welcome (₹300.00 off api_calls (call))", Decimal(300)),
        ("Partner (10%)", Decimal(70)),
    ]
    assert (api.amount, api.taxable_value) == (Decimal(1000), Decimal(630))
    assert (storage.taxable_value, storage.tax_amount) == (Decimal(450), Decimal(81))
    assert sorted(invoice.redemptions.values_list("amount", flat=True)) == [Decimal(120), Decimal(300)]


def test_what_is_left_of_a_once_amount_comes_off_the_next_invoice(acme: Organisation) -> None:
    fee(acme, "1500.00")
    credit = discount(acme, amount=Decimal("2000.00"), times=1, carries_remainder=True)
    october = issued(acme)
    assert (october.discount_total, october.total) == (Decimal("1500.00"), Decimal("0.00"))
    assert in_november(acme).discount_total == Decimal("500.00")
    with pytest.raises(DomainError) as refused:
        update_discount(discount_id=credit.pk, amount=Decimal("9.00"))
    assert refused.value.code == "DISCOUNT_IN_USE"
    update_discount(discount_id=credit.pk, effective_to=date(2026, 12, 1))
    with pytest.raises(DomainError, match="end it instead"):
        delete_discount(discount_id=credit.pk)


def test_two_drafts_may_both_show_a_once_discount_but_one_invoice_gets_it(acme: Organisation) -> None:
    fee(acme, "1500.00")
    discount(acme, amount=Decimal("2000.00"), times=1)
    october = draft(acme)
    with at("2026-12-01 10:00"):
        november = drafting.create_draft(organisation=acme, period=NOVEMBER)
        assert (october.discount_total, november.discount_total) == (Decimal("1500.00"), Decimal("1500.00"))
        november = issuing.finalize_invoice(invoice_id=november.pk)
        october = issuing.finalize_invoice(invoice_id=october.pk)
        assert (october.discount_total, november.discount_total) == (Decimal("0.00"), Decimal("1500.00"))
        void_invoice(invoice_id=november.pk, reason="a mistake")
        again = drafting.create_draft(organisation=acme, period=NOVEMBER)
    assert again.discount_total == Decimal("1500.00")


@pytest.mark.django_db(transaction=True)
def test_two_invoices_at_once_never_spend_more_than_the_discount(acme: Organisation) -> None:
    fee(acme, "1500.00")
    discount(acme, amount=Decimal("2000.00"), times=1, carries_remainder=True)
    drafts = [draft(acme)]
    with at("2026-12-01 10:00"), ThreadPoolExecutor(2) as threads:
        drafts.append(drafting.create_draft(organisation=acme, period=NOVEMBER))
        assert [each.discount_total for each in drafts] == [Decimal("1500.00")] * 2  # each as if it were the first

        def finalize(invoice_id: UUID) -> Decimal:
            try:
                return issuing.finalize_invoice(invoice_id=invoice_id).discount_total
            finally:
                connection.close()

        spent = sorted(threads.map(finalize, [each.pk for each in drafts]))
    assert spent == [Decimal("500.00"), Decimal("1500.00")]


def test_a_discount_is_not_for_one_off_invoices(acme: Organisation) -> None:
    discount(acme, percent=Decimal(50))
    line = {"description": "Onboarding", "quantity": "1", "unit_price": "100.00"}
    assert drafting.create_one_off_draft(organisation=acme, lines=[line]).discount_total == Decimal(0)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "percent"),
        ({"percent": Decimal(10), "amount": Decimal(10)}, "percent"),
        ({"percent": Decimal(0)}, "percent"),
        ({"percent": Decimal(101)}, "percent"),
        ({"amount": Decimal("1.001")}, "amount"),
        ({"percent": Decimal(10), "metric_name": "api_calls"}, "unit"),
        ({"percent": Decimal(10), "times": 1, "carries_remainder": True}, "carries_remainder"),
        ({"amount": Decimal(10), "times": 2, "carries_remainder": True}, "carries_remainder"),
        ({"amount": Decimal(10), "times": 0}, "times"),
    ],
)
def test_a_discount_that_contradicts_itself_is_refused_at_its_field(
    acme: Organisation, values: dict[str, Any], field: str
) -> None:
    with pytest.raises((ValidationError, DomainError)) as refused:
        discount(acme, **values)
    found = refused.value.details if isinstance(refused.value, DomainError) else refused.value.message_dict
    assert list(found) == [field]


# --- what PostgreSQL promises -----------------------------------------------------------------------------------------


def refused_by_the_database(change: Any, sentence: str) -> None:
    with pytest.raises(Error, match=sentence), transaction.atomic():
        change()


def test_terms_of_an_issued_invoice_only_end(acme: Organisation) -> None:
    charged = fee(acme, "400.00")
    least = add_minimum_charge(organisation=acme, amount=Decimal("1000.00"), currency="INR", effective_from=JANUARY)
    used_up = discount(acme, percent=Decimal(10))
    invoice = issued(acme)
    for row in (charged, least, used_up):
        model = type(row)._base_manager.filter(pk=row.pk)
        change = {"percent": Decimal(5)} if row is used_up else {"amount": Decimal("5.00")}
        refused_by_the_database(lambda rows=model, what=change: rows.update(**what), "is on an issued invoice")
        model.update(effective_to=date(2026, 11, 1))
    refused_by_the_database(lambda: invoice.redemptions.update(amount=Decimal(1)), "is issued")
    refused_by_the_database(lambda: RecurringFee.objects.filter(pk=charged.pk).delete(), "is issued")


def test_an_invoice_that_uses_more_of_a_discount_than_there_is_is_refused(acme: Organisation) -> None:
    fee(acme, "1500.00")
    once = discount(acme, amount=Decimal("2000.00"), times=1)
    issued(acme)
    with at("2026-12-01 10:00"):
        november = drafting.create_draft(organisation=acme, period=NOVEMBER)
    november.lines.update(discount=Decimal("10.00"))
    Invoice.objects.filter(pk=november.pk).update(discount_total=Decimal("10.00"), total=Decimal("1760.00"))

    def issue() -> None:
        Invoice.objects.filter(pk=november.pk).update(
            status="finalized", number="INV/26-27/000009", sequence_number=9, series="INV", financial_year="26-27",
            issue_date=date(2026, 12, 1), due_date=date(2026, 12, 1), finalized_at=november.created_at,
            supply_kind="NO_GST",
        )  # fmt: skip

    refused_by_the_database(issue, "does not say which discounts it uses")
    november.redemptions.create(discount=once, amount=Decimal("10.00"))
    refused_by_the_database(issue, "is used up")
