"""Invoice numbers have no gaps and no repeats, also with concurrent and rolled-back transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.document_numbers import NUMBER_LENGTH, SEPARATORS, YEARS, NumberStyle, last_number
from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice, NumberSequence
from invoicing.services import issuing
from invoicing.services.numbering import expected_number, take_number, take_numbers
from organisations.models import BillingEntity, Organisation
from organisations.services.sellers import update_seller
from tests import factories
from tests.factories import KARNATAKA_GSTIN
from tests.invoicing.language import at, one_off
from tests.money.golden_tables import golden

DAY = date(2026, 11, 1)


class Refused(Exception):
    """Something that goes wrong after the number was taken."""


@pytest.mark.django_db
def test_a_number_is_not_given_outside_a_transaction(transactional_db: None) -> None:
    with pytest.raises(RuntimeError, match="needs a transaction"):
        take_number(billing_entity=factories.billing_entity(), series="INV", on=DAY)


@contextmanager
def rolled_back() -> Iterator[None]:
    """A transaction that gives back the numbers that were taken in it: without documents it could not be committed."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_rollback_gives_the_number_back() -> None:
    entity = factories.billing_entity()
    for _turn in range(2):
        with rolled_back():
            assert take_number(billing_entity=entity, series="INV", on=DAY).text == "INV/26-27/000001"


@pytest.mark.django_db(transaction=True)
def test_a_number_without_a_document_is_not_committed() -> None:
    entity = factories.billing_entity()
    with pytest.raises(IntegrityError, match="would have a gap from number 1 on"), transaction.atomic():
        take_numbers(2, billing_entity=entity, series="INV", on=DAY)
    assert not NumberSequence.objects.exists()


def counter(series: str, entity: BillingEntity, kind: str = "invoice", next_number: int = 1) -> NumberSequence:
    return NumberSequence.objects.create(
        billing_entity=entity,
        registration=entity.gstin,
        series=series,
        kind=kind,
        financial_year="26-27",
        next_number=next_number,
    )


@pytest.mark.django_db
def test_a_series_ends_where_the_number_would_have_seventeen_characters() -> None:
    entity = factories.billing_entity()
    counter("INV/26-27/", entity, next_number=999_999)
    with rolled_back():
        last = take_number(billing_entity=entity, series="INV", on=DAY)
        assert (last.text, len(last.text)) == ("INV/26-27/999999", 16)
        with pytest.raises(DomainError) as refused:
            take_number(billing_entity=entity, series="INV", on=DAY)
    assert refused.value.code == "SERIES_FULL"


@pytest.mark.django_db(transaction=True)
def test_invoices_issued_at_once_have_no_gap_though_every_third_is_rolled_back() -> None:
    drafts = [one_off(factories.organisation(f"Customer {turn}")) for turn in range(18)]
    with ThreadPoolExecutor(6) as threads:
        taken = [number for number in threads.map(issue, drafts, [turn % 3 == 0 for turn in range(18)]) if number]
    # 18 turns, of which 6 roll back: 12 numbers, 1 to 12
    assert sorted(taken) == list(range(1, 13))
    assert NumberSequence.objects.get().next_number == 13


@pytest.mark.django_db(transaction=True)
def test_one_invoice_finalized_by_many_at_once_gets_one_number() -> None:
    acme = factories.organisation("Acme")
    invoice = one_off(acme)
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: finalize(invoice), range(8)))
    assert sorted(outcomes) == ["INVOICE_NOT_DRAFT"] * 7 + ["done"]
    assert NumberSequence.objects.get().next_number == 2


def issue(draft: Invoice, fails: bool) -> int | None:
    try:
        with transaction.atomic():
            issued = issuing.finalize_invoice(invoice_id=draft.pk)
            if fails:
                raise Refused
            return issued.sequence_number
    except Refused:
        return None
    finally:
        connection.close()


def finalize(invoice: Invoice) -> str:
    try:
        issuing.finalize_invoice(invoice_id=invoice.pk)
    except DomainError as error:
        return error.code
    finally:
        connection.close()
    return "done"


# --- one GSTIN, one number (CGST Rule 46 (b)) -----------------------------------------------------------------------


def number_of(customer: Organisation) -> str:
    customer.refresh_from_db()
    return issuing.finalize_invoice(invoice_id=one_off(customer).pk).number


def changed(entity: BillingEntity, **values: Any) -> None:
    update_seller(seller=entity, **values)


