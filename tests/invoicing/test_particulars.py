"""A missing particular of CGST Rule 46 blocks the invoice, and the warning says where to enter it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice
from invoicing.services import issuing
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.runs.billing_run import process_item, start_billing_run
from organisations.models import BillingEntity, Organisation
from tests import factories
from tests.invoicing.language import OCTOBER, after_october, one_off, per_unit, used

pytestmark = pytest.mark.django_db

NO_ADDRESS: dict[str, Any] = {"address_line1": "", "city": "", "postal_code": ""}


def blocking(invoice: Invoice) -> list[str]:
    return [warning["message"] for warning in invoice.warnings if warning.get("blocks")]


def test_a_registered_customer_without_an_address_blocks_its_invoice() -> None:
    umbrella = factories.organisation("Umbrella", gstin=factories.KARNATAKA_GSTIN, **NO_ADDRESS)
    draft = one_off(umbrella)
    assert blocking(draft) == [
        "The customer Umbrella has no address, which CGST Rule 46 (d) asks for on an invoice to a registered customer: "
        "enter the address on the customer's page."
    ]
    with pytest.raises(DomainError) as refused:
        issuing.finalize_invoice(invoice_id=draft.pk)
    assert refused.value.code == "PARTICULAR_MISSING"
    umbrella.address_line1 = "1 Main Street"
    umbrella.save()
    assert issuing.finalize_invoice(invoice_id=draft.pk).number


@pytest.mark.parametrize(("price", "blocked"), [("49999.99", False), ("50000.00", True)])
def test_an_unregistered_customer_needs_an_address_from_fifty_thousand_rupees_before_tax(
    price: str, blocked: bool
) -> None:
    draft = one_off(factories.organisation("Umbrella", **NO_ADDRESS), price)
    found = blocking(draft)
    assert bool(found) is blocked
    assert all("Rule 46 (e)" in sentence for sentence in found)


def test_a_registered_seller_without_an_address_blocks_every_invoice(acme: Organisation) -> None:
    BillingEntity.objects.update(**NO_ADDRESS)
    assert blocking(one_off(Organisation.objects.get(pk=acme.pk))) == [
        "The seller Metrics Cloud has no address, which CGST Rule 46 (a) asks for on a tax invoice: "
        "enter the address on the seller's page."
    ]


def test_a_foreign_customer_and_an_unregistered_seller_are_asked_for_nothing(globex: Organisation) -> None:
    today = clock.today("Asia/Kolkata")
    add_exchange_rate(base="USD", target="INR", rate=Decimal("88.50"), as_of=today, source="RBI")
    Organisation.objects.filter(pk=globex.pk).update(**NO_ADDRESS)
    assert blocking(one_off(Organisation.objects.get(pk=globex.pk))) == []
    private = factories.billing_entity(name="Private", gstin="", is_default=False, invoice_prefix="PRV", **NO_ADDRESS)
    umbrella = factories.organisation("Umbrella", billing_entity=private, **NO_ADDRESS)
    assert blocking(one_off(umbrella, "60000")) == []


def test_the_run_fails_the_customer_with_the_sentence_and_bills_it_once_mended() -> None:
    per_unit("1")
    umbrella = factories.organisation("Umbrella", gstin=factories.KARNATAKA_GSTIN, **NO_ADDRESS)
    used(factories.project(umbrella), 100)
    with after_october():
        item = start_billing_run(period=OCTOBER, requested_by="test").items.get()
        failed = process_item(item_id=item.pk)
        assert (failed.status, "Rule 46 (d)" in failed.reason) == ("failed", True)
        umbrella.address_line1 = "1 Main Street"
        umbrella.save()
        start_billing_run(period=OCTOBER, requested_by="test")
        assert process_item(item_id=item.pk).status == "done"
