"""Invoice numbers have no gaps and no repeats, also with concurrent and rolled-back transactions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice, NumberSequence
from invoicing.services import issuing
from invoicing.services.numbering import take_number
from organisations.models import BillingEntity, Organisation
from tests import factories
from tests.factories import KARNATAKA_GSTIN
from tests.invoicing.language import at, one_off

DAY = date(2026, 11, 1)


class Refused(Exception):
    """Something that goes wrong after the number was taken."""


@pytest.mark.django_db
def test_a_number_is_not_given_outside_a_transaction(transactional_db: None) -> None:
    with pytest.raises(RuntimeError, match="needs a transaction"):
        take_number(billing_entity=factories.billing_entity(), series="INV", on=DAY)


@pytest.mark.django_db
def test_a_rollback_gives_the_number_back() -> None:
    entity = factories.billing_entity()
    with transaction.atomic():
        take_number(billing_entity=entity, series="INV", on=DAY)
        transaction.set_rollback(True)
    assert take_number(billing_entity=entity, series="INV", on=DAY).text == "INV/26-27/000001"


@pytest.mark.django_db
def test_a_series_ends_where_the_number_would_have_seventeen_characters() -> None:
    entity = factories.billing_entity()
    NumberSequence.objects.create(
        billing_entity=entity, registration=entity.gstin, series="INV", financial_year="26-27", next_number=999_999
    )
    last = take_number(billing_entity=entity, series="INV", on=DAY)
    assert (last.text, len(last.text)) == ("INV/26-27/999999", 16)
    with pytest.raises(DomainError) as refused:
        take_number(billing_entity=entity, series="INV", on=DAY)
    assert refused.value.code == "SERIES_FULL"


@pytest.mark.django_db(transaction=True)
def test_numbers_taken_at_once_have_no_gap_though_every_third_is_rolled_back() -> None:
    entity = factories.billing_entity()
    with ThreadPoolExecutor(8) as threads:
        taken = [number for number in threads.map(lambda turn: take(entity, fails=turn % 3 == 0), range(60)) if number]
    # 60 turns, of which 20 roll back: 40 numbers, 1 to 40
    assert sorted(taken) == list(range(1, 41))
    assert NumberSequence.objects.get().next_number == 41


@pytest.mark.django_db(transaction=True)
def test_one_invoice_finalized_by_many_at_once_gets_one_number() -> None:
    acme = factories.organisation("Acme")
    invoice = one_off(acme)
    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(lambda _: finalize(invoice), range(8)))
    assert sorted(outcomes) == ["INVOICE_NOT_DRAFT"] * 7 + ["done"]
    assert NumberSequence.objects.get().next_number == 2


def take(entity: BillingEntity, *, fails: bool) -> int | None:
    try:
        with transaction.atomic():
            number = take_number(billing_entity=entity, series="INV", on=DAY).sequence_number
            if fails:
                raise Refused
            return number
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


def changed(entity: BillingEntity, **values: str) -> None:
    """As the seller's form saves it: checked first."""
    entity.refresh_from_db()
    for name, value in values.items():
        setattr(entity, name, value)
    entity.full_clean()
    entity.save()


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
