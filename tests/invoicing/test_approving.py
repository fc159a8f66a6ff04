"""Approving a draft: what demands it, whom four eyes keep from it, what it is bound to, and what stays of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test.client import Client

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice, InvoiceApproval
from invoicing.services import drafting, editing, issuing
from invoicing.services.approving import approve_invoice, stored_fingerprint
from organisations.models import BillingEntity, Membership, Organisation, Project
from tests import factories
from tests.admin.bulk import confirmed
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import act, action_url
from tests.invoicing.language import OCTOBER, after_october, at, draft, one_off, per_unit, used
from tests.invoicing.language import issued as october_issued
from tests.organisations.test_holds import hold

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin"


def rules(organisation: Organisation, **fields: Any) -> None:
    """Rules of the customer's seller; `four_eyes` among them."""
    BillingEntity.objects.filter(pk=organisation.billing_entity_id).update(**fields)
    organisation.refresh_from_db()


def refused(invoice: Invoice) -> list[str]:
    """The codes for which an attempt to finalize is refused; the draft stays."""
    with pytest.raises(DomainError) as error:
        issuing.finalize_invoice(invoice_id=invoice.pk)
    assert (error.value.code, error.value.status) == ("APPROVAL_REQUIRED", 409)
    invoice.refresh_from_db()
    assert invoice.is_draft
    return [reason["code"] for reason in error.value.details["reasons"]]


def test_a_typed_invoice_above_the_amount_needs_approval(acme: Organisation, operator: Any) -> None:
    rules(acme, approve_above={"INR": "117.99", "USD": "1"}, approve_edited=True)
    invoice = one_off(acme, "100.00")  # 118.00 with tax
    assert [reason["message"] for reason in invoice.approval_needed] == [
        "The total of ₹118.00 is above ₹117.99.",
        "It has lines that were typed by hand.",
    ]
    assert refused(invoice) == ["ABOVE_AMOUNT", "EDITED_BY_HAND"]
    approved = approve_invoice(invoice_id=invoice.pk, approver=operator)
    assert (approved.is_draft, approved.approval_needed) == (True, [])  # nobody has said that it goes out now
    assert issuing.finalize_invoice(invoice_id=invoice.pk).total == Decimal("118.00")


def test_a_customers_own_rule_takes_the_place_of_its_sellers(acme: Organisation) -> None:
    rules(acme, approve_above={"INR": "1"}, approve_first=True)
    acme.approve_above, acme.approve_first = Decimal("118.00"), False
    acme.save()
    assert issuing.finalize_invoice(invoice_id=one_off(acme).pk).number


def test_the_first_invoice_needs_approval_and_the_second_does_not(acme: Organisation, operator: Any) -> None:
    rules(acme, approve_first=True)
    first = one_off(acme)
    assert refused(first) == ["FIRST_INVOICE"]
    approve_invoice(invoice_id=first.pk, approver=operator)
    issuing.finalize_invoice(invoice_id=first.pk)
    second = one_off(acme)
    assert second.approval_needed == []
    issuing.finalize_invoice(invoice_id=second.pk)


def test_a_month_is_compared_with_the_months_before(acme: Organisation, project: Project) -> None:
    """100 x 1 = 118.00 with tax in October; 121 x 1 = 142.78 in November is 21 % more, 120 x 1 = 141.60 is 20 %."""
    rules(acme, approve_change_percent=Decimal(20))
    per_unit("1")
    used(project, 100)
    october_issued(acme)
    one_off_too = one_off(acme, "9000.00")
    assert one_off_too.approval_needed == []  # a one-off is no month
    used(project, 120, on="2026-11-10")
    with at("2026-12-01 10:00"):
        november = drafting.create_draft(organisation=acme, period=OCTOBER.next())
        assert november.approval_needed == []
        used(project, 1, on="2026-11-11")
        november = drafting.recompute_draft(invoice_id=november.pk)
        assert refused(november) == ["CHANGED_MUCH"]
    (reason,) = november.approval_needed
    assert "21% above ₹118.00, the last month invoice; 20% is allowed" in reason["message"]


