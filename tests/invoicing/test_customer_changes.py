"""Changes of customers and sellers that are refused or need a confirmation, such as currency, GSTIN and PIN code."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib.errors import DomainError
from billing_platform.lib.gst import pin_fits_state
from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.terms.recurring_fees import add_recurring_fee, update_recurring_fee
from organisations.models import Organisation
from tests import factories
from tests.admin.conftest import signed_in
from tests.admin.test_closed_lists import refusals
from tests.factories import KARNATAKA_GSTIN
from tests.invoicing.language import after_october, one_off, per_unit, taxes

pytestmark = pytest.mark.django_db

URL = "/api/v1/admin/organisations"
SELLERS_GSTIN = "29AAACA1234A1ZG"


@pytest.fixture
def as_admin(admin_user: Any) -> Client:
    return signed_in(admin_user)


def patch(client: Client, customer: Organisation, **changes: Any) -> Any:
    return client.patch(f"{URL}/{customer.pk}", changes, content_type="application/json")


# --- who leaves is charged fees until they are ended ------------------------------------------------------------------


def test_a_customer_with_a_fee_is_made_inactive_after_a_question(api: Client, acme: Organisation) -> None:
    fee = add_recurring_fee(
        organisation=acme, description="Support", amount=Decimal("100.00"), effective_from=date(2026, 1, 1)
    )
    asked = patch(api, acme, is_active=False)
    assert (asked.status_code, asked.json()["code"]) == (409, "CONFIRMATION_NEEDED")
    assert list(asked.json()["details"]) == ["is_active"]
    assert "1 recurring fee or minimum of Acme will be charged every month" in str(asked.json()["details"])
    assert patch(api, acme, is_active=False, confirm=True).json()["is_active"] is False
    patch(api, acme, is_active=True)
    update_recurring_fee(fee_id=fee.pk, effective_to=date(2026, 2, 1))
    assert patch(api, acme, is_active=False).status_code == 200


# --- the currency is fixed once something is billed -----------------------------------------------------------------


def test_the_currency_of_a_customer_that_was_billed_is_fixed(api: Client, as_admin: Client, acme: Organisation) -> None:
    number = issuing.finalize_invoice(invoice_id=one_off(acme).pk).number
    answer = patch(api, acme, currency="USD", confirm=True)
    assert (answer.status_code, answer.json()["code"]) == (409, "CURRENCY_FIXED")
    sentence = f"Acme has invoices in INR ({number}), so its currency is fixed: create another customer for USD."
    assert answer.json()["details"] == {"currency": [sentence]}
    config = api.patch(f"{URL}/{acme.pk}/billing-config", {"currency": "USD"}, content_type="application/json")
    assert config.json()["code"] == "CURRENCY_FIXED"
    assert refusals(as_admin, acme, currency="USD", confirm="on") == {"currency": [sentence]}
    acme.refresh_from_db()
    assert acme.currency == "INR"


def test_a_draft_fixes_the_currency_until_it_is_discarded(api: Client, acme: Organisation) -> None:
    draft = one_off(acme)
    assert "discard the draft first" in patch(api, acme, currency="USD").json()["error"]
    drafting.delete_draft(invoice_id=draft.pk)
    assert patch(api, acme, currency="USD").status_code == 200


def test_a_currency_that_own_prices_lack_is_asked_about(api: Client, as_admin: Client, acme: Organisation) -> None:
    per_unit("1", organisation=acme)
    asked = patch(api, acme, currency="USD")
    assert (asked.status_code, asked.json()["code"]) == (409, "CONFIRMATION_NEEDED")
    assert asked.json()["details"]["currency"][0].startswith("1 price of its own in INR will not apply any more")
    assert list(refusals(as_admin, acme, currency="USD")) == ["confirm"]
    assert patch(api, acme, currency="USD", confirm=True).json()["currency"] == "USD"


# --- a GSTIN is not taken away by mistake ---------------------------------------------------------------------------


def test_taking_a_gstin_away_is_asked_about(api: Client, as_admin: Client) -> None:
    umbrella = factories.organisation("Umbrella", gstin=KARNATAKA_GSTIN)
    asked = patch(api, umbrella, gstin="")
    assert (asked.status_code, asked.json()["code"]) == (409, "CONFIRMATION_NEEDED")
    assert "unregistered (B2C)" in asked.json()["details"]["gstin"][0]
    assert list(refusals(as_admin, umbrella, gstin="")) == ["confirm"]
    umbrella.refresh_from_db()
    assert umbrella.gstin == KARNATAKA_GSTIN
    assert refusals(as_admin, umbrella, gstin="", confirm="on") == {}
    umbrella.refresh_from_db()
    assert umbrella.gstin == ""


def test_the_switch_appears_only_when_it_is_needed(as_admin: Client) -> None:
    umbrella = factories.organisation("Umbrella", gstin=KARNATAKA_GSTIN)
    page = as_admin.get(reverse("admin:organisations_organisation_tab", args=[umbrella.pk, "details"]))
    assert page.context["adminform"].form.fields["confirm"].widget.is_hidden


# --- nobody supplies to oneself -------------------------------------------------------------------------------------


def test_a_customer_with_the_sellers_gstin_is_refused(api: Client, as_admin: Client, acme: Organisation) -> None:
    answer = patch(api, acme, gstin=SELLERS_GSTIN)
    assert (answer.status_code, list(answer.json()["details"])) == (400, ["gstin"])
    assert list(refusals(as_admin, acme, gstin=SELLERS_GSTIN)) == ["gstin"]
    new = {"name": "Us", "billing_email": "a@us.example", "gstin": SELLERS_GSTIN}
    assert list(api.post(URL, new, content_type="application/json").json()["details"]) == ["gstin"]


def test_a_seller_that_gets_its_customers_gstin_is_refused(as_admin: Client, acme: Organisation) -> None:
    Organisation.objects.filter(pk=acme.pk).update(gstin=KARNATAKA_GSTIN)
    said = refusals(as_admin, acme.billing_entity, gstin=KARNATAKA_GSTIN)
    assert said == {"gstin": ["The customer Acme has this GSTIN: nobody supplies to oneself."]}


def test_the_draft_is_the_last_wall_against_supply_to_oneself(acme: Organisation) -> None:
    Organisation.objects.filter(pk=acme.pk).update(gstin=SELLERS_GSTIN)
    acme.refresh_from_db()
    draft = one_off(acme)
    assert [(warning["code"], warning["blocks"]) for warning in draft.warnings] == [("SUPPLY_TO_ONESELF", True)]
    with pytest.raises(DomainError) as refused:
        issuing.finalize_invoice(invoice_id=draft.pk)
    assert refused.value.code == "SUPPLY_TO_ONESELF"
    assert Invoice.objects.get().is_draft


@pytest.mark.parametrize(
    ("gstin", "state", "heads"),
    [
        ("27AAACA1234A1ZK", "27", {"IGST": Decimal("18.00")}),  # the same PAN, in Maharashtra
        ("29AAACA1234A2ZF", "29", {"CGST": Decimal("9.00"), "SGST": Decimal("9.00")}),  # a second one in Karnataka
    ],
)
def test_another_registration_of_the_same_company_is_a_customer(
    gstin: str, state: str, heads: dict[str, Decimal]
) -> None:
    branch = factories.organisation("Branch", gstin=gstin, state_code=state, postal_code="")
    assert taxes(one_off(branch)) == heads


# --- exchange rates grow old ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("as_of", "warning"),
    [
        (date(2026, 11, 1), None),
        (date(2026, 10, 25), None),  # 7 days before 1 November
        (date(2026, 10, 24), ("EXCHANGE_RATE_OLD", False)),
        (date(2026, 10, 1), ("EXCHANGE_RATE_OLD", False)),  # 31 days
        (date(2026, 9, 30), ("EXCHANGE_RATE_MISSING", True)),
        (date(2026, 11, 2), ("EXCHANGE_RATE_MISSING", True)),  # tomorrow's
    ],
)
def test_a_rate_older_than_a_week_warns_and_older_than_31_days_blocks(
    globex: Organisation, as_of: date, warning: tuple[str, bool] | None
) -> None:
    with after_october():
        add_exchange_rate(base="USD", target="INR", rate=Decimal("83.5"), as_of=as_of, source="FBIL")
        draft = one_off(globex)
        found = [(each["code"], each.get("blocks", False)) for each in draft.warnings]
        assert found == ([warning] if warning else [])
        if warning and warning[1]:
            with pytest.raises(DomainError, match="exchange rate for 1 Nov 2026 or the 31 days before"):
                issuing.finalize_invoice(invoice_id=draft.pk)
        else:
            assert issuing.finalize_invoice(invoice_id=draft.pk).number


# --- a PIN code of another State ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pin", "state", "fits"),
    [("560001", "29", True), ("591999", "29", True), ("592000", "29", False), ("400001", "29", False),
     ("500001", "36", True), ("500001", "37", True), ("194101", "38", True), ("110001", "07", True),
     ("133001", "06", True), ("123456", "97", True)],
)  # fmt: skip
def test_the_first_digits_of_a_pin_tell_its_state(pin: str, state: str, fits: bool) -> None:
    assert pin_fits_state(pin, state) is fits


def test_a_pin_of_another_state_is_saved_with_a_warning(as_admin: Client, acme: Organisation) -> None:
    assert refusals(as_admin, acme, postal_code="400001") == {}
    page = as_admin.get(reverse("admin:organisations_organisation_change", args=[acme.pk])).content.decode()
    assert "PIN code 400001 does not look like one of Karnataka: check the address." in page


def test_an_unchanged_seller_with_customers_is_checked_without_complaint(acme: Organisation) -> None:
    acme.billing_entity.full_clean()
    with pytest.raises(ValidationError, match="nobody supplies to oneself"):
        Organisation(name="X", slug="x", billing_entity=acme.billing_entity, gstin=SELLERS_GSTIN).full_clean()
