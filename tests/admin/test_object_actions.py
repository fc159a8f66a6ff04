"""Object actions: GET shows a confirmation, POST acts once, and only with the permission and in the right state."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import OperationalError
from django.db.models import Max
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib import clock
from events.models import DeadLetter, EventBatch, UsagePeriod
from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from organisations.models import ApiKey, AuditEntry, Notification, Organisation, Project
from organisations.scoping import TenantModel
from payments.models import Payment
from tests import factories
from tests.admin.conftest import signed_in
from tests.architecture.code import APPS
from tests.architecture.tenants import Tenant, owned, tenant


def action_url(obj: Any, name: str) -> str:
    meta = obj._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_action", args=[obj.pk, name])


def token(client: Client, url: str) -> str:
    """What the page that asks carries, so that it acts once."""
    page = client.get(url)
    assert page.status_code == 200, page.status_code
    found = re.search(r'name="once" value="([0-9a-f-]{36})"', page.content.decode())
    assert found
    return found[1]


def act(client: Client, url: str, **answers: Any) -> Any:
    return client.post(url, {"once": token(client, url), **answers}, follow=True)


def fingerprint() -> dict[str, Any]:
    """How many rows there are and when the last one changed, of every table of ours but the hot log."""
    found = {}
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            names = {field.name for field in model._meta.fields}
            changed = model._base_manager.aggregate(at=Max("updated_at"))["at"] if "updated_at" in names else None
            found[model._meta.label] = (model._base_manager.count(), changed)
    return found


def every_action(owner: Tenant) -> list[tuple[str, Any]]:
    """(url, action) of everything that changes something, on one of a tenant's objects of each kind."""
    found = []
    for model, page in admin.site._registry.items():
        if not issubclass(model, TenantModel):
            continue
        for action in page.admin_actions.values():
            if not action.only_shows and not action.on_list:
                found += [(action_url(model(pk=pk), action.name), action) for pk in owned(model, owner)]
    assert len({action.name for _url, action in found}) > 12
    return found


@pytest.fixture
def draft(acme: Organisation) -> Invoice:
    return drafting.create_one_off_draft(
        organisation=acme, lines=[{"description": "Set-up", "quantity": "1", "unit_price": "1000"}]
    )


def test_looking_never_changes_anything(db: None) -> None:
    ours = tenant("Acmeqq")
    client, before = signed_in(ours.person), fingerprint()
    statuses = {client.get(url).status_code for url, _action in every_action(ours)}
    assert statuses <= {200, 302}
    assert 200 in statuses
    assert fingerprint() == before


def test_posting_without_a_csrf_token_is_refused(db: None) -> None:
    ours = tenant("Acmeqq")
    client, before = signed_in(ours.person, enforce_csrf_checks=True), fingerprint()
    for url, _action in every_action(ours):
        assert client.post(url, {"once": "2d4c9d4e-3f5b-4a8f-9a51-0f6a3f6f3c11"}).status_code == 403, url
    assert fingerprint() == before


def test_a_viewer_is_refused_by_get_and_post(db: None) -> None:
    ours = tenant("Acmeqq")
    client = signed_in(factories.member("looker", ours.organisation, "viewer"))
    before = fingerprint()
    for url, action in every_action(ours):
        if ".view_" in action.permission:
            continue  # what a person does with an entry of their own list, such as a note that names them
        assert client.get(url).status_code == 403, url
        assert client.post(url, {"once": "2d4c9d4e-3f5b-4a8f-9a51-0f6a3f6f3c11"}).status_code == 403, url
    assert fingerprint() == before


def test_buttons_are_shown_to_those_who_may_press_them(draft: Invoice, as_operator: Client, as_viewer: Client) -> None:
    url = reverse("admin:invoicing_invoice_change", args=[draft.pk])
    assert action_url(draft, "finalize") in as_operator.get(url).content.decode()
    assert action_url(draft, "void") not in as_operator.get(url).content.decode()  # for admins
    assert action_url(draft, "finalize") not in as_viewer.get(url).content.decode()


