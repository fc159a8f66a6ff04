"""For random usage and prices: lines, taxes and totals agree, and the database accepts the invoice."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoicing.services import drafting, issuing
from organisations.models import Organisation
from tests.invoicing.language import amounts, taxes

prices = st.decimals(min_value=0, max_value=100_000, places=4).map(str)
quantities = st.decimals(min_value=Decimal("0.001"), max_value=10_000, places=3).map(str)
lines = st.lists(st.tuples(quantities, prices), min_size=1, max_size=8)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=lines, state=st.sampled_from(["29", "27"]))
def test_an_invoice_always_adds_up(acme: Organisation, lines: list[tuple[str, str]], state: str) -> None:
    acme.state_code = state
    acme.save()
    body = [{"description": "Work", "quantity": quantity, "unit_price": price} for quantity, price in lines]
    draft = drafting.create_one_off_draft(organisation=acme, lines=body)
    invoice = issuing.finalize_invoice(invoice_id=draft.pk)
    heads = taxes(invoice)
    assert sum(amounts(invoice)) == invoice.subtotal
    assert sum(heads.values(), Decimal(0)) == invoice.tax_total
    assert invoice.subtotal - invoice.discount_total + invoice.tax_total + invoice.round_off == invoice.total
    if state == "29":
        assert heads["CGST"] == heads["SGST"]
        assert "IGST" not in heads
    else:
        assert set(heads) == {"IGST"}
    assert all(amount == amount.quantize(Decimal("0.01")) for amount in [*amounts(invoice), invoice.total])
