"""Rows of the list of invoices open: lines and payments are asked for when somebody opens one."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from invoicing.models import Invoice
from invoicing.services.drafting import create_one_off_draft
from organisations.models import Organisation
from payments.services.offline import record_offline_payment
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.language import one_off
from tests.payments.language import issued_invoice

LIST = "/admin/invoicing/invoice/"


def opened(invoice: Invoice) -> str:
    return reverse("admin:invoicing_invoice_opened", args=[invoice.pk])


def test_an_opened_row_shows_lines_and_payments(acme: Organisation, as_viewer: Client) -> None:
    invoice = issued_invoice(acme)
    assert "None so far." in as_viewer.get(opened(invoice)).content.decode()
    record_offline_payment(
        invoice_id=invoice.pk,
        method="bank_transfer",
        amount=Decimal(500),
        reference="UTR1",
        received_on=date(2026, 11, 20),
    )
    shown = re.sub(r"<[^>]+>|\s+", " ", as_viewer.get(opened(invoice)).content.decode())
    assert "₹1,000.00" in shown  # the line, before tax
    assert re.search(r"20 Nov 2026\s+Bank transfer\s+Captured\s+₹500.00\s+₹500.00", shown), shown


def test_lines_are_shown_as_text_and_only_to_who_may_see_the_invoice(acme: Organisation, globex: Organisation) -> None:
    invoice = create_one_off_draft(
        organisation=acme, lines=[{"description": "<b>bold</b>", "quantity": "1", "unit_price": "1"}]
    )
    anna, gwen = factories.member("anna", acme, "viewer"), factories.member("gwen", globex, "admin")
    assert "&lt;b&gt;bold" in signed_in(anna).get(opened(invoice)).content.decode()
    assert signed_in(gwen).get(opened(invoice)).status_code == 404


def test_the_list_asks_nothing_for_its_rows_to_open(acme: Organisation, as_operator: Client) -> None:
    one_off(acme)
    as_operator.get(LIST)
    with CaptureQueriesContext(connection) as one:
        page = as_operator.get(LIST).content.decode()
    assert page.count('class="opened-row"') == 1
    for _ in range(5):
        one_off(acme)
    with CaptureQueriesContext(connection) as six:
        page = as_operator.get(LIST).content.decode()
    assert page.count('class="opened-row"') == 6
    assert len(six) == len(one)
    assert not [each for each in six if "invoicing_invoiceline" in each["sql"] or "payments_payment" in each["sql"]]
