"""Lists align numbers to the right, show few columns on a phone, and write yes, no and empty values as words."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib.admin.columns import MOST_ON_A_PHONE, list_style, names_of, numbers_among
from events.models import Metric, UsageAggregate, UsagePeriod
from invoicing.models import Invoice, InvoiceLine, PricingRule, SafetyBounds
from organisations.models import Organisation, Project
from organisations.services.holds import place_hold
from payments.models import Payment
from tests.invoicing.language import issued, per_unit, used


def columns_of(model: Any, user: Any) -> tuple[Any, list[Any]]:
    request = RequestFactory().get("/")
    request.user = user
    page = admin.site._registry[model]
    return page, list(page.get_list_display(request))


def test_every_list_says_what_would_fill_it() -> None:
    for model, page in admin.site._registry.items():
        if model is not UsageAggregate:  # the explorer: not a list
            assert re.fullmatch(r"[A-Z].*\.", page.empty_hint), model  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_an_empty_list_shows_that_sentence(as_admin: Client) -> None:
    page = as_admin.get(reverse("admin:events_usagecorrection_changelist")).content.decode()
    assert "is listed here, with who did it and why." in page


@pytest.mark.django_db
def test_a_card_on_a_phone_has_few_lines(acme: Organisation, admin_user: Any) -> None:
    place_hold(organisation=acme, kind="draft_only", reason="New contract", placed_by="test")  # has a column of its own
    for model in admin.site._registry:
        page, columns = columns_of(model, admin_user)
        assert set(page.columns_on_a_phone()) <= set(names_of(columns)), model
        assert len(page.columns_on_a_phone()) <= MOST_ON_A_PHONE, model


@pytest.mark.django_db
def test_on_a_phone_an_invoice_shows_number_customer_status_and_amount(admin_user: Any) -> None:
    style = str(list_style(*columns_of(Invoice, admin_user)))
    hidden = re.search(r"@media \(max-width: 1023px\) \{ ([^{]*) \{ display: none \} \}", style)
    assert hidden
    assert ".field-due_date" in hidden[1]
    for kept in ("label", "customer_link", "state", "amount"):
        assert f".field-{kept}," not in f"{hidden[1]},"


@pytest.mark.django_db
def test_a_card_names_its_lines_as_the_list_names_its_columns(admin_user: Any) -> None:
    for model, name, title in ((SafetyBounds, "customer", "Customer"), (UsagePeriod, "closed_by", "Closed by")):
        style = str(list_style(*columns_of(model, admin_user)))
        assert f'#result_list .field-{name}::before {{ content: "{title}"; text-transform: none }}' in style


@pytest.mark.django_db
def test_on_a_phone_a_metric_shows_its_price_and_the_way_to_one(admin_user: Any) -> None:
    page, columns = columns_of(Metric, admin_user)
    assert {"name", "price"} <= set(page.columns_on_a_phone()) & set(names_of(columns))


@pytest.mark.parametrize(
    ("model", "numbers"),
    [(Invoice, {"amount", "due"}), (Payment, {"paid"}), (InvoiceLine, {"position", "quantity_text", "total"})],
)
@pytest.mark.django_db
def test_amounts_quantities_and_counts_stand_to_the_right(model: Any, numbers: set[str], admin_user: Any) -> None:
    page, columns = columns_of(model, admin_user)
    assert set(numbers_among(page, columns)) == numbers
    for name in numbers:
        assert re.search(rf"#result_list \.field-{name}\b[^{{]*\{{ text-align: right", str(list_style(page, columns)))


def test_rows_within_a_page_have_no_title_above_them_and_a_link_in_a_cell(
    acme: Organisation, project: Project, as_viewer: Client
) -> None:
    per_unit("0.50", organisation=acme)
    used(project, 100)
    invoice = issued(acme)
    page = as_viewer.get(reverse("admin:invoicing_invoice_change", args=[invoice.pk])).content.decode()
    line = reverse("admin:invoicing_invoiceline_change", args=[invoice.lines.get().pk])
    assert "group/title" not in page
    assert len(re.findall(rf'<a class="text-link" href="{line}"', page)) >= 1
    assert re.search(r"#lines-data \.field-total\b[^{]*\{ text-align: right", page)


def test_an_ordinary_no_is_a_word_and_no_red_cross(acme: Organisation, project: Project, as_admin: Client) -> None:
    project.is_active = False
    project.save()
    listed = as_admin.get(reverse("admin:organisations_project_changelist")).content.decode()
    assert re.search(r'class="field-is_active [^>]*>No</td>', listed)
    assert "close_small" not in listed
    page = as_admin.get(reverse("admin:organisations_organisation_change", args=[acme.pk])).content.decode()
    assert "close_small" not in page


def test_stored_zeros_are_not_shown(acme: Organisation, as_viewer: Client) -> None:
    rule = per_unit("0.50", organisation=acme)
    PricingRule.objects.filter(pk=rule.pk).update(free_units=Decimal("1500.50000000"))
    page = as_viewer.get(reverse("admin:invoicing_pricingrule_change", args=[rule.pk])).content.decode()
    assert "1,500.5<" in page
    assert "1500.50000000" not in page


def test_a_list_that_leaves_rows_out_says_so_above_it(as_viewer: Client, acme: Organisation) -> None:
    page = as_viewer.get(reverse("admin:events_eventbatch_changelist")).content.decode()
    assert re.search(r'aria-current="true">Not settled</a>', page)
    assert ">Settled, of the last hour</a>" in page
    chosen = as_viewer.get(reverse("admin:events_eventbatch_changelist"), {"status__exact": "settled"}).content.decode()
    assert re.search(r'aria-current="true">Settled, of the last hour</a>', chosen)
