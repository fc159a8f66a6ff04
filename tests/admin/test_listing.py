"""What every list offers: it shows the columns one chooses, and exports what it shows."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any
from urllib.parse import parse_qs

import pytest
from django import urls
from django.contrib.admin import utils
from django.contrib.admin.templatetags import admin_urls
from django.template import base as template
from django.test import Client
from django_celery_beat.models import IntervalSchedule, SolarSchedule
from pytest_django.asserts import assertTemplateNotUsed, assertTemplateUsed
from unfold.contrib.filters.forms import DropdownForm
from unfold.templatetags import unfold_list

from billing_platform.lib.admin import display
from invoicing.admin.invoice import InvoiceAdmin
from invoicing.models import ExchangeRate, Invoice
from invoicing.services import drafting, issuing
from organisations.models import Organisation
from payments.services.offline import record_offline_payment
from tests.invoicing.language import at

INVOICES = "/admin/invoicing/invoice/"


def lines(person: Client, address: str) -> list[dict[str, str]]:
    answer = person.get(address)
    assert answer.status_code == 200, address
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


def issue(customer: Organisation, price: str) -> Invoice:
    line = {"description": "Set-up", "quantity": "1", "unit_price": price}
    return issuing.finalize_invoice(invoice_id=drafting.create_one_off_draft(organisation=customer, lines=[line]).pk)


@pytest.fixture
def paid_and_open(acme: Organisation, globex: Organisation) -> list[Invoice]:
    ExchangeRate.objects.create(base="USD", target="INR", rate="84", as_of=date(2026, 11, 2), source="test")
    with at("2026-11-03 10:00"):
        paid, open_ = issue(acme, "100000"), issue(acme, "0.5")
        record_offline_payment(
            invoice_id=paid.pk,
            amount=Decimal("118000"),
            method="bank_transfer",
            reference="UTR1",
            received_on=date(2026, 11, 3),
        )
        return [paid, open_, issue(globex, "50")]


def test_a_list_exports_the_rows_its_filters_leave(as_admin: Client, paid_and_open: list[Invoice]) -> None:
    """Amounts as numbers beside their currency: 1,00,000 + 18% = 118000, 0.5 + 2 × 0.05 = 0.6; dollars have no tax."""
    every = lines(as_admin, f"{INVOICES}list-export/?o=1")
    unpaid = lines(as_admin, f"{INVOICES}list-export/?attention=collectable")

    assert {(row["Invoice"], row["Total"], row["Currency"]) for row in every} == {
        (paid_and_open[0].number, "118000", "INR"),
        (paid_and_open[1].number, "0.6", "INR"),
        (paid_and_open[2].number, "50", "USD"),
    }
    assert {row["Invoice"] for row in unpaid} == {invoice.number for invoice in paid_and_open[1:]}
    assert {row["Issue date"] for row in every} == {"2026-11-03"}


def test_a_list_shows_and_exports_the_columns_one_chooses(as_admin: Client, paid_and_open: list[Invoice]) -> None:
    ticked = as_admin.get(f"{INVOICES}?columns=amount&columns=state_and_trouble&columns=nonsense&status__exact=paid")
    assert ticked["Location"] == "?columns=amount%2Cstate_and_trouble%2Cnonsense&status__exact=paid"

    page = as_admin.get(f"{INVOICES}{ticked['Location']}").content.decode()
    shown = re.findall(r'<th[^>]*class="[^"]*column-(\w+)', page)
    exported = lines(as_admin, re.search(r'href="([^"]*/list-export/[^"]*)"', page)[1].replace("&amp;", "&"))  # type: ignore[index]

    assert "amount" in shown
    assert "due_date" not in shown
    assert [set(row) for row in exported] == [{"Invoice", "Total", "Status", "Currency"}]


def test_nobody_exports_what_is_another_customers(as_viewer: Client, paid_and_open: list[Invoice]) -> None:
    assert {row["Customer"] for row in lines(as_viewer, f"{INVOICES}list-export/")} == {"Acme"}
    assert as_viewer.get("/admin/auth/user/list-export/").status_code == 403


def test_a_cell_is_no_formula(as_admin: Client, acme: Organisation) -> None:
    Organisation.objects.filter(pk=acme.pk).update(name="=HYPERLINK(1)")

    assert [row["Name"] for row in lines(as_admin, "/admin/organisations/organisation/list-export/")] == [
        "'=HYPERLINK(1)"
    ]


def test_an_export_that_ends_early_says_so(
    as_admin: Client, acme: Organisation, globex: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billing_platform.lib.admin.listing.MOST_ROWS", 1)

    names = [row["Name"] for row in lines(as_admin, "/admin/organisations/organisation/list-export/")]

    assert len(names) == 2
    assert names[1] == "The list has more than 1 rows: filter it."


def test_wrong_filters_are_no_export(as_admin: Client) -> None:
    assert as_admin.get(f"{INVOICES}list-export/?nonsense=1").status_code == 404


def test_headers_are_made_once_for_a_list_and_each_row_has_its_box(
    as_admin: Client, paid_and_open: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def label_for_field(name: Any, *rest: Any, **named: Any) -> Any:
        asked.append(name)
        return utils.label_for_field(name, *rest, **named)

    monkeypatch.setattr(unfold_list, "label_for_field", label_for_field)

    page = as_admin.get(INVOICES)

    assert asked == page.context["cl"].list_display
    ticked = re.findall(r'<input type="checkbox" name="_selected_action" value="([^"]+)"', page.content.decode())
    assert set(ticked) == {str(invoice.pk) for invoice in paid_and_open}


def test_each_row_of_a_filtered_list_leads_back_to_it_and_nobody_looks_for_its_page(
    as_admin: Client, paid_and_open: list[Invoice], acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(admin_urls, "resolve", lambda path: asked.append(path) or urls.resolve(path))

    page = as_admin.get(INVOICES, {"organisation__id__exact": acme.pk})

    rows = dict(re.findall(r'<a href="/admin/invoicing/invoice/([^/]+)/change/\?([^"]+)"', page.content.decode()))
    assert set(rows) == {str(invoice.pk) for invoice in paid_and_open if invoice.organisation_id == acme.pk}
    assert {parse_qs(query)["_changelist_filters"][0] for query in rows.values()} == {
        f"organisation__id__exact={acme.pk}"
    }
    assert not [path for path in asked if path.endswith("/change/")]


def test_more_rows_ask_for_no_more_addresses_and_no_list_of_attributes(
    as_admin: Client, paid_and_open: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Django lists all attributes of what lacks the one that a template asks for."""
    asked: list[str] = []
    monkeypatch.setattr(display, "reverse", lambda name, **more: asked.append(name) or urls.reverse(name, **more))
    monkeypatch.setattr(template, "dir", lambda owner: asked.append(type(owner).__name__) or dir(owner), raising=False)
    pages = (INVOICES, f"{INVOICES}{paid_and_open[0].pk}/change/")
    for address in pages:  # what is known once is known
        as_admin.get(address)
    asked.clear()

    for address in pages:
        assert as_admin.get(address).status_code == 200

    assert {"InvoiceAdmin", "admin:invoicing_invoice_change"} & set(asked) == set()
    assert asked.count("InvoiceLineForm") == 1, "for the page, and not for each line"


