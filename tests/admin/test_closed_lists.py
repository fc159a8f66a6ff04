"""A value from a closed list is chosen by its name; a typed value must have the right form."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib.admin.inputs import LongSelect, Select
from organisations.models import BillingEntity, Organisation
from tests import factories
from tests.invoicing.language import per_unit


def page_of(client: Client, page: str, *args: Any) -> Any:
    """What an object's page shows; `?next=` asks for its form where the page has tabs and opens with another one."""
    return client.get(reverse(f"admin:{page}", args=args), {"next": "/admin/"}).context


def form_on(client: Client, page: str, *args: Any) -> Any:
    return page_of(client, page, *args)["adminform"].form


def refusals(client: Client, obj: Any, **changes: Any) -> dict[str, list[str]]:
    """What the object's form says when some of its fields are changed; {} when it is saved."""
    page = f"{obj._meta.app_label}_{obj._meta.model_name}_change"
    context = page_of(client, page, obj.pk)
    shown = context["adminform"].form
    values = {name: shown[name].value() for name in shown.fields} | changes
    sent = {name: value for name, value in values.items() if _is_sent(name, value)}
    no_inlines = {
        f"{formset.formset.prefix}-{name}_FORMS": "0"
        for formset in context["inline_admin_formsets"]
        for name in ("TOTAL", "INITIAL")
    }
    answer = client.post(reverse(f"admin:{page}", args=[obj.pk]), sent | no_inlines)
    return {} if answer.status_code == 302 else dict(answer.context["adminform"].form.errors)


def _is_sent(name: str, value: Any) -> bool:
    """What a browser would send: no switch that is off, no file."""
    return value is not None and value is not False and name != "logo"


@pytest.mark.parametrize(
    ("page", "field", "choice"),
    [
        ("organisations_organisation_add", "currency", ("INR", "INR – Indian Rupee")),
        ("organisations_organisation_add", "time_zone", ("Asia/Kolkata", "Asia/Kolkata")),
        ("organisations_organisation_add", "country", ("GB", "United Kingdom")),
        ("organisations_organisation_add", "state_code", ("29", "29 Karnataka")),
        ("organisations_billingentity_add", "time_zone", ("UTC", "UTC")),
        ("organisations_billingentity_add", "country", ("IN", "India")),
        ("organisations_billingentity_add", "state_code", ("38", "38 Ladakh")),
        ("invoicing_pricingrule_add", "currency", ("USD", "USD – US Dollar")),
        ("invoicing_exchangerate_add", "base", ("USD", "USD – US Dollar")),
        ("invoicing_exchangerate_add", "target", ("INR", "INR – Indian Rupee")),
    ],
)
def test_a_closed_list_is_offered_with_names(as_admin: Client, page: str, field: str, choice: tuple[str, str]) -> None:
    assert choice in form_on(as_admin, page).fields[field].choices


@pytest.mark.parametrize("kind", [Select, LongSelect])
def test_a_menu_is_one_select_that_shows_what_is_chosen_and_escapes(kind: type[Select | LongSelect]) -> None:
    field = kind(choices=[("", "–"), ("a", "A & B"), ("b", '"><script>')])
    shown = field.render("zone", "b", {"id": "id_zone", "required": True})
    opened = shown[shown.index("<select") :].partition(">")[0]
    assert (shown.count("<select"), shown.count("</select>")) == (1, 1)
    assert '<select name="zone"' in opened
    assert 'id="id_zone"' in opened
    assert " required" in opened
    assert '<option value="a">A &amp; B</option>' in shown
    assert '<option value="b" selected>&quot;&gt;&lt;script&gt;</option>' in shown
    assert shown.count(" selected") == 1


def test_a_menu_in_groups_keeps_its_groups() -> None:
    shown = Select(choices=[("Asia", [("a", "A & B"), ("b", "B")]), ("c", "C")]).render("zone", "b")
    for text in ('<optgroup label="Asia">', 'value="a">A &amp; B', 'value="b" selected'):
        assert text in shown


