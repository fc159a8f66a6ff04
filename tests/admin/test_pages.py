"""Pages escape hostile names, run few queries for long lists, and show who changed an object."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.client import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from billing_platform.periodic_jobs import install_periodic_jobs
from invoicing.models import BillingRun, BillingRunItem
from invoicing.services import drafting
from organisations.models import AuditEntry, Organisation, Project
from organisations.services import onboarding
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import act
from tests.architecture.tenants import run_of_both, tenant
from tests.invoicing.language import issued, per_unit, used

HOSTILE = "<script>alert(1)</script>"
MOST_QUERIES = 15


def test_hostile_names_are_escaped_everywhere(admin_user: Any) -> None:
    one, other = tenant("Acmeqq"), tenant("Zzyzxqq")
    run_of_both(one, other)
    Organisation.objects.update(name=HOSTILE, legal_name=HOSTILE)
    Project.objects.update(name=HOSTILE)
    client, shown = signed_in(admin_user), 0
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        urls = [reverse(f"{name}_changelist")]
        for pk in page.get_queryset(_request(admin_user)).values_list("pk", flat=True)[:2]:
            urls += [reverse(f"{name}_{view}", args=[pk]) for view in ("change", "history")]
            urls += [
                reverse(f"{name}_action", args=[pk, action.name])
                for action in page.admin_actions.values()
                if not action.on_list and not action.only_shows
            ]
        for url in urls:
            content = client.get(url).content.decode()
            assert HOSTILE not in content, url
            shown += "&lt;script&gt;alert(1)" in content
    assert shown > 20


def _request(user: Any) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return request


LONG_LISTS = (
    "organisations_organisation",
    "organisations_apikey",
    "organisations_auditentry",
    "organisations_membership",
    "auth_user",
    "events_usageaggregate",
    "events_usageevent",
    "events_eventbatch",
    "invoicing_invoice",
    "invoicing_invoiceline",
    "invoicing_billingrun",
    "invoicing_billingrunitem",
    "payments_payment",
    "payments_paymentorder",
)


def test_longer_lists_ask_no_more_questions(admin_user: Any) -> None:
    client = signed_in(admin_user)
    run_of_both(tenant("Acmeqq"), tenant("Zzyzxqq"))
    short = {page: questions_of(client, page) for page in LONG_LISTS}
    for marker in ("Thirdqq", "Fourthqq", "Fifthqq"):
        tenant(marker)
    longer = {page: questions_of(client, page) for page in LONG_LISTS}
    assert {page: count for page, count in longer.items() if count > short[page]} == {}
    assert max(short.values()) <= MOST_QUERIES


def questions_of(client: Client, page: str) -> int:
    url = reverse(f"admin:{page}_changelist")
    client.get(url)  # the counts of the sidebar are remembered for a minute: every page has them from there
    with CaptureQueriesContext(connection) as asked:
        assert client.get(url).status_code == 200
    return len(asked)


def test_history_tells_who_changed_what_from_where(acme: Organisation, as_operator: Client) -> None:
    url = reverse("admin:organisations_organisation_tab", args=[acme.pk, "details"])
    page, before = as_operator.get(url), acme.billing_email
    form = {key: value for key, value in page.context["adminform"].form.initial.items() if value is not None}
    form |= {"billing_email": "new@acme.example", "billing_entity": acme.billing_entity_id}
    rows = ("projects", "billing_holds", "contacts", "portal_links")
    inline = {f"{each}-{count}_FORMS": "0" for each in rows for count in ("TOTAL", "INITIAL")}
    saved = as_operator.post(url, form | inline, REMOTE_ADDR="198.51.100.9", headers={"X-Request-ID": "trace-me-0001"})
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    history = as_operator.get(reverse("admin:organisations_organisation_history", args=[acme.pk])).content.decode()
    for told in ("operator", "new@acme.example", before, "198.51.100.9", "trace-me-0001"):
        assert told in history


def test_the_audit_log_shows_before_and_after(acme: Organisation, as_operator: Client) -> None:
    onboarding.update_organisation(organisation=acme, city="Mysuru")
    listed = as_operator.get(reverse("admin:organisations_auditentry_changelist"), {"by": "all"}).content.decode()
    assert "City" in listed
    entry = acme_entries(acme)[0]
    detail = as_operator.get(reverse("admin:organisations_auditentry_change", args=[entry])).content.decode()
    assert "Bengaluru" in detail
    assert "Mysuru" in detail


def acme_entries(acme: Organisation) -> list[int]:
    return list(AuditEntry.objects.filter(object_pk=str(acme.pk)).values_list("pk", flat=True))


def test_an_invoice_shows_its_lines_taxes_and_totals(acme: Organisation, as_viewer: Client) -> None:
    line = {"description": "Set-up", "quantity": "2", "unit_price": "500"}
    draft = drafting.create_one_off_draft(organisation=acme, lines=[line])
    shown = as_viewer.get(reverse("admin:invoicing_invoice_change", args=[draft.pk])).content.decode()
    for text in ("Set-up", "₹1,000.00", "CGST 9%", "SGST 9%", "₹90.00", "₹1,180.00"):
        assert text in shown


def test_a_form_with_a_date_in_the_browsers_language_is_understood(project: Project, as_operator: Client) -> None:
    url = reverse("admin:events_usageevent_changelist")
    assert as_operator.get(url, {"received_at_from": "21/11/2026", "received_at_to": "nonsense"}).status_code == 200


@pytest.mark.parametrize(
    ("address", "days"),
    [
        ("/admin/events/usageaggregate/", 2),
        ("/admin/invoicing/invoice/actions/register/", 2),
        ("/admin/invoicing/invoice/actions/ageing/", 1),
    ],
)
def test_a_report_asks_for_days_with_the_browsers_own_calendar(address: str, days: int, as_viewer: Client) -> None:
    shown = as_viewer.get(address).content.decode()
    asked = re.findall(r'<input type="date" name="\w+"(?: value="\d{4}-\d\d-\d\d")?', shown)
    assert len(asked) == days


def test_an_admin_changes_when_a_job_runs_and_runs_it_now(as_admin: Client, as_operator: Client) -> None:
    install_periodic_jobs()
    job = PeriodicTask.objects.filter(crontab__isnull=False).first()
    assert job is not None
    url = reverse("admin:django_celery_beat_periodictask_change", args=[job.pk])
    assert as_operator.get(url).status_code == 403
    weekly = CrontabSchedule.objects.create(minute="5", hour="6", day_of_week="1")
    form = {"enabled": "on", "crontab": weekly.pk, "interval": "", "description": "Mondays"}
    assert as_admin.post(url, form).status_code == 302
    changed = PeriodicTask.objects.get(pk=job.pk)
    assert (changed.crontab, changed.task, changed.description) == (weekly, job.task, "Mondays")
    run_now = reverse("admin:django_celery_beat_periodictask_action", args=[job.pk, "run_now"])
    assert as_operator.get(run_now).status_code == 403
    assert act(as_admin, run_now).status_code == 200


def test_the_password_page_opens(as_operator: Client) -> None:
    assert as_operator.get("/admin/password_change/").status_code == 200


@pytest.mark.parametrize("url", ["/admin/organisations/", "/admin/auth/", "/admin/django_celery_beat/"])
def test_lists_of_an_apps_models_are_no_pages_of_their_own(url: str, as_operator: Client) -> None:
    assert as_operator.get(url).headers["Location"] == "/admin/"


@pytest.mark.parametrize(
    "address",
    [
        "events/deadletter/?reason__exact=%00",
        "invoicing/invoice/?status__exact=%00",
        "autocomplete/?app_label=events&model_name=usageevent&field_name=project&term=%00",
    ],
)
def test_a_search_with_a_nul_character_finds_no_rows(project: Project, as_viewer: Client, address: str) -> None:
    answer = as_viewer.get(f"/admin/{address}", follow=True)
    assert (answer.status_code, project.name in answer.content.decode()) == (200, False)


def test_the_list_of_runs_shows_what_each_billed(acme: Organisation, project: Project, as_admin: Client) -> None:
    per_unit("0.50")
    used(project, 100)
    run = BillingRun.objects.create(period_start=date(2026, 10, 1), requested_by="test")
    BillingRunItem.objects.create(run=run, organisation=acme, status="done", invoice=issued(acme))
    listed = as_admin.get(reverse("admin:invoicing_billingrun_changelist")).content.decode()
    assert "₹59.00" in listed  # 100 × ₹0.50, and 18% GST
