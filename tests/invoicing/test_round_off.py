"""A seller's totals in whole rupees: on the document, to be paid, and taken back to the paisa."""

from __future__ import annotations

from decimal import Decimal

import pytest

from invoicing.computing.credit_notes import Wanted
from invoicing.documents import InvoiceDocument
from invoicing.models import Invoice
from invoicing.services import issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.exchange_rates import add_exchange_rate
from organisations.models import BillingEntity, Organisation
from tests import factories
from tests.invoicing.language import OCTOBER, at, issued, one_off, per_unit, used

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rounds(acme: Organisation) -> None:
    BillingEntity.objects.update(round_total=True)
    acme.billing_entity.refresh_from_db()


def test_a_months_total_is_a_whole_rupee(acme: Organisation) -> None:
    """1,234.57 + CGST 111.11 + SGST 111.11 = 1,456.79; 0.21 makes it 1,457.00."""
    per_unit("1234.57")
    used(factories.project(acme), 1)
    invoice = issued(acme)
    assert (invoice.tax_total, invoice.round_off, invoice.total) == (
        Decimal("222.22"),
        Decimal("0.21"),
        Decimal("1457.00"),
    )
    assert (invoice.taxable_in_rupees, invoice.cgst_in_rupees) == (Decimal("1234.57"), Decimal("111.11"))
    printed = InvoiceDocument.from_json(invoice.document.content)
    assert (printed.round_off, printed.total_in_words) == (
        Decimal("0.21"),
        "Rupees One Thousand Four Hundred Fifty-Seven Only",
    )
    assert invoice.period == OCTOBER


@pytest.mark.parametrize("unit_price", ["1234.57", "100.25", "0.50", "999.99"])
def test_the_notes_of_a_rounded_invoice_add_up_to_it(acme: Organisation, unit_price: str) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme, unit_price).pk)
    part = (Decimal(unit_price) / 3).quantize(Decimal("0.01"))
    why = Why(reason="deficiency")
    notes = [
        issue_credit_note(invoice_id=invoice.pk, lines=[Wanted(1, amount=part)], why=why),
        issue_credit_note(invoice_id=invoice.pk, lines=None, why=why),
    ]
    assert sum(note.total for note in notes) == invoice.total
    assert sum(note.round_off for note in notes) == invoice.round_off
    assert Invoice.objects.get(pk=invoice.pk).status == "credited"


def test_other_currencies_keep_their_decimals(globex: Organisation) -> None:
    with at("2026-11-02 10:00"):
        day = issuing.clock.today("Asia/Kolkata")
        add_exchange_rate(base="USD", target="INR", rate=Decimal("84.0721"), as_of=day, source="FBIL")
        invoice = issuing.finalize_invoice(invoice_id=one_off(globex, "99.99").pk)
    assert (invoice.round_off, invoice.total) == (Decimal(0), Decimal("99.99"))
