"""Numbers without gaps and repeats, also when many are taken at once and some are given back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection, transaction

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice, NumberSequence
from invoicing.services import lifecycle
from invoicing.services.numbering import take_number
from organisations.models import BillingEntity
from tests import factories
from tests.invoicing.language import one_off

DAY = date(2026, 11, 1)


class Refused(Exception):
    """Something that goes wrong after the number was taken."""


@pytest.mark.django_db
def test_a_number_outside_a_transaction_would_belong_to_nobody(transactional_db: None) -> None:
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
    NumberSequence.objects.create(billing_entity=entity, series="INV", financial_year="26-27", next_number=999_999)
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
        lifecycle.finalize_invoice(invoice_id=invoice.pk)
    except DomainError as error:
        return error.code
    finally:
        connection.close()
    return "done"