@pytest.mark.parametrize(
    "page",
    [
        "/admin/events/usageaggregate/",
        "/admin/events/usageaggregate/actions/analytics/",
        "/admin/invoicing/usagewriteoff/actions/leak/",
        "/admin/reconciliation/discrepancy/actions/completeness/",
    ],
)
def test_of_thousands_of_customers_a_report_writes_the_chosen_one_and_finds_the_others(
    page: str, as_admin: Client, as_acme_admin: Client, acme: Organisation, globex: Organisation
) -> None:
    def menu(person: Client, chosen: Organisation | None) -> tuple[list[str], list[str]]:
        """The names that the menu holds, and those that it finds."""
        html = person.get(page, {"organisation": str(chosen.pk)} if chosen else {}).content.decode()
        start = html.index('<select name="organisation"')
        tag, _, options = html[start : html.index("</select>", start)].partition(">")
        named = dict(re.findall(r'data-(app-label|model-name|field-name)="([^"]+)"', tag))
        asked = {name.replace("-", "_"): value for name, value in named.items()}
        found = person.get(reverse("admin:autocomplete"), {**asked, "term": "b"}).json()["results"]
        return re.findall(r"<option[^>]*>\s*([^<]+?)\s*</option>", options), [row["text"] for row in found]

    assert menu(as_admin, None) == ([], ["Globex"])
    assert menu(as_admin, globex) == (["Globex"], ["Globex"])
    assert menu(as_acme_admin, acme) == (["Acme"], [])


def test_the_lists_begin_with_what_is_usual(as_admin: Client) -> None:
    shown = form_on(as_admin, "organisations_organisation_add")
    usual = {"currency": "INR", "time_zone": "Asia/Kolkata", "country": "IN"}
    assert {name: shown[name].value() for name in usual} == usual


def test_an_unchanged_customer_and_seller_are_saved(as_admin: Client, acme: Organisation) -> None:
    assert refusals(as_admin, acme) == {}
    assert refusals(as_admin, acme.billing_entity) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "XAU"), ("time_zone", "localtime"), ("country", "UK"), ("state_code", "96"),
        ("postal_code", "000000"), ("postal_code", "56001"), ("name", "a\u2028b"), ("slug", "-"),
    ],
)  # fmt: skip
def test_a_customer_is_refused_at_the_field(as_admin: Client, acme: Organisation, field: str, value: str) -> None:
    assert list(refusals(as_admin, acme, **{field: value})) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("default_sac", "abc"), ("default_sac", "99831"), ("bank_ifsc", "abc"), ("bank_swift", "HDFC"),
        ("upi_id", "metrics"), ("postal_code", "56001"), 
        ("bank_name", "a\x1bb"), ("cin", "U123"), ("udyam", "KA-03-0012345"), ("pan", "AAACB1234A"),
    ],
)  # fmt: skip
def test_a_seller_is_refused_at_the_field(as_admin: Client, acme: Organisation, field: str, value: str) -> None:
    assert list(refusals(as_admin, acme.billing_entity, **{field: value})) == [field]


def test_a_second_default_seller_is_refused_at_the_field(as_admin: Client, acme: Organisation) -> None:
    other = factories.billing_entity(name="Other", gstin="", country="US", state_code="", is_default=False)
    said = refusals(as_admin, other, is_default="on")
    assert said == {"is_default": ["Another seller is the default: remove the mark there first."]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rate": "0"}, {"rate": ["Write a number above 0."]}),
        ({"target": "USD"}, {"target": ["Choose another currency than the base currency."]}),
        ({"base": "XXX"}, None),
        ({"as_of": "30/10/0026"}, None),
    ],
)
def test_an_exchange_rate_is_refused_at_the_field(
    as_admin: Client, change: dict[str, str], said: dict[str, list[str]] | None
) -> None:
    good = {"base": "USD", "target": "INR", "rate": "83.5", "as_of": "30/10/2026", "source": "FBIL"}
    answer = as_admin.post(reverse("admin:invoicing_exchangerate_add"), good | change)
    errors = dict(answer.context["adminform"].form.errors)
    assert list(errors) == list(change)
    assert said is None or errors == said


def test_the_currency_of_a_price_is_chosen(as_admin: Client, acme: Organisation) -> None:
    rule = per_unit("1", organisation=acme)
    assert list(refusals(as_admin, rule, currency="HRK")) == ["currency"]
    assert refusals(as_admin, rule, currency="USD") == {}


@pytest.mark.django_db
def test_what_a_seller_needs_to_be_paid_from_abroad_is_kept(as_admin: Client, acme: Organisation) -> None:
    entity = acme.billing_entity
    abroad = {
        "bank_swift": "HDFCINBB", "bank_address": "26A Narayan Properties, Mumbai",
        "correspondent_bank": "JPMorgan Chase Bank, New York, CHASUS33, account 001-1-406717",
    }  # fmt: skip
    assert refusals(as_admin, entity, **abroad) == {}
    assert BillingEntity.objects.filter(pk=entity.pk, **abroad).exists()