# --- who ------------------------------------------------------------------------------------------------------------


def test_with_four_eyes_who_drafted_or_typed_cannot_approve(acme: Organisation, operator: Any, admin_user: Any) -> None:
    rules(acme, four_eyes=True, approve_edited=True)
    api = factories.client(factories.admin_key(operator))
    body = {"lines": [{"description": "Set-up", "quantity": "1", "unit_price": "100"}]}
    made = api.post(f"{URL}/organisations/{acme.pk}/invoices", body, content_type="application/json").json()
    own = api.post(f"{URL}/invoices/{made['id']}/approve", {}, content_type="application/json")
    assert (own.status_code, own.json()["code"]) == (409, "FOUR_EYES")
    assert "operator drafted or edited this invoice" in own.json()["error"]
    approve_invoice(invoice_id=made["id"], approver=admin_user)
    rules(acme, four_eyes=False)
    other = api.post(f"{URL}/organisations/{acme.pk}/invoices", body, content_type="application/json").json()
    assert api.post(f"{URL}/invoices/{other['id']}/approve", {}, content_type="application/json").status_code == 200


def test_a_viewer_may_not_approve(acme: Organisation, viewer: Any) -> None:
    invoice = one_off(acme)
    api = factories.client(factories.admin_key(viewer))
    assert api.post(f"{URL}/invoices/{invoice.pk}/approve", {}, content_type="application/json").status_code == 403


# --- to what it is bound --------------------------------------------------------------------------------------------


def test_an_approval_lapses_when_the_draft_changes(acme: Organisation, operator: Any) -> None:
    rules(acme, approve_edited=True)
    invoice = one_off(acme, "100.00")
    approve_invoice(invoice_id=invoice.pk, approver=operator)
    line = {"description": "Onboarding", "quantity": "1", "unit_price": "100.01"}
    changed = editing.set_typed_lines(invoice_id=invoice.pk, lines=[line])
    assert [reason["code"] for reason in changed.approval_needed] == ["EDITED_BY_HAND", "APPROVAL_LAPSED"]
    assert refused(invoice) == ["EDITED_BY_HAND", "APPROVAL_LAPSED"]
    editing.set_typed_lines(invoice_id=invoice.pk, lines=[line | {"unit_price": "100.00"}])
    assert issuing.finalize_invoice(invoice_id=invoice.pk).number  # it is what was approved again


def test_usage_that_comes_after_the_approval_lapses_it(acme: Organisation, project: Project, operator: Any) -> None:
    rules(acme, approve_first=True)
    per_unit("1")
    used(project, 100)
    invoice = draft(acme)
    with after_october():
        approve_invoice(invoice_id=invoice.pk, approver=operator)
    used(project, 1)  # October is open still
    with after_october():
        assert refused(invoice) == ["FIRST_INVOICE", "APPROVAL_LAPSED"]


