"""Lists of the API as files: what an accountant opens in a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from billing_platform.lib.http import list_files
from invoicing.computing.credit_notes import Wanted
from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from organisations.models import ApiKey, Membership, Organisation
from organisations.services import api_keys
from payments.services.offline import record_offline_payment
from tests import factories
from tests.invoicing.language import at


def issue(customer: Organisation, price: str) -> Invoice:
    line = {"description": "Set-up", "quantity": "1", "unit_price": price}
    return issuing.finalize_invoice(invoice_id=drafting.create_one_off_draft(organisation=customer, lines=[line]).pk)


@pytest.fixture
def issued(acme: Organisation) -> list[Invoice]:
    """Of Acme: ₹1,180.00, of which ₹118.00 are credited and ₹1,000.00 paid; ₹236.00. Of Initech: ₹11.80."""
    with at("2026-11-03 09:00"):
        first = issue(acme, "1000")
    with at("2026-11-03 10:00"):
        second = issue(acme, "200")
        third = issue(factories.organisation("Initech"), "10")
        for invoice, amount in ((first, "100.00"), (third, "1.00")):
            issue_credit_note(
                invoice_id=invoice.pk,
                lines=[Wanted(1, amount=Decimal(amount))],
                why=Why("other", "=HYPERLINK(1)"),
            )
        for invoice, amount in ((first, "1000.00"), (third, "5.00")):
            record_offline_payment(
                invoice_id=invoice.pk,
                amount=Decimal(amount),
                method="bank_transfer",
                reference="UTR1",
                received_on=date(2026, 11, 3),
            )
    return [first, second, third]


def file(client: Client, address: str, **asked: str) -> list[dict[str, str]]:
    answer = client.get(f"/api/v1/admin/{address}", {**asked, "format": "csv"})
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))  # type: ignore[attr-defined]


def listed(client: Client, address: str) -> Any:
    return client.get(f"/api/v1/admin/{address}").json()["results"]


def test_the_invoices_of_a_customer_are_a_file(
    api: Client, acme: Organisation, issued: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every page, and the numbers of the list. What holds more than one value stays in JSON."""
    monkeypatch.setattr(list_files, "AT_A_TIME", 1)
    address = f"organisations/{acme.pk}/invoices"
    rows = file(api, address)

    assert [(row["number"], row["total"], row["amount_credited"], row["amount_due"]) for row in rows] == [
        (issued[1].number, "236.00", "0.00", "236.00"),
        (issued[0].number, "1180.00", "118.00", "62.00"),
    ]
    shown = listed(api, address)[0]
    assert set(shown) - set(rows[0]) == {"exchange", "warnings", "approval_needed"}
    assert rows[0] == {name: "" if shown[name] is None else str(shown[name]) for name in rows[0]}
    assert [row["number"] for row in file(api, address, number=issued[0].number)] == [issued[0].number]


def test_payments_and_credit_notes_are_files(api: Client, acme: Organisation, issued: list[Invoice]) -> None:
    payments = file(api, f"organisations/{acme.pk}/payments")
    assert [(row["amount"], row["reference"], row["received_on"]) for row in payments] == [
        ("1000.00", "UTR1", "2026-11-03")
    ]
    notes = file(api, "credit-notes", organisation=str(acme.pk))
    assert [(row["invoice_number"], row["total"], row["reason_text"]) for row in notes] == [
        (issued[0].number, "118.00", "'=HYPERLINK(1)")
    ]
    assert len(file(api, "credit-notes")) == 2
    assert file(api, "reconciliation/discrepancies") == []
    assert file(api, "usage-corrections") == []


def test_a_key_of_one_customer_gets_no_others_rows(acme: Organisation, issued: list[Invoice]) -> None:
    person = factories.member("accountant", acme, Membership.Role.VIEWER)
    key = api_keys.issue_admin_key(owner=person, name="Books", scope=ApiKey.Scope.ADMIN)
    client = factories.client(key.secret)

    assert {row["organisation"] for row in file(client, "credit-notes")} == {str(acme.pk)}
    theirs = f"/api/v1/admin/organisations/{issued[2].organisation_id}/payments"
    assert client.get(theirs, {"format": "csv"}).status_code == 404


@pytest.mark.parametrize(
    ("asked", "at_fault"), [({"format": "xml"}, "format"), ({"format": "csv", "page": "2"}, "page")]
)
def test_a_file_has_no_pages(api: Client, acme: Organisation, asked: dict[str, str], at_fault: str) -> None:
    answer = api.get(f"/api/v1/admin/organisations/{acme.pk}/invoices", asked)
    assert (answer.status_code, list(answer.json()["details"])) == (400, [at_fault])
