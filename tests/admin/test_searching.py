"""The search box of a list finds rows by their numbers, or by the customer that they lead to."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from invoicing.models import Invoice
from organisations.models import Organisation
from payments.services.offline import record_offline_payment
from tests import factories
from tests.admin.test_listing import INVOICES, issue, lines
from tests.invoicing.language import at

ALLOCATIONS, PAYMENTS = "/admin/payments/paymentallocation/", "/admin/payments/payment/"


@pytest.fixture
def invoices(acme: Organisation) -> list[Invoice]:
    """Two of Acme, the first of them paid, and one of Zenith."""
    Organisation.objects.filter(pk=acme.pk).update(name="Acme Cloud", legal_name="Konkan Traders")
    with at("2026-11-03 10:00"):
        made = [issue(acme, "100"), issue(acme, "200"), issue(factories.organisation("Zenith"), "300")]
        record_offline_payment(
            invoice_id=made[0].pk,
            amount=made[0].total,
            method="bank_transfer",
            reference="UTR1",
            received_on=date(2026, 11, 3),
        )
    return made


def found(person: Client, address: str, text: str) -> int:
    return len(lines(person, f"{address}list-export/?q={text}"))


def test_invoices_are_found_by_their_customer_or_their_number(
    as_admin: Client, as_acme_admin: Client, invoices: list[Invoice]
) -> None:
    """All words in one place: the customer's names, or the number; the last digits are enough."""
    number, last = invoices[1].number, str(invoices[1].sequence_number)

    assert {text: found(as_admin, INVOICES, text) for text in (number, number.lower(), last, last.zfill(6))} == {
        number: 1,
        number.lower(): 1,
        last: 1,
        last.zfill(6): 1,
    }
    assert [found(as_admin, INVOICES, text) for text in ("cloud", "konkan acme", '"acme cloud"')] == [2, 2, 2]
    for text in (number[:-1], "acme zenith", f"acme {last}", "9" * 40):
        assert found(as_admin, INVOICES, text) == 0, text
    assert [found(person, INVOICES, "zenith") for person in (as_admin, as_acme_admin)] == [1, 0]


def test_payments_and_allocations_are_found_by_whole_numbers(as_admin: Client, invoices: list[Invoice]) -> None:
    number = invoices[0].number
    expected = {number: 1, "UTR1": 1, "utr1": 1, number[:-1]: 0, "UTR": 0}

    for address in (PAYMENTS, ALLOCATIONS):
        assert {text: found(as_admin, address, text) for text in expected} == expected, address
    assert found(as_admin, PAYMENTS, "acme") == 1


def test_where_most_of_another_table_is_meant_its_rows_are_not_named_one_by_one(
    as_admin: Client, invoices: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing_platform.lib.admin.searching.MOST_NAMED", 0)
    asked: list[str] = []

    def listen(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(listen):
        assert found(as_admin, INVOICES, "acme") == 2
    assert any('"organisation_id" IN (SELECT' in sql for sql in asked)