def test_what_was_seen_is_approved_or_nothing(acme: Organisation, api: Client) -> None:
    invoice = one_off(acme)
    shown = api.get(f"{URL}/invoices/{invoice.pk}").json()
    assert shown["fingerprint"] == stored_fingerprint(invoice)
    editing.set_typed_lines(
        invoice_id=invoice.pk, lines=[{"description": "Onboarding", "quantity": "1", "unit_price": "200"}]
    )
    body = {"fingerprint": shown["fingerprint"]}
    answer = api.post(f"{URL}/invoices/{invoice.pk}/approve", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "DRAFT_CHANGED")
    assert "is ₹236.00 now" in answer.json()["error"]
    body = {"fingerprint": api.get(f"{URL}/invoices/{invoice.pk}").json()["fingerprint"]}
    assert api.post(f"{URL}/invoices/{invoice.pk}/approve", body, content_type="application/json").status_code == 200
    again = api.post(f"{URL}/invoices/{invoice.pk}/approve", body, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_APPROVED")


def test_a_running_month_and_an_issued_invoice_cannot_be_approved(
    acme: Organisation, project: Project, operator: Any
) -> None:
    per_unit("1")
    used(project, 100)
    with at("2026-10-20 10:00"):
        running = drafting.create_draft(organisation=acme, period=OCTOBER)
        with pytest.raises(DomainError, match="not over yet"):
            approve_invoice(invoice_id=running.pk, approver=operator)
    with after_october():
        issuing.finalize_invoice(invoice_id=running.pk)
        with pytest.raises(DomainError, match="not a draft"):
            approve_invoice(invoice_id=running.pk, approver=operator)


def test_the_record_stays_as_it_was_written(acme: Organisation, operator: Any) -> None:
    rules(acme, approve_edited=True)
    invoice = one_off(acme)
    approve_invoice(invoice_id=invoice.pk, approver=operator)
    drafting.delete_draft(invoice_id=invoice.pk)
    record = InvoiceApproval.objects.get()
    assert (record.approved_by, record.total, record.currency) == ("operator", Decimal("118.00"), "INR")
    assert [reason["code"] for reason in record.reasons] == ["EDITED_BY_HAND"]
    for change in (record.delete, record.save):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_an_approved_draft_of_a_held_customer_is_issued_after_the_hold(acme: Organisation, operator: Any) -> None:
    hold(acme, "draft_only")
    invoice = one_off(acme)
    assert approve_invoice(invoice_id=invoice.pk, approver=operator).is_draft
    with pytest.raises(DomainError, match="Nothing is issued"):
        issuing.finalize_invoice(invoice_id=invoice.pk)


# --- in the admin ---------------------------------------------------------------------------------------------------


def test_the_page_says_what_keeps_a_draft_back_and_approves_what_it_shows(acme: Organisation, operator: Any) -> None:
    rules(acme, approve_edited=True, four_eyes=True)
    as_operator, as_boss = signed_in(operator), signed_in(factories.member("boss", acme, Membership.Role.ADMIN))
    body = {"lines": [{"description": "Set-up", "quantity": "1", "unit_price": "100"}]}
    by_operator = factories.client(factories.admin_key(operator))
    by_operator.post(f"{URL}/organisations/{acme.pk}/invoices", body, content_type="application/json")
    invoice = Invoice.objects.get()
    assert invoice.edited_by == ["operator"]
    finalizing = as_boss.get(action_url(invoice, "finalize")).content.decode()
    assert f'<a class="text-link" href="{action_url(invoice, "approve")}">Approve</a>' in finalizing
    page = as_boss.get(f"/admin/invoicing/invoice/{invoice.pk}/change/").content.decode()
    assert "It has lines that were typed by hand." in page
    url = action_url(invoice, "approve")
    assert "another person has to approve it" in as_operator.get(url).content.decode()
    asked = as_boss.get(url).content.decode()
    assert "₹118.00" in asked
    fingerprint = stored_fingerprint(invoice)
    assert fingerprint in asked
    answer = act(as_boss, url, fingerprint=fingerprint)
    assert "Approved." in answer.content.decode()
    assert "Approved by boss" in answer.content.decode()  # in the timeline


def test_several_drafts_are_approved_at_once(acme: Organisation, operator: Any) -> None:
    rules(acme, approve_edited=True)
    first, second = one_off(acme, "100.00"), one_off(acme, "200.00")
    rules(acme, approve_edited=False)
    needs_none = one_off(acme, "300.00")
    client = signed_in(operator)
    listed = client.get("/admin/invoicing/invoice/?attention=to_approve").content.decode()
    assert str(first.pk) in listed
    assert str(needs_none.pk) not in listed
    rules(acme, approve_edited=True)
    url = "/admin/invoicing/invoice/actions/approve_many/"
    page = client.get(url)
    assert "₹354.00" in page.content.decode()  # 118.00 and 236.00; the third is left alone
    confirmed(client, url)
    assert InvoiceApproval.objects.filter(invoice__in=[first, second]).count() == 2
