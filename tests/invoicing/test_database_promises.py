"""The database refuses wrong changes, even those from an SQL prompt."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from psycopg.errors import UndefinedColumn, UndefinedTable

from invoicing.models import DocumentSnapshot, Invoice, InvoiceLine, InvoiceTax, NumberSequence, PricingRule, TaxRate
from invoicing.services import voiding
from organisations.models import Organisation, Project
from tests.invoicing.language import draft, issued, one_off, per_unit, used

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(acme: Organisation, project: Project) -> Invoice:
    per_unit("1")
    used(project, 100)
    return issued(acme)


def run(sql: str, *parameters: object) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # as at a commit
        cursor.execute(sql, parameters)


def refused(sql: str, *parameters: object) -> str:
    """The database's own words of refusal."""
    with pytest.raises(DatabaseError) as error:
        run(sql, *parameters)
    assert not isinstance(error.value.__cause__, UndefinedColumn | UndefinedTable), str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        "total = total + 1, round_off = round_off + 1",
        "number = 'INV/26-27/000009'",
        "issue_date = issue_date + 1",
        "due_date = due_date + 30",
        "seller_gstin = ''",
        "supply_kind = 'SEZWP'",
        "place_of_supply = '96'",
        "taxable_in_rupees = 1",
        "igst_in_rupees = 1",
        "currency = 'USD'",
        "organisation_id = gen_random_uuid()",
        "warnings = '[1]'",
        "notes = 'x'",
        "finalized_at = now()",
    ],
)
def test_an_issued_invoice_says_the_same_for_ever(invoice: Invoice, change: str) -> None:
    words = refused(f"UPDATE invoicing_invoice SET {change} WHERE id = %s", invoice.pk)
    assert "what it says never changes" in words


def test_an_issued_invoice_is_never_deleted(invoice: Invoice) -> None:
    assert "Cannot delete" in refused("DELETE FROM invoicing_invoice WHERE id = %s", invoice.pk)


def test_nothing_is_emptied(invoice: Invoice) -> None:
    for table in ("invoice", "invoiceline", "invoicetax", "documentsnapshot", "numbersequence"):
        assert "TRUNCATE is refused" in refused(f"TRUNCATE invoicing_{table} CASCADE")


@pytest.mark.parametrize("status", ["draft", "refunded", "partially_refunded"])
def test_an_issued_invoice_takes_no_step_that_is_not_in_its_life(invoice: Invoice, status: str) -> None:
    refused("UPDATE invoicing_invoice SET status = %s WHERE id = %s", status, invoice.pk)


def test_a_void_invoice_never_comes_back(invoice: Invoice) -> None:
    voiding.void_invoice(invoice_id=invoice.pk, reason="test")
    for status in ("draft", "finalized", "paid"):
        refused("UPDATE invoicing_invoice SET status = %s WHERE id = %s", status, invoice.pk)


@pytest.mark.usefixtures("paid_by_nobody")
def test_where_an_issued_invoice_stands_may_still_change(invoice: Invoice) -> None:
    run("UPDATE invoicing_invoice SET amount_paid = 118, status = 'paid', sent_at = now() WHERE id = %s", invoice.pk)
    invoice.refresh_from_db()
    assert invoice.status == "paid"


@pytest.mark.parametrize("paid", ["-0.01", "118.01"])
def test_the_paid_total_is_between_zero_and_the_total(invoice: Invoice, paid: str) -> None:
    words = refused("UPDATE invoicing_invoice SET amount_paid = %s WHERE id = %s", paid, invoice.pk)
    assert "invoice_paid_between_nothing_and_total" in words


@pytest.mark.parametrize("table", ["invoicing_invoiceline", "invoicing_invoicetax"])
def test_lines_and_taxes_of_an_issued_invoice_refuse_everything(invoice: Invoice, table: str) -> None:
    assert "never change" in refused(f"UPDATE {table} SET amount = amount + 1 WHERE invoice_id = %s", invoice.pk)
    assert "never change" in refused(f"DELETE FROM {table} WHERE invoice_id = %s", invoice.pk)


def test_a_line_is_neither_added_to_an_issued_invoice_nor_moved_to_one(invoice: Invoice, acme: Organisation) -> None:
    other = one_off(acme)
    words = refused(
        "UPDATE invoicing_invoiceline SET invoice_id = %s, position = 9 WHERE invoice_id = %s", invoice.pk, other.pk
    )
    assert "never change" in words
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        InvoiceLine.objects.create(
            invoice=invoice, position=9, kind="one_off", description="x", quantity=Decimal(1), amount=Decimal(1)
        )
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        InvoiceTax.objects.create(
            invoice=invoice, line=invoice.lines.get(), name="IGST", rate=Decimal(1), taxable_amount=1, amount=1
        )