def test_finalizing_acts_once_and_is_written_down(draft: Invoice, as_operator: Client) -> None:
    url = action_url(draft, "finalize")
    once = token(as_operator, url)
    said = as_operator.post(url, {"once": once, "e_mail": "send"}, follow=True)
    draft.refresh_from_db()
    assert draft.status == Invoice.Status.FINALIZED
    assert f"Invoice {draft.number} is issued" in said.content.decode()
    again = as_operator.post(url, {"once": once}, follow=True)
    assert "does not apply" in again.content.decode()
    assert LogEntry.objects.filter(object_id=str(draft.pk), change_message__contains="Finalize").count() == 1
    entry = AuditEntry.objects.get(object_pk=str(draft.pk), changes__status=["draft", "finalized"])
    assert entry.actor.username == "operator"
    assert entry.additional_data["source"] == "web"


def test_a_refusal_of_the_rules_is_shown_and_the_page_may_be_sent_again(
    acme: Organisation, as_operator: Client
) -> None:
    url = action_url(acme, "create_draft")
    once = token(as_operator, url)
    month = re.search(r'<option value="(\d{4}-\d{2})"', as_operator.get(url).content.decode())
    assert month
    for _ in range(2):
        refused = as_operator.post(url, {"once": once, "month": month[1]})
        assert refused.status_code == 200
        assert "errornote" in refused.content.decode()
        assert "Nothing" in refused.content.decode() or "nothing" in refused.content.decode()
    assert not Invoice.objects.exists()


def test_a_double_click_records_one_payment(draft: Invoice, as_operator: Client) -> None:
    issuing.finalize_invoice(invoice_id=draft.pk)
    url = action_url(draft, "record_payment")
    answers = {
        "method": "bank_transfer",
        "amount": "100.00",
        "received_on": "01/11/2026",
        "once": token(as_operator, url),
    }
    as_operator.post(url, {**answers, "reference": "UTR 1"})
    second = as_operator.post(url, {**answers, "reference": "UTR 2"}, follow=True)
    assert "sent already" in second.content.decode()
    assert [str(payment.amount) for payment in Payment.objects.all()] == ["100.0000"]


def test_an_incomplete_page_acts_not_at_all(draft: Invoice, as_operator: Client) -> None:
    response = as_operator.post(action_url(draft, "finalize"), {})
    assert response.status_code == 200
    assert "confirm again" in response.content.decode()
    draft.refresh_from_db()
    assert draft.is_draft


def test_voiding_takes_a_reason_and_an_admin(draft: Invoice, as_operator: Client, as_acme_admin: Client) -> None:
    issuing.finalize_invoice(invoice_id=draft.pk)
    url = action_url(draft, "void")
    assert as_operator.get(url).status_code == 403
    act(as_acme_admin, url)
    draft.refresh_from_db()
    assert draft.status == Invoice.Status.FINALIZED
    act(as_acme_admin, url, reason="Wrong customer")
    draft.refresh_from_db()
    assert (draft.status, draft.void_reason) == (Invoice.Status.VOID, "Wrong customer")


def test_the_pdf_is_shown_by_get_and_by_nothing_else(draft: Invoice, as_viewer: Client) -> None:
    issuing.finalize_invoice(invoice_id=draft.pk)
    response = as_viewer.get(action_url(draft, "download_pdf"))
    assert response.content.startswith(b"%PDF-")
    assert as_viewer.post(action_url(draft, "download_pdf")).status_code == 405