def test_a_seller_that_takes_its_old_prefix_again_goes_on_with_its_series(acme: Organisation) -> None:
    with at("2026-11-01 10:00"):
        assert number_of(acme) == "INV/26-27/000001"
        changed(acme.billing_entity, invoice_prefix="NEW")
        assert number_of(acme) == "NEW/26-27/000001"
        changed(acme.billing_entity, invoice_prefix="INV")
        assert number_of(acme) == "INV/26-27/000002"


def test_a_second_seller_of_the_gstin_goes_on_with_a_prefix_that_was_left(acme: Organisation) -> None:
    with at("2026-11-01 10:00"):
        assert number_of(acme) == "INV/26-27/000001"
        changed(acme.billing_entity, invoice_prefix="NEW")
        second = factories.billing_entity(name="Second", is_default=False, credit_note_prefix="C2")
        assert second.gstin == acme.billing_entity.gstin
        assert number_of(factories.organisation("Umbrella", billing_entity=second)) == "INV/26-27/000002"


def test_a_seller_that_gets_a_gstin_under_which_the_series_is_numbered_goes_on(acme: Organisation) -> None:
    with at("2026-11-01 10:00"):
        second = factories.billing_entity(
            name="Second", is_default=False, gstin=KARNATAKA_GSTIN, credit_note_prefix="C2"
        )
        umbrella = factories.organisation("Umbrella", billing_entity=second)
        assert [number_of(acme), number_of(acme)] == ["INV/26-27/000001", "INV/26-27/000002"]
        assert number_of(umbrella) == "INV/26-27/000001"  # another GSTIN
        changed(acme.billing_entity, invoice_prefix="NEW")
        changed(second, gstin=acme.billing_entity.gstin)
        assert number_of(umbrella) == "INV/26-27/000003"


def test_a_seller_without_gstin_counts_for_itself(db: None) -> None:
    abroad = {"country": "US", "state_code": "", "gstin": "", "is_default": False, "postal_code": ""}
    sellers = [factories.billing_entity(name=name, **abroad) for name in ("One", "Two")]
    customers = [factories.organisation(f"Customer of {each}", billing_entity=each) for each in sellers]
    with at("2026-11-01 10:00"):
        assert [number_of(each) for each in customers] == ["INV/26-27/000001"] * 2


# --- how numbers are written ------------------------------------------------------------------------------------------


@golden("dates", "number_styles")
def test_numbers_are_written_in_the_sellers_style(row: dict[str, str]) -> None:
    style = NumberStyle(row["separator"], row["year"], int(row["digits"]))
    series = style.series(row["prefix"], DAY)
    assert (style.text(series, int(row["running"])), last_number(series)) == (row["number"], int(row["last"]))


styles = st.builds(NumberStyle, st.sampled_from(sorted(SEPARATORS)), st.sampled_from(sorted(YEARS)), st.integers(1, 9))
prefixes = st.sampled_from(["INV", "INV-26", "INV/26", "I", "26", "A-26-27", "INV1", "2627"])
days = st.sampled_from([date(2025, 4, 1), DAY, date(2027, 3, 31), date(2027, 4, 1), date(2028, 4, 1)])


@given(st.lists(st.tuples(styles, prefixes, days), min_size=2, max_size=12))
def test_two_counters_never_write_the_same_text(taken: list[tuple[NumberStyle, str, date]]) -> None:
    """Whatever the order of styles, prefixes and years: each number comes from the counter of its series."""
    counters: Counter[str] = Counter()
    texts = []
    for style, prefix, day in taken:
        series = style.series(prefix, day)
        if len(series) + style.width <= NUMBER_LENGTH:
            counters[series] += 1
            texts.append(style.text(series, counters[series]))
    assert len(set(texts)) == len(texts)