def test_the_frozen_document_neither_changes_nor_goes(invoice: Invoice) -> None:
    refused("UPDATE invoicing_documentsnapshot SET content = '{}'")
    refused("DELETE FROM invoicing_documentsnapshot")


def test_a_draft_may_go_with_its_lines(acme: Organisation) -> None:
    one_off(acme).delete()
    assert not InvoiceLine.objects.exists()


def test_sums_that_do_not_agree_are_not_stored(acme: Organisation) -> None:
    invoice = one_off(acme)
    words = refused("UPDATE invoicing_invoice SET total = total + 0.01 WHERE id = %s", invoice.pk)
    assert "invoice_adds_up" in words


def test_an_invoice_whose_lines_say_otherwise_is_not_issued(acme: Organisation) -> None:
    invoice = one_off(acme)
    run("UPDATE invoicing_invoiceline SET amount = amount + 1 WHERE invoice_id = %s", invoice.pk)
    words = refused(
        """UPDATE invoicing_invoice SET status = 'finalized', number = 'INV/26-27/000001', sequence_number = 1,
           issue_date = now(), due_date = now(), finalized_at = now() WHERE id = %s""",
        invoice.pk,
    )
    assert "does not add up" in words


def test_an_invoice_is_not_issued_without_its_document(acme: Organisation) -> None:
    invoice = one_off(acme)
    words = refused(
        """UPDATE invoicing_invoice SET status = 'finalized', number = 'INV/26-27/000001', sequence_number = 1,
           supply_kind = 'NO_GST', issue_date = now(), due_date = now(), finalized_at = now() WHERE id = %s""",
        invoice.pk,
    )
    assert "without its document" in words


@pytest.mark.parametrize("number", ["inv/1", "0001", "/1", "-1", "INV 1", "INV_1", "INV.1", "A2345678901234567"])
def test_a_number_that_rule_46_refuses_is_refused(acme: Organisation, number: str) -> None:
    invoice = one_off(acme)
    words = refused(
        """UPDATE invoicing_invoice SET status = 'finalized', number = %s, sequence_number = 1,
           supply_kind = 'NO_GST',
           issue_date = now(), due_date = now(), finalized_at = now() WHERE id = %s""",
        number,
        invoice.pk,
    )
    assert "invoice_number_fits_rule_46" in words or "value too long" in words


def test_no_number_is_given_twice(invoice: Invoice, acme: Organisation) -> None:
    words = refused(
        """UPDATE invoicing_invoice SET status = 'finalized', number = %s, seller_gstin = %s, sequence_number = 7,
           supply_kind = 'NO_GST',
           issue_date = now(), due_date = now(), finalized_at = now() WHERE id = %s""",
        invoice.number,
        invoice.seller_gstin,
        one_off(acme).pk,
    )
    assert "invoice_number_once_per_registration" in words


@pytest.mark.parametrize(
    ("number", "series", "running"),
    [
        ("INV/26-27/000002", "INV/26-27/", 2),  # the counter gives it next
        ("INV/26-27/000002", "INV/26-27/", 1),
        ("INV-26-27-000001", "INV-26-27-", 1),  # no counter
        ("CN/26-27/000001", "CN/26-27/", 1),  # credit notes have it
    ],
)
def test_an_invoice_is_not_issued_with_a_number_that_was_not_taken_for_it(
    invoice: Invoice, number: str, series: str, running: int
) -> None:
    NumberSequence.objects.create(
        registration=invoice.seller_gstin,
        billing_entity=invoice.billing_entity,
        series="CN/26-27/",
        kind=NumberSequence.Kind.CREDIT_NOTE,
        financial_year="26-27",
        next_number=2,
    )
    another = one_off(invoice.organisation)
    DocumentSnapshot.objects.create(invoice=another, content={})
    words = refused(
        """UPDATE invoicing_invoice SET status = 'finalized', number = %s, series = %s, sequence_number = %s,
           seller_gstin = %s, supply_kind = 'NO_GST', issue_date = now(), due_date = now(), finalized_at = now()
           WHERE id = %s""",
        number,
        series,
        running,
        invoice.seller_gstin,
        another.pk,
    )
    assert f"{number} is no number that was taken from the series {series}" in words


def test_a_month_has_one_live_invoice_whoever_writes_it(invoice: Invoice, acme: Organisation) -> None:
    with pytest.raises(DatabaseError, match="one_live_invoice"), transaction.atomic():
        Invoice.objects.create(
            organisation=acme,
            billing_entity=acme.billing_entity,
            currency="INR",
            period_start=invoice.period_start,
            period_end=invoice.period_end,
        )