def test_the_menus_of_filters_are_drawn_without_a_template_for_each_option() -> None:
    form = DropdownForm(name="status", label="Status", choices=[("", "All"), ("a", "A & B")], data={"status": "a"})
    with (
        assertTemplateUsed("unfold/widgets/select.html"),
        assertTemplateNotUsed("django/forms/widgets/select_option.html"),
    ):
        shown = str(form["status"])
    assert '<option value="">All</option><option value="a" selected>A &amp; B</option></select>' in shown
    assert "unfold-admin-autocomplete" in shown, "Unfold's script finds it"


def test_an_address_holds_any_key(acme: Organisation) -> None:
    interval = IntervalSchedule(pk=7)
    assert display.admin_url(acme) == f"/admin/organisations/organisation/{acme.pk}/change/"
    assert display.action_url(acme, "statement") == f"/admin/organisations/organisation/{acme.pk}/actions/statement/"
    assert display.admin_url(interval) == "/admin/django_celery_beat/intervalschedule/7/change/"
    assert display.admin_url(Organisation(pk="a/b key")).endswith("/organisation/a_2Fb%20key/change/")
    with pytest.raises(urls.NoReverseMatch):
        display.admin_url(SolarSchedule(pk=7))


def test_what_an_objects_page_shows_is_worked_out_once(
    as_admin: Client, paid_and_open: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    timeline = InvoiceAdmin.timeline

    @wraps(timeline)
    def counted(page: InvoiceAdmin, invoice: Invoice) -> Any:
        asked.append(invoice.pk)
        return timeline(page, invoice)

    monkeypatch.setattr(InvoiceAdmin, "timeline", counted)

    assert as_admin.get(f"{INVOICES}{paid_and_open[0].pk}/change/").status_code == 200

    assert asked == [paid_and_open[0].pk]
