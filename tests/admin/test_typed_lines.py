"""One-off invoices and lines of a draft, typed in rows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from invoicing.models import Invoice
from organisations.models import Organisation, Project
from tests.admin.test_object_actions import action_url, token
from tests.invoicing.language import amounts, draft, one_off, per_unit, used

pytestmark = pytest.mark.django_db
ROWS = {
    "lines-0-description": "Setup",
    "lines-0-quantity": "2",
    "lines-0-unit_price": "500",
    "lines-0-sac": "",
    "lines-1-description": "",
    "lines-1-quantity": "",
    "lines-1-unit_price": "",
    "lines-1-sac": "",
    "lines-2-description": "Goodwill",
    "lines-2-quantity": "1",
    "lines-2-unit_price": "-100",
    "lines-2-sac": "998313",
}


def send(client: Client, target: Any, name: str, **typed: str) -> Any:
    url = action_url(target, name)
    return client.post(url, {"once": token(client, url), **typed}, follow=True)


def test_a_one_off_invoice_is_typed_in_rows(as_operator: Client, acme: Organisation) -> None:
    send(as_operator, acme, "create_one_off", **ROWS, purchase_order="PO-9", notes="Thank you")
    invoice = Invoice.objects.get()
    assert [(line.description, line.amount, line.sac) for line in invoice.lines.order_by("position")] == [
        ("Setup", Decimal("1000.00"), acme.billing_entity.default_sac),
        ("Goodwill", Decimal("-100.00"), "998313"),
    ]
    assert (invoice.purchase_order, invoice.notes) == ("PO-9", "Thank you")


def test_a_fault_names_its_row_and_keeps_what_was_typed(as_operator: Client, acme: Organisation) -> None:
    page = send(as_operator, acme, "create_one_off", **{**ROWS, "lines-2-quantity": "many"}).content.decode()
    assert "Row 2, Quantity:" in page
    assert 'value="Setup"' in page
    assert 'value="many"' in page
    assert not Invoice.objects.exists()


def test_lines_of_a_months_draft_are_added_and_shown_again(
    as_operator: Client, acme: Organisation, project: Project
) -> None:
    per_unit("1")
    used(project, 100)
    month = draft(acme)
    send(as_operator, month, "edit_lines", **ROWS)
    assert amounts(month) == [Decimal("100.00"), Decimal("1000.00"), Decimal("-100.00")]
    page = as_operator.get(action_url(month, "edit_lines")).content.decode()
    assert 'value="Setup"' in page
    assert 'value="-100"' in page


def test_order_number_and_notes_are_typed_on_a_draft(as_operator: Client, acme: Organisation) -> None:
    invoice = one_off(acme)
    send(as_operator, invoice, "edit_particulars", purchase_order="PO-77", notes="Thank you.")
    invoice.refresh_from_db()
    assert (invoice.purchase_order, invoice.notes) == ("PO-77", "Thank you.")
