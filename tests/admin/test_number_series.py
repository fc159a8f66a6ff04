"""The report on number series, and the action that changes how a seller's documents are numbered."""

from __future__ import annotations

import csv
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from django.urls import reverse

from invoicing.models import NumberSequence
from invoicing.selectors.number_series import series_reports
from invoicing.services import issuing, voiding
from invoicing.services.numbering import take_numbers
from organisations.models import BillingEntity, Organisation
from tests.invoicing.language import at, one_off

pytestmark = pytest.mark.django_db


def numbered(acme: Organisation, count: int) -> list[Any]:
    with at("2026-11-01 10:00"):
        return [issuing.finalize_invoice(invoice_id=one_off(acme).pk) for _ in range(count)]


def report() -> list[list[str]]:
    return [
        [each.first, each.last, str(each.issued), str(each.void), str(list(each.missing)), str(each.agrees)]
        for each in series_reports(NumberSequence.objects.all())
    ]


def test_a_series_without_gaps_is_reported_with_its_void_documents(acme: Organisation, as_admin: Client) -> None:
    _first, second, _third = numbered(acme, 3)
    with at("2026-11-02 10:00"):
        voiding.void_invoice(invoice_id=second.pk, reason="Wrong address")
    assert report() == [["INV/26-27/000001", "INV/26-27/000003", "3", "1", "[]", "True"]]
    page = as_admin.get(reverse("admin:invoicing_numbersequence_changelist")).content.decode()
    assert "1 series, 3 documents: no number is missing" in page
    assert "No gaps" in page


def test_the_report_as_csv(acme: Organisation, as_admin: Client) -> None:
    numbered(acme, 2)
    answer = as_admin.get(reverse("admin:invoicing_numbersequence_changelist"), {"format": "csv"})
    text = b"".join(answer.streaming_content).decode()
    (row,) = csv.DictReader(text.splitlines())
    assert (row["series"], row["first"], row["last"]) == ("INV/26-27/", "INV/26-27/000001", "INV/26-27/000002")
    assert (row["documents"], row["missing"], row["counter_agrees"], row["next_number"]) == ("2", "0", "yes", "3")


def test_a_number_that_no_document_has_is_named(acme: Organisation, as_admin: Client) -> None:
    """The database refuses such a gap, unless somebody who owns the table takes its promises away."""
    numbered(acme, 1)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE invoicing_numbersequence DISABLE TRIGGER USER")
    take_numbers(2, billing_entity=acme.billing_entity, series="INV", on=date(2026, 11, 1))
    numbered(acme, 1)
    assert report() == [["INV/26-27/000001", "INV/26-27/000004", "2", "0", "[2, 3]", "False"]]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE invoicing_numbersequence SET next_number = next_number + 100")
    page = as_admin.get(reverse("admin:invoicing_numbersequence_changelist")).content.decode()
    assert "102 numbers missing in 1 series" in page


def action(seller: BillingEntity) -> str:
    return reverse("admin:organisations_billingentity_action", args=[seller.pk, "change_numbers"])


CHOSEN = {
    "invoice_prefix": "BLR/INV",
    "credit_note_prefix": "BLR/CN",
    "number_separator": "-",
    "number_year": "yynn",
    "number_width": "3",
}


def test_the_next_numbers_are_shown_as_they_will_be_printed_before_anything_is_changed(
    acme: Organisation, as_admin: Client
) -> None:
    numbered(acme, 1)
    with at("2026-11-02 10:00"):
        page = as_admin.get(action(acme.billing_entity), CHOSEN)
    facts = page.context["facts"]
    assert all(text in facts for text in ("INV/26-27/000002", "BLR/INV-2627-001", "BLR/CN-2627-001"))
    assert "BLR/INV-2728-001" in facts  # of the next financial year
    assert ["The series INV/26-27/ ends before the financial year does." in text for text in page.context["warnings"]]
    acme.billing_entity.refresh_from_db()
    assert acme.billing_entity.invoice_prefix == "INV"


def test_the_numbers_are_changed_once_confirmed(acme: Organisation, as_admin: Client) -> None:
    with at("2026-11-02 10:00"):
        once = as_admin.get(action(acme.billing_entity)).context["form"]["once"].value()
        answer = as_admin.post(action(acme.billing_entity), CHOSEN | {"once": once}, follow=True)
    said = [str(message) for message in answer.context["messages"]]
    assert said == [
        "The next invoice is BLR/INV-2627-001, the next credit note BLR/CN-2627-001, unless another one takes the "
        "number first."
    ]
    (invoice,) = numbered(acme, 1)
    assert invoice.number == "BLR/INV-2627-001"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"invoice_prefix": "inv"}, "invoice_prefix"), ({"number_width": "9"}, "invoice_prefix"),
     ({"credit_note_prefix": "BLR/INV"}, "credit_note_prefix"), ({"number_width": "0"}, "number_width")],
)  # fmt: skip
def test_what_rule_46_does_not_allow_is_refused_at_the_field_and_shown_beforehand(
    acme: Organisation, as_admin: Client, change: dict[str, str], field: str
) -> None:
    page = as_admin.get(action(acme.billing_entity), CHOSEN | change)
    assert page.context["warnings"]
    once = page.context["form"]["once"].value()
    refused = as_admin.post(action(acme.billing_entity), CHOSEN | change | {"once": once})
    assert field in refused.context["form"].errors
