"""A form lets a user change only what the user's role allows."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test.client import Client
from django.urls import reverse

from invoicing.models import PricingRule
from organisations.models import ApiKey, Membership, Organisation, Project
from organisations.services import api_keys
from tests import factories
from tests.admin.conftest import signed_in

User = get_user_model()
MEMBERSHIPS = reverse("admin:organisations_membership_add")


def rule_form(organisation: Organisation | None) -> dict[str, Any]:
    return {
        "organisation": organisation.pk if organisation else "",
        "metric_name": "api_calls",
        "unit": "call",
        "currency": "INR",
        "model": "per_unit",
        "unit_price": "0.01",
        "pool": "organisation",
        "free_units": "0",
        "effective_from": "01/11/2026",
    }


def add_rule(client: Client, organisation: Organisation | None, **changes: Any) -> Any:
    return client.post(reverse("admin:invoicing_pricingrule_add"), rule_form(organisation) | changes)


def test_an_operator_sets_a_price_for_the_own_organisation(acme: Organisation, as_operator: Client) -> None:
    assert add_rule(as_operator, acme).status_code == 302
    rule = PricingRule.objects.get()
    assert (rule.organisation, rule.parameters) == (acme, {"unit_price": "0.01"})


def test_an_operator_of_one_organisation_sets_no_price_for_all_nor_for_another(
    globex: Organisation, as_operator: Client
) -> None:
    assert "or for every customer" in add_rule(as_operator, None).content.decode()
    assert "valid choice" in add_rule(as_operator, globex).content.decode()
    assert not PricingRule.objects.exists()


def test_a_viewer_of_another_organisation_is_not_an_operator_there(globex: Organisation, operator: Any) -> None:
    Membership.objects.create(user=operator, organisation=globex, role=Membership.Role.VIEWER)
    refused = add_rule(signed_in(operator), globex)
    assert "You need this permission for the chosen customer" in refused.content.decode()
    assert not PricingRule.objects.exists()


def test_a_price_that_makes_no_sense_is_refused_with_its_reason(acme: Organisation, as_operator: Client) -> None:
    refused = add_rule(as_operator, acme, unit_price="one rupee")
    assert "is not a decimal number." in refused.content.decode()
    refused = add_rule(as_operator, acme, model="graduated")
    assert "Write at least one tier." in refused.content.decode()
    assert not PricingRule.objects.exists()


def test_prices_that_overlap_are_refused(acme: Organisation, as_operator: Client) -> None:
    add_rule(as_operator, acme)
    refused = add_rule(as_operator, acme, effective_from="05/11/2026")
    said = refused.content.decode()
    other = PricingRule.objects.get()
    assert "“api_calls” (call) has a price from 1 Nov 2026 on already: end that price on 4 Nov 2026 first." in said
    assert f'href="{reverse("admin:invoicing_pricingrule_change", args=[other.pk])}">Open the price</a>' in said
    assert 'value="2026-11-05"' in said or 'value="05/11/2026"' in said, "what was typed is kept"


def test_only_members_of_all_organisations_add_organisations(as_acme_admin: Client, as_admin: Client) -> None:
    url = reverse("admin:organisations_organisation_add")
    assert as_acme_admin.get(url).status_code == 403
    assert as_admin.get(url).status_code == 200


def test_an_organisations_admin_gives_roles_there_and_nowhere_else(
    acme: Organisation, globex: Organisation, viewer: Any, as_acme_admin: Client
) -> None:
    grant = {"user": viewer.pk, "role": "operator"}
    everywhere = as_acme_admin.post(MEMBERSHIPS, {**grant, "organisation": ""})
    assert "or for every customer" in everywhere.content.decode()
    elsewhere = as_acme_admin.post(MEMBERSHIPS, {**grant, "organisation": globex.pk})
    assert "valid choice" in elsewhere.content.decode()
    own = reverse("admin:organisations_membership_change", args=[viewer.memberships.get().pk])
    assert as_acme_admin.post(own, {**grant, "organisation": acme.pk}).status_code == 302
    assert [(each.organisation, each.role) for each in viewer.memberships.all()] == [(acme, "operator")]


def test_an_organisations_admin_changes_no_users(viewer: Any, as_acme_admin: Client) -> None:
    page = as_acme_admin.get(reverse("admin:auth_user_change", args=[viewer.pk]))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert as_acme_admin.get(reverse("admin:auth_user_add")).status_code == 403
    key = reverse("admin:auth_user_action", args=[viewer.pk, "issue_key"])
    assert as_acme_admin.get(key).status_code == 403


def test_a_membership_leads_to_its_user_only_who_may_see_users(
    viewer: Any, acme: Organisation, as_operator: Client, as_admin: Client
) -> None:
    membership = Membership.objects.get(user=viewer)
    page = reverse("admin:organisations_membership_change", args=[membership.pk])
    user = reverse("admin:auth_user_change", args=[viewer.pk])
    assert as_operator.get(user).status_code == 403
    shown = as_operator.get(page).content.decode()
    assert (viewer.username in shown, user in shown) == (True, False)
    assert 'name="user"' in as_admin.get(page).content.decode()  # who changes memberships chooses the user


def test_no_admin_makes_a_superuser_or_takes_one_over(admin_user: Any, viewer: Any) -> None:
    root = User.objects.create_superuser("root", password="a-good-password")
    client = signed_in(admin_user)
    assert client.get(reverse("admin:auth_user_password_change", args=[root.pk])).status_code == 403
    assert client.get(reverse("admin:auth_user_action", args=[root.pk, "issue_key"])).status_code == 403
    url = reverse("admin:auth_user_change", args=[viewer.pk])
    inline = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    form = {"username": "viewer", "email": "v@x.example", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert client.post(url, form | inline).status_code == 302
    viewer.refresh_from_db()
    assert (viewer.email, viewer.is_superuser) == ("v@x.example", False)


def test_an_operator_gets_no_back_office_key_of_an_admin(admin_user: Any, acme: Organisation) -> None:
    """Whoever sees the successor of a key has the power of its owner."""
    everywhere = factories.member("operator-of-all", None, Membership.Role.OPERATOR)
    issued = api_keys.issue_admin_key(owner=admin_user, name="export", scope=ApiKey.Scope.ADMIN)
    url = reverse("admin:organisations_apikey_action", args=[issued.api_key.pk, "rotate"])
    assert signed_in(everywhere).get(url).status_code == 403
    assert signed_in(admin_user).get(url).status_code == 200


def test_a_project_never_moves_to_another_organisation(
    project: Project, globex: Organisation, as_admin: Client
) -> None:
    url = reverse("admin:organisations_project_change", args=[project.pk])
    as_admin.post(url, {"organisation": globex.pk, "name": "Renamed", "is_active": "on"})
    project.refresh_from_db()
    assert project.organisation != globex


@pytest.mark.parametrize(
    "model", ["invoicing_invoice", "payments_payment", "events_usageevent", "organisations_auditentry"]
)
def test_financial_rows_have_no_form_to_add_them(model: str, as_admin: Client) -> None:
    assert as_admin.get(reverse(f"admin:{model}_add")).status_code == 403


def test_the_sidebar_leads_only_where_one_may_go(as_viewer: Client, as_admin: Client) -> None:
    def links(client: Client) -> set[str]:
        return set(re.findall(r'href="(/admin/[a-z_]+/[a-z]+/)"', client.get(reverse("admin:index")).content.decode()))

    users = reverse("admin:auth_user_changelist")
    assert users in links(as_admin)
    assert users not in links(as_viewer)
    assert links(as_viewer)
    for url in links(as_viewer):
        assert as_viewer.get(url).status_code == 200, url


# --- one's own access -------------------------------------------------------------------------------------------------


def test_a_user_can_not_reduce_their_own_membership(acme: Organisation, admin_user: Any) -> None:
    own = Membership.objects.get(user=admin_user)
    url = reverse("admin:organisations_membership_change", args=[own.pk])
    form = {"user": admin_user.pk, "organisation": acme.pk, "role": "admin"}
    answer = signed_in(admin_user).post(url, form, follow=True)
    assert "take away your own access" in answer.content.decode()
    own.refresh_from_db()
    assert own.organisation is None


def test_a_user_can_not_delete_their_own_membership(admin_user: Any) -> None:
    own = Membership.objects.get(user=admin_user)
    url = reverse("admin:organisations_membership_delete", args=[own.pk])
    assert signed_in(admin_user).post(url, {"post": "yes"}).status_code == 403
    assert Membership.objects.filter(pk=own.pk).exists()


def test_a_user_can_not_deactivate_their_own_account(admin_user: Any) -> None:
    own = Membership.objects.get(user=admin_user)
    url = reverse("admin:auth_user_change", args=[admin_user.pk])
    form = {
        "username": admin_user.username,
        "email": admin_user.email,
        "is_staff": "on",
        "memberships-TOTAL_FORMS": "1",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": own.pk,
        "memberships-0-user": admin_user.pk,
        "memberships-0-role": "admin",
    }
    answer = signed_in(admin_user).post(url, form, follow=True)
    assert "take away your own access" in answer.content.decode()
    admin_user.refresh_from_db()
    assert admin_user.is_active


def test_another_administrator_may_narrow_a_membership(acme: Organisation, admin_user: Any, as_admin: Client) -> None:
    other = Membership.objects.get(user=factories.member("second", None, Membership.Role.ADMIN))
    url = reverse("admin:organisations_membership_change", args=[other.pk])
    as_admin.post(url, {"user": other.user_id, "organisation": acme.pk, "role": "admin"})
    other.refresh_from_db()
    assert other.organisation == acme


# --- what a viewer of one organisation learns of the others -----------------------------------------------------------


def test_the_history_of_a_shared_price_names_nobody_to_a_single_organisations_viewer(
    viewer: Any, as_viewer: Client, as_admin: Client, admin_user: Any
) -> None:
    assert add_rule(as_admin, None).status_code == 302
    rule = PricingRule.objects.get()
    url = reverse("admin:invoicing_pricingrule_history", args=[rule.pk])
    theirs, ours = (client.get(url).content.decode() for client in (as_viewer, as_admin))
    assert "by admin" in ours
    assert "127.0.0.1" in ours
    assert "by the seller" in theirs
    assert "127.0.0.1" not in theirs
    api = f"/api/v1/admin/pricing-rules/{rule.pk}/history"
    seen = [factories.client(factories.admin_key(each)).get(api).json() for each in (viewer, admin_user)]
    assert [answer["results"][0]["actor"] for answer in seen] == [None, admin_user.email]


def test_the_history_of_the_own_price_names_who_changed_it(
    acme: Organisation, as_viewer: Client, as_operator: Client
) -> None:
    add_rule(as_operator, acme)
    url = reverse("admin:invoicing_pricingrule_history", args=[PricingRule.objects.get().pk])
    assert "by operator" in as_viewer.get(url).content.decode()


@pytest.mark.parametrize("model", ["numbersequence", "filing"])
def test_what_tells_of_all_customers_is_for_who_serves_all(as_acme_admin: Client, as_admin: Client, model: str) -> None:
    url = reverse(f"admin:invoicing_{model}_changelist")
    assert [client.get(url).status_code for client in (as_acme_admin, as_admin)] == [403, 200]


# --- addresses of lists -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("organisations_auditentry", "remote_addr=x"),
        ("organisations_auditentry", "additional_data__x=1"),
        ("events_eventbatch", "packed_events=x"),
        ("organisations_apikey", "key_hash__startswith=a"),
    ],
)
def test_a_list_is_asked_only_for_what_a_page_offers(as_admin: Client, page: str, query: str) -> None:
    assert as_admin.get(reverse(f"admin:{page}_changelist") + f"?{query}").status_code == 400


def test_a_form_links_to_a_user_only_for_those_who_may_open_the_page(
    acme: Organisation, admin_user: Any, client: Client
) -> None:
    owner = factories.member("owner", acme, Membership.Role.ADMIN)
    factories.admin_key(owner)
    key = reverse("admin:organisations_apikey_change", args=[owner.api_keys.get().pk])
    user = reverse("admin:auth_user_change", args=[owner.pk])
    for person, links in ((factories.member("looks", None, Membership.Role.VIEWER), 0), (admin_user, 1)):
        client.force_login(person)
        page = client.get(key).content.decode()
        assert page.count(f'href="{user}"') == links
        assert f'href="{user}"' not in client.get(reverse("admin:organisations_apikey_changelist")).content.decode()
        assert "owner" in page
