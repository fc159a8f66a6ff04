"""Every admin page, as every role: it renders, and shows nothing of another organisation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import RequestFactory
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib.admin.base import ModelAdmin
from billing_platform.lib.admin.contributions import contributions
from organisations.access.roles import sync_groups
from organisations.models import AuditEntry, BulkJob, MailedView, Membership
from organisations.scoping import TenantModel
from tests import factories
from tests.architecture.code import APPS, ROOT, python_files, syntax_tree, where
from tests.architecture.tenants import Tenant, owned, run_of_both, send_many, tenant

ADMIN_FOLDERS = [f"{app}/admin" for app in APPS if (ROOT / app / "admin").exists()]
OURS, THEIRS = "Acmeqq", "Zzyzxqq"

# Looked at through another page, or of no use to a person.
NOT_REGISTERED = {
    "organisations.IdempotencyRecord": "stored answers of the API: a body may hold what its caller alone may see",
    "organisations.PortalLink": "made, mailed, listed and revoked on the customer's page",
    "events.HotLogTally": "added up by the completeness statement",
    "events.UsageDistinct": "counted by the usage explorer; Django gives a composite key no page",
    "events.UsageImportPart": "added up on the page of its import",
    "events.AlertRuleState": "shown on the rule's page",
    "events.UsageLevel": "sums of hours that the usage explorer counts",
    "invoicing.QuestionMessage": "shown, oldest first, on the page of its question",
    "invoicing.LatePrice": "what a price bills late: its lines on the next invoice say so",
    "invoicing.InvoiceTax": "rows of the invoice's page",
    "invoicing.DiscountRedemption": "rows of the discount's page",
    "organisations.NotificationEvent": "shown on the page of its e-mail",
    "organisations.SwitchedOffEmail": "shown on What is on for whom, switched on the customer's page",
    "organisations.NoteMention": "shown on the page of its note",
    "organisations.DigestChoice": "one person's own: chosen on the page Daily digest",
    "organisations.JobDay": "squares and rows on the pages of the periodic tasks",
    "organisations.BulkItem": "rows of the page of its bulk job",
    "organisations.SavedView": "one person's own: saved and opened above its list, pinned in the sidebar",
    "organisations.SeenAttention": "what one person has seen on the dashboard: shown there",
    "invoicing.SimulatedCustomer": "rows of the page of its price simulation",
    "invoicing.FilingFile": "shown on the page of its GST return, and downloaded there",
    "invoicing.InvoiceTemplateVersion": "shown, and edited while it is a draft, on its template's page",
    "invoicing.DocumentSnapshot": "the data behind the PDF: what it says is on the invoice's page",
    "invoicing.CreditNoteLine": "shown on its credit note's page",
    "invoicing.CreditNoteTax": "shown, added up, on its credit note's page",
    "invoicing.PayPageLink": "told, mailed and revoked on the invoice's page",
    "payments.RetryTry": "rows of the retry's page",
    "payments.ReminderPause": "rows of the invoice's page, which sets and ends them",
    "payments.DunningRules": "shown, and changed, on the seller's page",
    "payments.LateFee": "rows of the page of the late invoice",
    "payments.JournalFile": "downloaded on the page of its export",
    "payments.PaidInvoice": "the invoice, to payments: a proxy that carries their promise",
    "payments.PayoutLine": "rows of the payout's page",
    "payments.GatewayAccount": "shown, and changed, on the seller's page",
    "payments.LedgerName": "typed and shown on the seller's page “Name ledgers”",
    "payments.BankStatement": "an upload; its lines have pages",
    "payments.BankColumns": "remembered when a person says it on the page that imports",
    "payments.CertificateFile": "downloaded on the page of its tax withheld",
    "payments.AutoCollect": "shown, and switched, on the customer's page",
    "payments.PayerAccount": "shown on the page of its mandate",
    "payments.PartyLedger": "typed and shown on the customer's page “Name ledger”",
    "reconciliation.CheckRun": "rows of the run's page",
    "reconciliation.ProofBlock": "hashes that name what differs: of no use to a person",
    "organisations.WebhookMessage": "shown on the page of each of its deliveries",
    "organisations.WebhookAttempt": "rows of the delivery's page",
    "invoicing.InvoiceDelivery": "shown, and tried again, on the invoice's page",
}
# Tells something of every customer: shown only to those who serve them all.
FOR_WHO_SERVES_ALL = {
    "organisations.suppressedaddress",
    "invoicing.numbersequence",
    "invoicing.filing",
    "invoicing.pricesimulation",
    "payments.journalbatch",
    "payments.bankline",
    "payments.payout",
    "reconciliation.run",
    "reconciliation.dailystatement",
}
KNOWS_UNFOLD = {
    "billing_platform/lib/admin/base.py",
    "billing_platform/lib/admin/filters.py",
    "billing_platform/lib/admin/inputs.py",
    "billing_platform/lib/admin/once.py",
    "billing_platform/backoffice/site.py",
    "billing_platform/backoffice/theme.py",
}


@pytest.fixture
def tenants(db: None) -> tuple[Tenant, Tenant]:
    ours, theirs = tenant(OURS), tenant(THEIRS)
    run_of_both(ours, theirs)
    return ours, theirs


def sign_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def url_of(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def operators_may() -> set[str]:
    return {f"{app}.{code}" for app, added in contributions().items() for code in added.operators_may}


def pages() -> Iterator[tuple[Any, ModelAdmin]]:
    yield from admin.site._registry.items()  # type: ignore[misc]


def ids_of(model: Any, owner: Tenant, maker: Any = None) -> list[Any]:
    """One row of a tenant's, or of everybody's. A bulk job is its maker's: the tenant's person, or who is given."""
    if model._meta.label_lower == "auth.user":
        return [owner.person.pk]
    if issubclass(model, AuditEntry):
        written = {"additional_data__organisation": str(owner.organisation.pk)}
        return list(model.objects.filter(**written).values_list("pk", flat=True)[:1])
    if issubclass(model, BulkJob):
        return list(model.objects.filter(maker=maker or owner.person).values_list("pk", flat=True)[:1])
    if issubclass(model, TenantModel):
        return owned(model, owner)[:1]
    return list(model._default_manager.values_list("pk", flat=True)[:1])


@pytest.mark.parametrize("role", Membership.Role.values)
def test_each_role_opens_its_pages_and_sees_no_row_of_another_organisation(
    role: str, tenants: tuple[Tenant, Tenant]
) -> None:
    ours, theirs = tenants
    person = factories.member("somebody", ours.organisation, role)
    send_many(ours.organisation, person)
    client, foreign = sign_in(person), theirs.secrets()
    for model, _page in pages():
        label = f"{model._meta.app_label}.view_{model._meta.model_name}"
        may = person.has_perm(label) and model._meta.label_lower not in FOR_WHO_SERVES_ALL
        expected = 200 if may else 403
        urls = [url_of(model, "changelist")]
        urls += [url_of(model, name, pk) for pk in ids_of(model, ours, person) for name in ("change", "history")]
        for url in urls:
            response = client.get(url)
            assert response.status_code == expected, (url, response.status_code)
            seen = {secret for secret in foreign if secret in response.content.decode()}
            assert not seen, f"{url} shows {seen}"


@pytest.mark.parametrize("role", Membership.Role.values)
def test_forms_to_add_a_row_offer_nothing_of_another_organisation(role: str, tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = tenants
    client, foreign = sign_in(factories.member("somebody", ours.organisation, role)), theirs.secrets()
    opened = set()
    for model, _page in pages():
        response = client.get(url_of(model, "add"))
        assert response.status_code in (200, 403), model
        opened |= {model} if response.status_code == 200 else set()
        assert not {secret for secret in foreign if secret in response.content.decode()}, model
    assert MailedView in opened, "everybody may have their own lists mailed"
    assert (len(opened) > 1) == (role != Membership.Role.VIEWER)


def test_the_page_of_another_organisations_object_is_not_found(tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = tenants
    client = sign_in(ours.person)
    tried = 0
    for model, page in pages():
        if not issubclass(model, TenantModel | AuditEntry | BulkJob):
            continue
        actions = [name for name, action in page.admin_actions.items() if not action.on_list]
        for pk in ids_of(model, theirs):
            urls = [url_of(model, name, pk) for name in ("change", "history", "delete")]
            urls += [url_of(model, "action", pk, name) for name in actions]
            for url in urls:
                for response in (client.get(url), client.post(url, {"post": "yes"})):
                    assert response.status_code in (302, 403, 404), (url, response.status_code)
                    assert THEIRS not in response.content.decode()
                    tried += 1
    assert tried > 100


def test_an_admin_of_one_organisation_can_not_change_accounts_of_others(tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = tenants
    client = sign_in(ours.person)
    for name in ("change", "history", "delete"):
        assert client.get(reverse(f"admin:auth_user_{name}", args=[theirs.person.pk])).status_code in (302, 403)
    password = reverse("admin:auth_user_password_change", args=[theirs.person.pk])
    assert client.get(password).status_code in (302, 403, 404)
    assert client.get(reverse("admin:auth_user_password_change", args=[ours.person.pk])).status_code == 403


def test_filters_searches_and_autocomplete_show_nothing_of_another_organisation(tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = tenants
    client = sign_in(ours.person)
    chosen = {
        "organisation__id__exact": theirs.organisation.pk,
        "project__id__exact": theirs.project.pk,
        "project__organisation__id__exact": theirs.organisation.pk,
        "invoice__organisation__id__exact": theirs.organisation.pk,
        "invoice__id__exact": theirs.invoice.pk,
        "user__id__exact": theirs.person.pk,
        "actor__id__exact": theirs.person.pk,
        "object_pk": theirs.invoice.pk,
    }
    for model, page in pages():
        for query in [{name: value} for name, value in chosen.items()] + [{"q": THEIRS[:5]}]:
            response = client.get(url_of(model, "changelist"), query)
            assert response.status_code in (200, 302, 400, 403)
            assert THEIRS not in response.content.decode(), (model, query)
        for field in page.autocomplete_fields:
            asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field}
            response = client.get(reverse("admin:autocomplete"), {**asked, "term": ""})
            assert THEIRS not in response.content.decode(), (model, field)
    assert THEIRS not in client.get(reverse("admin:search"), {"s": THEIRS.lower()}).content.decode()


def test_a_filter_by_organisation_offers_only_the_users_organisations(tenants: tuple[Tenant, Tenant]) -> None:
    ours, _theirs = tenants
    asked = {"app_label": "invoicing", "model_name": "invoice", "field_name": "organisation", "term": "qq"}
    names = [row["text"] for row in sign_in(ours.person).get(reverse("admin:autocomplete"), asked).json()["results"]]
    assert names == [ours.organisation.name]


def test_a_user_without_a_role_sees_no_rows_and_no_numbers(tenants: tuple[Tenant, Tenant]) -> None:
    client = sign_in(get_user_model().objects.create_user("nobody", password="a-good-password", is_staff=True))
    for model, _page in pages():
        assert client.get(url_of(model, "changelist")).status_code == 403, model
    front = client.get(reverse("admin:index")).content.decode()
    assert "no role for any customer" in front
    assert OURS not in front


def test_the_dashboard_shows_only_the_users_organisations(tenants: tuple[Tenant, Tenant]) -> None:
    ours, _theirs = tenants
    seen = sign_in(ours.person).get(reverse("admin:index")).content.decode()
    assert "₹100.00" in seen  # our payment; with theirs it would be ₹200.00
    assert "₹200.00" not in seen


def test_a_superuser_sees_the_rows_of_every_organisation(tenants: tuple[Tenant, Tenant]) -> None:
    client = sign_in(get_user_model().objects.create_superuser("root", password="a-good-password"))
    for model, _page in pages():
        assert client.get(url_of(model, "changelist")).status_code == 200, model
    listed = client.get(reverse("admin:organisations_organisation_changelist")).content.decode()
    assert OURS in listed
    assert THEIRS in listed


def test_every_model_of_ours_has_a_page_or_says_why_not() -> None:
    models = {model._meta.label for app in APPS for model in apps.get_app_config(app).get_models()}
    registered = {model._meta.label for model in admin.site._registry}
    assert models - registered == set(NOT_REGISTERED)


def test_every_page_stands_on_our_base_and_deletes_nothing_in_bulk() -> None:
    for model, page in pages():
        assert isinstance(page, ModelAdmin), model
        assert page.actions is None, model


def test_each_page_stands_in_the_app_of_its_model() -> None:
    """Another app adds to it by an Extension: it replaces no page."""
    for model, page in pages():
        if model._meta.app_label in APPS and not model._meta.proxy:
            assert type(page).__module__.startswith(f"{model._meta.app_label}.admin."), page


@pytest.mark.django_db
def test_every_page_that_can_be_edited_saves_through_a_service(admin_user: Any) -> None:
    """A page calls its service in `create` and `update`, or in a `save_model` of its own."""
    request = RequestFactory().get("/admin/")
    request.user = admin_user
    edited = 0
    for _model, page in pages():
        own_way = type(page).save_model is not ModelAdmin.save_model
        adds, changes = page.has_add_permission(request), page.has_change_permission(request)
        edited += adds or changes
        assert own_way or not adds or type(page).create is not ModelAdmin.create, page
        assert own_way or not changes or type(page).update is not ModelAdmin.update, page
        assert not page.deletable or type(page).delete_model is not ModelAdmin.delete_model, page
        assert not page.list_editable, page
    assert edited >= 12


@pytest.mark.parametrize("app", ["billing_platform/backoffice", "billing_platform/lib/admin", *ADMIN_FOLDERS])
def test_no_admin_page_writes_a_row_by_itself(app: str) -> None:
    writes = re.compile(
        r"super\(\)\.(?:save_formset|delete_model)\(|\.(?:save|delete|bulk_create)\(\)|objects\.create\("
    )
    for file in python_files(app):
        assert not writes.search(file.read_text(encoding="utf-8")), file


def test_only_these_files_know_unfold() -> None:
    found = set()
    for file in python_files("billing_platform", *APPS):
        for node in ast.walk(syntax_tree(file)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "unfold" for name in names):
                found.add(where(file, node).rpartition(":")[0])
    assert found <= KNOWS_UNFOLD
    assert found, "nothing imports unfold: the test looks at the wrong place"


@pytest.mark.django_db
def test_every_verb_of_the_roles_and_of_the_buttons_is_a_permission() -> None:
    known = {
        f"{permission.content_type.app_label}.{permission.codename}"
        for permission in Permission.objects.select_related("content_type")
    }
    assert operators_may() <= known
    asked = {action.permission for _model, page in pages() for action in page.admin_actions.values()}
    assert asked <= known


@pytest.mark.django_db
def test_every_verb_is_given_to_operators_or_kept_for_admins_on_purpose() -> None:
    """A new verb must be sorted: into `operators_may` of its app's backoffice module, or here."""
    sync_groups()
    own = {
        f"{app}.{code}"
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for code, _name in model._meta.permissions
    }
    assert own - operators_may() == {
        "invoicing.void_invoice",
        "invoicing.cancel_einvoice",
        "invoicing.issue_creditnote",
        "invoicing.release_invoicetemplate",
        "invoicing.file_filing",
        "invoicing.leave_unbilled_billingrunitem",
        "payments.refund_payment",
        "events.close_usageperiod",
    }
