"""Lines that a person types on a draft, the customer's order number, and notes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import InvoiceLine
from invoicing.selectors.documents import invoice_document
from invoicing.services import drafting, editing, issuing
from invoicing.services.runs.billing_run import process_item, start_billing_run
from organisations.models import AuditEntry, Organisation, Project
from tests.invoicing.language import OCTOBER, after_october, amounts, draft, one_off, per_unit, used

pytestmark = pytest.mark.django_db
SETUP = {"description": "Setup of the gateway", "quantity": "2", "unit_price": "500"}
GOODWILL = {"description": "Goodwill for the outage", "quantity": "1", "unit_price": "-40.005"}


def kinds(invoice_id: object) -> list[str]:
    return list(InvoiceLine.objects.filter(invoice=invoice_id).order_by("position").values_list("kind", flat=True))


def test_a_months_draft_takes_typed_lines_after_its_usage(acme: Organisation, project: Project) -> None:
    """100 calls at ₹1 are 100.00; 2 × 500 are 1,000.00; −40.005 is rounded to −40.01. CGST and SGST are 9 % of each."""
    per_unit("1")
    used(project, 100)
    month = draft(acme)
    with after_october():
        edited = editing.set_typed_lines(invoice_id=month.pk, lines=[SETUP, GOODWILL])
    assert amounts(edited) == [Decimal("100.00"), Decimal("1000.00"), Decimal("-40.01")]
    assert kinds(edited.pk) == ["usage", "one_off", "one_off"]
    assert edited.subtotal == Decimal("1059.99")
    assert edited.tax_total == Decimal("18.00") + Decimal("180.00") - Decimal("7.20")


def test_typed_lines_are_kept_when_usage_comes_and_when_the_run_issues(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    month = draft(acme)
    with after_october():
        editing.set_typed_lines(invoice_id=month.pk, lines=[SETUP])
    used(project, 20, on="2026-10-31")
    with after_october():
        assert amounts(drafting.recompute_draft(invoice_id=month.pk)) == [Decimal("120.00"), Decimal("1000.00")]
        run = start_billing_run(period=OCTOBER, requested_by="test")
        done = process_item(item_id=run.items.get(organisation=acme).pk)
    assert done.invoice is not None
    assert done.invoice.number
    assert amounts(done.invoice) == [Decimal("120.00"), Decimal("1000.00")]


def test_typed_lines_are_changed_and_taken_off_again(acme: Organisation, project: Project) -> None:
    per_unit("1")
    used(project, 100)
    month = draft(acme)
    with after_october():
        editing.set_typed_lines(invoice_id=month.pk, lines=[SETUP, GOODWILL])
        editing.set_typed_lines(invoice_id=month.pk, lines=[])
    assert kinds(month.pk) == ["usage"]
    entries = AuditEntry.objects.filter(object_pk=str(month.pk), changes__has_key="typed_lines")
    words = [entry.changes["typed_lines"] for entry in entries]
    assert ["", "Setup of the gateway: 2 × 500 = ₹1,000.00; Goodwill for the outage: 1 × -40.005 = -₹40.01"] in words


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({**SETUP, "description": " "}, "lines[0].description"),
        ({**SETUP, "quantity": "0"}, "lines[0].quantity"),
        ({**SETUP, "unit_price": "1,5"}, "lines[0].unit_price"),
        ({**SETUP, "sac": "1234"}, "lines[0].sac"),
    ],
)
def test_a_typed_line_is_refused_at_its_field(acme: Organisation, line: dict[str, str], field: str) -> None:
    invoice = one_off(acme)
    with pytest.raises(InvalidInput) as refused:
        editing.set_typed_lines(invoice_id=invoice.pk, lines=[line])
    assert field in refused.value.details
    assert amounts(invoice) == [Decimal("100.00")]


def test_a_one_off_invoice_keeps_at_least_one_line(acme: Organisation) -> None:
    with pytest.raises(InvalidInput, match="discard the draft"):
        editing.set_typed_lines(invoice_id=one_off(acme).pk, lines=[])


def test_an_issued_invoice_takes_no_typed_line(acme: Organisation) -> None:
    issued = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    with pytest.raises(DomainError, match="not a draft"):
        editing.set_typed_lines(invoice_id=issued.pk, lines=[SETUP])
    with pytest.raises(DomainError, match="not a draft"):
        editing.set_particulars(invoice_id=issued.pk, purchase_order="PO-1", notes="")


def test_the_order_number_is_the_invoices_or_else_the_customers(acme: Organisation) -> None:
    acme.purchase_order = "PO-STANDING"
    acme.save()
    own, standing = one_off(acme), one_off(acme)
    editing.set_particulars(invoice_id=own.pk, purchase_order=" PO-77 ", notes="Thank you.\nSee you.")
    for invoice in (own, standing):
        issuing.finalize_invoice(invoice_id=invoice.pk)
        invoice.refresh_from_db()
    assert (invoice_document(own).purchase_order, invoice_document(own).notes) == ("PO-77", "Thank you.\nSee you.")
    assert invoice_document(standing).purchase_order == "PO-STANDING"