@pytest.mark.parametrize("kept_in", ["session", "messages", "next page"])
def test_an_api_key_is_shown_once_and_not_stored(kept_in: str, project: Project, as_operator: Client) -> None:
    url = action_url(project, "issue_key")
    shown = act(as_operator, url, name="servers")
    found = re.search(r"mbp_live_\w{8}_\w{40}", shown.content.decode())
    assert found
    key = found[0]
    assert shown.content.decode().count(key) == 1
    assert "no-store" in shown["Cache-Control"]
    assert ApiKey.objects.get().name == "servers"
    next_page = as_operator.get(reverse("admin:index"))
    places = {
        "session": str(dict(as_operator.session)),
        "messages": str(shown.cookies) + "".join(map(str, shown.context["messages"])),
        "next page": next_page.content.decode() + str(next_page.cookies),
    }
    assert key not in places[kept_in]
    log = "".join(str(entry.changes) for entry in AuditEntry.objects.all())
    assert key not in log


def test_a_project_is_created_from_its_organisations_page(acme: Organisation, as_operator: Client) -> None:
    act(as_operator, action_url(acme, "create_project"), name="Storefront", mode="live")
    assert acme.projects.get().name == "Storefront"
    refused = act(as_operator, action_url(acme, "create_project"), name="Storefront", mode="live")
    assert "already exists" in refused.content.decode() or "of that name" in refused.content.decode()
    assert acme.projects.count() == 1


def test_a_failed_email_is_sent_again(acme: Organisation, as_operator: Client) -> None:
    failed = Notification.objects.create(
        organisation=acme, kind="test", dedupe_key="1", recipients=["a@acme.example"], subject="Hello", text="Hello",
        status=Notification.Status.FAILED, next_attempt_at=clock.now(),
    )  # fmt: skip
    act(as_operator, action_url(failed, "try_now"))
    failed.refresh_from_db()
    assert failed.status == Notification.Status.PENDING


def test_starting_a_billing_run_takes_the_permission_for_every_organisation(
    acme: Organisation, as_operator: Client, as_admin: Client
) -> None:
    url = reverse("admin:invoicing_billingrun_list_action", args=["start"])
    assert as_operator.get(url).status_code == 403  # operator of Acme only
    response = act(as_admin, url, month="2026-09")
    assert "under way" in response.content.decode()
    assert acme.billing_run_items.count() == 1


def test_a_month_is_closed_by_an_admin_once_it_is_over(
    acme: Organisation, as_operator: Client, as_admin: Client
) -> None:
    this_month = clock.today(acme.time_zone).replace(day=1)
    running, over = (
        UsagePeriod.objects.create(organisation=acme, month=month) for month in (this_month, date(2026, 9, 1))
    )
    assert as_operator.get(action_url(over, "close")).status_code == 403
    act(as_admin, action_url(over, "close"))
    assert "is not over yet" in act(as_admin, action_url(running, "close")).content.decode()
    assert [period.closed_by for period in UsagePeriod.objects.order_by("month")] == ["admin", ""]


def test_a_quarantined_batch_is_tried_again_or_discarded_with_a_reason(project: Project, as_operator: Client) -> None:
    again, given_up = (
        EventBatch.objects.create(
            organisation=project.organisation,
            project=project,
            event_count=1,
            packed_events=b"damaged",
            status="quarantined",
        )
        for _ in range(2)
    )
    page = as_operator.get(reverse("admin:events_eventbatch_change", args=[again.pk]))
    assert "payload can" in page.content.decode()
    act(as_operator, action_url(again, "retry"))
    act(as_operator, action_url(given_up, "discard"), reason="Test data of the customer")
    assert EventBatch.objects.get(pk=again.pk).status == "pending"
    assert EventBatch.objects.get(pk=given_up.pk).dead_lettered == 1
    assert "Test data of the customer (discarded by operator)" in DeadLetter.objects.get().message


def test_a_page_whose_action_broke_may_be_sent_again(
    draft: Invoice, as_operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would say that it was done, and it was not."""

    def broken(**_: Any) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    url = action_url(draft, "finalize")
    once = {"once": token(as_operator, url), "e_mail": "send"}
    with monkeypatch.context() as patched:
        patched.setattr(issuing, "finalize_invoice", broken)
        with pytest.raises(OperationalError):
            as_operator.post(url, once)
    as_operator.post(url, once)
    draft.refresh_from_db()
    assert draft.number
