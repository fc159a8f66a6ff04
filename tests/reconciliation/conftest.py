"""Fixtures for reconciliation: no account at Razorpay unless a test asks for the sandbox; days that were stated."""

from __future__ import annotations

from typing import Any

import pytest

from invoicing.models import Invoice
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from organisations.models import Organisation, Project
from tests import factories
from tests.payments.conftest import _razorpay, no_repeats, razorpay
from tests.payments.language import issued_invoice
from tests.reconciliation.proof_language import counted_on, day, noon_of, stated

__all__ = ["_razorpay", "no_repeats", "razorpay"]


@pytest.fixture(autouse=True)
def no_account(request: pytest.FixtureRequest, settings: Any) -> None:
    if "razorpay" not in request.fixturenames:
        settings.RAZORPAY_KEY_ID = settings.RAZORPAY_KEY_SECRET = ""


@pytest.fixture
def days(acme: Organisation, project: Project) -> Invoice:
    """Three days ago a, b and c were counted; two days ago an invoice was issued, and credited; yesterday nothing."""
    counted_on(3, project, "a", "b", "c")
    with noon_of(2):
        invoice = issued_invoice(acme)
        issue_credit_note(invoice_id=invoice.pk, lines=None, why=Why("cancelled"), send=False)
        issued_invoice(factories.organisation(name="Umbrella"), "5")
    assert [statement.day for statement in stated()] == [day(3), day(2), day(1)]
    return invoice