@pytest.mark.parametrize(
    "change",
    ["next_number = next_number + 501", "next_number = next_number - 1", "series = 'X/'", "kind = 'credit_note'"],
)
def test_a_number_sequence_only_counts_up_by_documents(invoice: Invoice, change: str) -> None:
    assert "counts up by documents" in refused(f"UPDATE invoicing_numbersequence SET {change}")
    assert NumberSequence.objects.get().next_number == 2


def test_a_number_sequence_is_never_deleted(invoice: Invoice) -> None:
    refused("DELETE FROM invoicing_numbersequence")


def test_two_prices_for_the_same_days_are_refused_by_the_database(acme: Organisation) -> None:
    per_unit("1", organisation=acme)
    with pytest.raises(DatabaseError, match="pricing_rules_never_overlap"), transaction.atomic():
        clone(PricingRule.objects.get(), effective_from=date(2026, 12, 1))


def test_two_global_prices_for_the_same_days_are_refused_too() -> None:
    per_unit("1", dimensions={"a": "1", "b": "2"})
    with pytest.raises(DatabaseError, match="pricing_rules_never_overlap"), transaction.atomic():
        clone(PricingRule.objects.get(), dimensions={"b": "2", "a": "1"})


def test_prices_that_follow_each_other_or_differ_in_anything_live_together(acme: Organisation) -> None:
    per_unit("1", effective_to=date(2026, 10, 1))
    per_unit("2", effective_from=date(2026, 10, 1))
    per_unit("3", organisation=acme)
    per_unit("4", dimensions={"region": "in"})
    per_unit("5", currency="USD")
    assert PricingRule.objects.count() == 5


def test_a_form_refuses_overlapping_prices_with_a_sentence() -> None:
    per_unit("1")
    twin = PricingRule.objects.get()
    twin.pk, twin._state.adding = PricingRule().pk, True
    with pytest.raises(ValidationError, match="Another rule for this metric"):
        twin.full_clean()


def test_a_billed_price_can_only_be_ended(invoice: Invoice) -> None:
    words = refused('UPDATE invoicing_pricingrule SET parameters = \'{"unit_price": "2"}\'')
    assert "end it and add another" in words
    run("UPDATE invoicing_pricingrule SET effective_to = '2026-12-01'")
    assert PricingRule.objects.get().effective_to == date(2026, 12, 1)
    refused("DELETE FROM invoicing_pricingrule")


def test_a_price_on_a_draft_may_change(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 1)
    draft(acme)
    run('UPDATE invoicing_pricingrule SET parameters = \'{"unit_price": "2"}\'')


def test_two_tax_rates_for_the_same_days_are_refused() -> None:
    with pytest.raises(DatabaseError, match="tax_rates_never_overlap"), transaction.atomic():
        TaxRate.objects.create(name="another", rate=Decimal(5), effective_from=date(2026, 1, 1))


def clone(rule: PricingRule, **changes: object) -> None:
    rule.pk, rule._state.adding = PricingRule().pk, True
    for name, value in changes.items():
        setattr(rule, name, value)
    rule.save()


def test_an_invoice_begins_as_a_draft(invoice: Invoice) -> None:
    """No way around finalizing: a row that is issued from the start would have any number and any amount."""
    columns = [field.column for field in Invoice._meta.fields if field.column not in ("id", "public_token")]
    copied = ", ".join(columns)
    changed = ", ".join(
        {"period_start": "NULL", "period_end": "NULL", "number": "'INV/26-27/000077'", "sequence_number": "77"}.get(
            column, column
        )
        for column in columns
    )
    words = refused(
        f"INSERT INTO invoicing_invoice (id, public_token, {copied}) "
        f"SELECT gen_random_uuid(), 'another-token', {changed} FROM invoicing_invoice WHERE id = %s",
        invoice.pk,
    )
    assert "begins as a draft" in words


@pytest.mark.parametrize(
    "change",
    [
        "status = 'paid'",
        "status = 'partially_paid'",
        "amount_paid = total",
        "status = 'partially_paid', amount_paid = total",
        "status = 'paid', amount_paid = total - 1",
        "status = 'void', amount_paid = 1",
    ],
)
def test_the_database_refuses_a_status_that_contradicts_the_paid_total(invoice: Invoice, change: str) -> None:
    assert "invoice_status_tells_what_is_paid" in refused(
        f"UPDATE invoicing_invoice SET {change} WHERE id = %s", invoice.pk
    )
