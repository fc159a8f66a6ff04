"""Pages show times with a zone, numbers without superfluous zeros, and a next step for each problem."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test.client import Client
from django.urls import reverse

from invoicing.admin.prices.price_words import price_text
from invoicing.models import ExchangeRate, TaxRate
from invoicing.services.terms.discounts import add_discount
from organisations.models import Organisation, Project
from tests.invoicing.language import issued, per_unit, used
from tests.invoicing.language import price as price_rule

ROOT = Path(__file__).parents[2]


def test_times_on_lists_and_pages_are_the_sellers_and_say_so(
    acme: Organisation, project: Project, as_admin: Client
) -> None:
    per_unit("0.50", organisation=acme)
    used(project, 100)
    invoice = issued(acme)
    page = as_admin.get(reverse("admin:invoicing_invoice_change", args=[invoice.pk])).content.decode()
    assert "1 Nov 2026, 10:00 IST</time>" in page


def test_the_history_of_an_invoice_shows_amounts_and_times_plainly(
    acme: Organisation, project: Project, as_admin: Client
) -> None:
    per_unit("0.50", organisation=acme)
    used(project, 100)
    invoice = issued(acme)
    history = as_admin.get(reverse("admin:invoicing_invoice_history", args=[invoice.pk])).content.decode()
    assert "<td>59</td>" in history  # 100 × ₹0.50 = ₹50.00, and 18% GST
    assert "59.0000" not in history
    assert "1 Nov 2026, 10:00 IST</time>" in history


def test_rates_are_shown_without_idle_zeros(as_admin: Client) -> None:
    ExchangeRate.objects.create(
        base="USD", target="INR", rate=Decimal("84.7500000000"), as_of=date(2026, 11, 1), source="Bank"
    )
    TaxRate.objects.create(name="GST 5%", rate=Decimal("5.000"), sac="9965", effective_from=date(2026, 11, 1))
    assert ">84.75<" in as_admin.get(reverse("admin:invoicing_exchangerate_changelist")).content.decode()
    assert ">5%<" in as_admin.get(reverse("admin:invoicing_taxrate_changelist")).content.decode()


def test_the_list_of_prices_shows_the_prices(acme: Organisation, as_viewer: Client) -> None:
    per_unit("0.0125", organisation=acme)
    assert "Per unit ₹0.0125" in as_viewer.get(reverse("admin:invoicing_pricingrule_changelist")).content.decode()


@pytest.mark.parametrize(
    ("price", "words"),
    [
        ({"model": "flat", "amount": "1500"}, "Flat $1,500.00"),
        ({"model": "package", "package_price": "2", "package_size": "1000"}, "Package $2.00 for 1,000"),
        (
            {"model": "package", "package_price": "2", "package_size": "10", "rounding": "down"},
            "Package $2.00 for 10, only full ones",
        ),
        ({"model": "percentage", "rate": "2.5", "fixed_fee": "0.30"}, "Percentage 2.5%, $0.30 an event"),
        (
            {"model": "percentage", "rate": "2.5", "free_events": 5, "free_amount": "100"},
            "Percentage 2.5%, the first 5 events or $100.00 free",
        ),
        (
            {
                "model": "graduated_percentage",
                "tiers": [{"up_to": "9", "rate": "2", "flat_fee": "1"}, {"rate": "1"}],
            },
            "Graduated percentage 2% and $1.00 to 9, 1% above",
        ),
        (
            {"model": "graduated", "tiers": [{"up_to": "1000", "unit_price": "1"}, {"unit_price": "0.125"}]},
            "Graduated tiers $1.00 to 1,000, $0.125 above",
        ),
        (
            {"model": "volume", "tiers": [*({"up_to": str(end), "unit_price": "2"} for end in (5, 6, 7)), {}]},
            "Volume tiers $2.00 to 5, $2.00 to 6, and 2 more tiers",
        ),
    ],
)
def test_every_kind_of_price_is_written_in_its_currency(db: None, price: dict[str, Any], words: str) -> None:
    assert price_text(price_rule(price, currency="USD")) == words


@pytest.mark.parametrize("page", ["pricingrule_add", "invoice_changelist"])
def test_pages_name_the_fields_that_select2_draws(as_admin: Client, page: str) -> None:
    """Without the script a reader of screens meets a nameless combobox (axe: aria-input-field-name)."""
    html = as_admin.get(reverse(f"admin:invoicing_{page}")).content.decode()
    assert f'src="{static("billing_platform/named_fields.js")}"' in html
    assert finders.find("billing_platform/named_fields.js")


def test_a_list_without_rows_does_not_ask_for_a_new_one(as_viewer: Client) -> None:
    empty = as_viewer.get(reverse("admin:payments_inboundwebhook_changelist")).content.decode()
    assert "Nothing here" in empty
    assert "Create a new item" not in empty


def test_a_customer_with_a_wrong_link_is_not_sent_to_the_dashboard(db: None, client: Client) -> None:
    missing = client.get("/pay/nobody-has-this", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert "Use the link in the newest e-mail" in missing.content.decode()
    assert "dashboard" not in missing.content.decode()


def test_an_operator_with_a_wrong_address_is(as_viewer: Client) -> None:
    missing = as_viewer.get("/admin/nothing/here/", headers={"accept": "text/html"})
    assert missing.status_code == 404
    assert '<a href="/admin/">Go to the dashboard</a>' in missing.content.decode()
    refused = as_viewer.get(reverse("admin:invoicing_taxrate_add"), headers={"accept": "text/html"})
    assert refused.status_code == 403
    assert '<a href="/admin/">Go to the dashboard</a>' in refused.content.decode()


def test_a_form_shows_a_stored_number_as_it_was_typed(acme: Organisation, as_operator: Client) -> None:
    discount = add_discount(
        organisation=acme, name="Launch", percent=Decimal(10), effective_from=date(2026, 10, 1), times=3
    )
    page = as_operator.get(reverse("admin:invoicing_discount_change", args=[discount.pk])).content.decode()
    assert re.search(r'<input[^>]*name="percent"[^>]*value="10"|<input[^>]*value="10"[^>]*name="percent"', page)


def test_every_table_with_names_of_columns_can_become_cards() -> None:
    """narrow_tables.js reads the names from the head of a table, and measures the box that would have to scroll."""
    for path in [*ROOT.glob("templates/admin/**/*.html"), *ROOT.glob("*/admin/*.py")]:
        source = re.sub(r"[\"']\s*\n\s*[\"']", "", path.read_text())  # texts in parts
        for table in re.findall(r'<table class="facts[^>]*>(.*?)(?:</table>|\Z)', source, re.DOTALL):
            first = re.match(r"\s*<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
            assert first is None or first[1].count("<th") < 2, f"{path}: its first row is no <thead>"