def test_a_seller_changes_how_its_numbers_are_written(acme: Organisation) -> None:
    with at("2026-11-01 10:00"):
        assert number_of(acme) == "INV/26-27/000001"
        changed(acme.billing_entity, number_width=3)
        assert number_of(acme) == "INV/26-27/002"  # the series goes on
        changed(acme.billing_entity, number_separator="-", number_year="yynn")
        assert number_of(acme) == "INV-2627-001"
        changed(acme.billing_entity, invoice_prefix="BLR/INV")
        assert number_of(acme) == "BLR/INV-2627-001"
        changed(acme.billing_entity, invoice_prefix="INV", number_separator="/", number_year="yy-nn", number_width=6)
        assert number_of(acme) == "INV/26-27/000003"
    with at("2027-04-01 10:00"):
        assert number_of(acme) == "INV/27-28/000001"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"invoice_prefix": "INVO"}, "invoice_prefix"),  # with 26-27 and six digits 17 characters
        ({"credit_note_prefix": "CRN-"}, "credit_note_prefix"),
        ({"invoice_prefix": "0IN"}, "invoice_prefix"),
        ({"invoice_prefix": "/I"}, "invoice_prefix"),
        ({"number_year": "yyyy-nn"}, "invoice_prefix"),
        ({"number_width": 7}, "invoice_prefix"),
        ({"number_width": 0}, "number_width"),
        ({"number_separator": "_"}, "number_separator"),
    ],
)
def test_what_rule_46_does_not_allow_is_refused_at_the_field(
    acme: Organisation, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        changed(acme.billing_entity, **values)
    assert field in refused.value.message_dict


def test_a_prefix_that_numbered_the_other_kind_of_document_this_year_is_refused_in_any_order(
    acme: Organisation,
) -> None:
    entity = acme.billing_entity
    with at("2026-11-01 10:00"):
        number_of(acme)
        changed(entity, invoice_prefix="NEW")
        with pytest.raises(ValidationError) as refused:
            changed(entity, credit_note_prefix="INV")
        assert refused.value.message_dict == {
            "credit_note_prefix": ["The series INV/26-27/ numbers invoices already: take another prefix."]
        }
        second = factories.billing_entity(
            name="Second", is_default=False, gstin=KARNATAKA_GSTIN, invoice_prefix="SEC", credit_note_prefix="INV"
        )
        with pytest.raises(ValidationError) as refused:  # gets the GSTIN later
            changed(second, gstin=entity.gstin)
        assert list(refused.value.message_dict) == ["credit_note_prefix"]
    with at("2027-04-01 10:00"):  # another financial year, another series
        changed(entity, credit_note_prefix="INV")


@pytest.mark.django_db
def test_a_series_of_credit_notes_gives_no_number_to_an_invoice() -> None:
    entity = factories.billing_entity()
    counter("INV/26-27/", entity, kind="credit_note")
    with pytest.raises(DomainError) as refused:
        take_number(billing_entity=entity, series="INV", on=DAY)
    assert refused.value.code == "SERIES_TAKEN"


@pytest.mark.django_db
def test_the_next_number_is_shown_as_it_will_be_printed() -> None:
    entity = factories.billing_entity(number_width=4)
    counter("INV/26-27/", entity, next_number=13)
    assert expected_number(billing_entity=entity, on=DAY) == "INV/26-27/0013"
    assert expected_number(billing_entity=entity, on=DAY, series="CN") == "CN/26-27/0001"
    counter("FULL/26-27/", entity, next_number=100_000)
    entity.invoice_prefix, entity.number_width = "FULL", 3
    assert expected_number(billing_entity=entity, on=DAY) == "none: FULL/26-27/ is used up"


@pytest.mark.django_db
def test_a_series_is_nearly_full_when_a_tenth_of_its_numbers_is_left() -> None:
    entity = factories.billing_entity()
    counter("INV/26-27/", entity, next_number=900_000)
    counter("A/26/", entity, next_number=1_000_001)  # eleven digits would fit, a counter has nine
    assert not NumberSequence.objects.nearly_full(on=DAY).exists()
    counter("LONGER/26-27/", entity, next_number=902)
    assert [each.series for each in NumberSequence.objects.nearly_full(on=DAY)] == ["LONGER/26-27/"]
    assert not NumberSequence.objects.nearly_full(on=date(2027, 4, 1)).exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"credit_note_prefix": "INV"}, "credit_note_prefix"),  # its own invoices
        ({"credit_note_prefix": "SEC"}, "credit_note_prefix"),  # the second seller's invoices
        ({"invoice_prefix": "SEC"}, "invoice_prefix"),  # the same
        ({"invoice_prefix": "SCN"}, "invoice_prefix"),  # the second seller's credit notes
    ],
)
def test_a_prefix_that_numbers_other_documents_of_the_gstin_is_refused_at_the_field(
    acme: Organisation, values: dict[str, str], field: str
) -> None:
    factories.billing_entity(name="Second", is_default=False, invoice_prefix="SEC", credit_note_prefix="SCN")
    with pytest.raises(ValidationError) as refused:
        changed(acme.billing_entity, **values)
    assert list(refused.value.message_dict) == [field]
