"""Fixtures for e-invoices: a seller that makes them, and the portal's stand-in in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from invoicing.irp import client
from invoicing.models import EInvoice, Invoice
from organisations.models import BillingEntity, Organisation
from organisations.services.sellers import update_seller
from tests.invoicing.e_invoices.language import customer_with_gstin, issued_on, making_seller
from tests.local.irp.harness import PortalProcess
from tests.local.irp.portal import CLIENT_ID, CLIENT_SECRET, PASSWORD, USER


@pytest.fixture
def seller(db: None) -> BillingEntity:
    return making_seller()


@pytest.fixture
def customer(seller: BillingEntity) -> Organisation:
    return customer_with_gstin(seller)


@pytest.fixture
def invoice(customer: Organisation) -> Invoice:
    """₹1,000.00 and 18% GST, of 5 October 2026 in the morning."""
    return issued_on("2026-10-05 10:00", customer)


@pytest.fixture
def e_invoice(invoice: Invoice) -> EInvoice:
    return EInvoice.objects.get(invoice=invoice)


@pytest.fixture(scope="session")
def _portal() -> Iterator[PortalProcess]:
    with PortalProcess() as process:
        yield process


@pytest.fixture
def portal(_portal: PortalProcess, seller: BillingEntity, settings: Any) -> PortalProcess:
    """The portal, empty, and a seller that fetches its IRNs there."""
    _portal.control(reset=True, now="2026-10-05 11:00:00")
    client._tokens.clear()
    update_seller(seller=seller, e_invoices_by_client=True)
    settings.IRP_URL, settings.IRP_CLIENT_ID, settings.IRP_CLIENT_SECRET = _portal.url, CLIENT_ID, CLIENT_SECRET
    settings.IRP_LOGINS = {seller.gstin: {"username": USER, "password": PASSWORD}}
    settings.IRP_TIMEOUT_SECONDS = (1.0, 1.0)
    return _portal
