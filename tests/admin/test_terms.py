"""The admin pages of recurring fees, minimums and discounts: added with a preview, ended, deleted, and refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse

from invoicing.models import Discount, MinimumCharge, RecurringFee
from invoicing.services.terms.discounts import add_discount
from invoicing.services.terms.minimum_charges import add_minimum_charge
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import Membership, Organisation, Project
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.language import after_october, at, issued, per_unit, used

pytestmark = pytest.mark.django_db

OCTOBER_FIRST = date(2026, 10, 1)


def url(model: Any, name: str, *args: Any) -> str:
    return reverse(f"admin:invoicing_{model._meta.model_name}_{name}", args=args)


def fee_form(organisation: Organisation, **values: Any) -> dict[str, Any]:
    return {
        "organisation": organisation.pk, "project": "", "description": "Support", "amount": "100.00", "currency": "",
        "sac": "", "effective_from": "2026-10-15", "effective_to": "", **values,
    }  # fmt: skip


def discount_form(organisation: Organisation, **values: Any) -> dict[str, Any]:
    return {
        "organisation": organisation.pk, "name": "Launch", "percent": "", "amount": "", "currency": "",
        "metric_name": "", "unit": "", "recurring_fee": "", "times": "", "effective_from": "2026-10-01",
        "effective_to": "", "redemptions-TOTAL_FORMS": 0, "redemptions-INITIAL_FORMS": 0, **values,
    }  # fmt: skip


def test_a_fee_is_shown_before_it_is_added_and_then_ended(as_operator: Client, acme: Organisation) -> None:
    with after_october():
        shown = as_operator.post(url(RecurringFee, "preview"), fee_form(acme)).content.decode()
    assert "Support · 15 to 31 Oct 2026" in shown
    assert "₹54.84" in shown  # 17 of 31 days
    assert "Support · November 2026" in shown
    assert not RecurringFee.objects.exists()
    as_operator.post(url(RecurringFee, "add"), fee_form(acme))
    fee = RecurringFee.objects.get()
    assert (fee.currency, fee.amount) == ("INR", Decimal(100))
    stored = as_operator.post(f"{url(RecurringFee, 'preview')}?of={fee.pk}", fee_form(acme, amount="31.00"))
    assert "₹17.00" in stored.content.decode()
    end = as_operator.get(url(RecurringFee, "action", fee.pk, "end"))
    once = end.context["form"]["once"].value()
    as_operator.post(url(RecurringFee, "action", fee.pk, "end"), {"once": once, "last_day": "2026-10-31"})
    fee.refresh_from_db()
    assert fee.effective_to == date(2026, 11, 1)


def test_a_form_with_faults_shows_no_preview(as_operator: Client, acme: Organisation) -> None:
    shown = as_operator.post(url(RecurringFee, "preview"), fee_form(acme, amount=""))
    assert shown.content.decode().startswith("Fill in the form")


def test_a_fee_on_an_invoice_can_only_be_ended_on_its_page(as_operator: Client, acme: Organisation) -> None:
    fee = add_recurring_fee(
        organisation=acme, description="Support", amount=Decimal("100.00"), effective_from=OCTOBER_FIRST
    )
    issued(acme)
    shown = as_operator.get(url(RecurringFee, "change", fee.pk))
    assert set(shown.context["adminform"].form.fields) == {"effective_to"}
    assert "delete_fee" not in shown.content.decode()
    refused = as_operator.post(url(RecurringFee, "change", fee.pk), {"effective_to": "2026-10-20"})
    assert "The first day on which a recurring fee can begin, end or change is 1 Nov 2026" in refused.content.decode()


def test_a_fee_that_was_never_invoiced_is_deleted(as_operator: Client, acme: Organisation) -> None:
    fee = add_recurring_fee(
        organisation=acme, description="Support", amount=Decimal("100.00"), effective_from=OCTOBER_FIRST
    )
    once = as_operator.get(url(RecurringFee, "action", fee.pk, "delete_fee")).context["form"]["once"].value()
    answer = as_operator.post(url(RecurringFee, "action", fee.pk, "delete_fee"), {"once": once}, follow=True)
    assert "The fee “Support” was deleted." in answer.content.decode()
    assert not RecurringFee.objects.exists()


def test_a_discount_is_previewed_by_what_it_takes_off_and_tells_where_it_was_used(
    as_operator: Client, acme: Organisation, project: Project
) -> None:
    per_unit("1")
    used(project, 1000)
    with at("2026-10-20 12:00"):
        form = discount_form(acme, percent="10")
        shown = as_operator.post(url(Discount, "preview"), form).content.decode()
    assert "-₹100.00" in shown
    assert "by the usage so far" in shown
    as_operator.post(url(Discount, "add"), form)
    discount = Discount.objects.get()
    invoice = issued(acme)
    listed = as_operator.get(url(Discount, "changelist")).content.decode()
    assert "₹100.00 on 1 invoice" in listed
    assert invoice.number in as_operator.get(url(Discount, "change", discount.pk)).content.decode()
    on_invoice = as_operator.get(reverse("admin:invoicing_invoice_change", args=[invoice.pk])).content.decode()
    assert "-₹100.00 Launch (10%)" in on_invoice
    line = invoice.lines.get()
    on_line = as_operator.get(reverse("admin:invoicing_invoiceline_change", args=[line.pk])).content.decode()
    assert "Discount: Launch (10%)" in on_line
    assert "₹900.00" in on_line


def test_a_global_minimum_is_previewed_by_the_month_that_ended_last(
    acme: Organisation, project: Project, as_admin: Client
) -> None:
    factories.organisation("Idle")
    own = factories.organisation("With its own")
    add_minimum_charge(organisation=own, amount=Decimal("5.00"), currency="INR", effective_from=OCTOBER_FIRST)
    per_unit("1")
    used(project, 400)
    issued(acme)
    form = {
        "organisation": "", "currency": "INR", "amount": "1000.00", "sac": "", "effective_from": "2026-11-01",
        "effective_to": "",
    }  # fmt: skip
    with after_october():
        shown = as_admin.post(url(MinimumCharge, "preview"), form).content.decode()
    # Acme lacks 600.00, Idle 1,000.00
    assert "Of them would have paid a top-up for October 2026" in shown
    assert "₹1,600.00" in shown


def test_who_serves_one_customer_sees_nothing_of_all(acme: Organisation) -> None:
    everyone = add_minimum_charge(amount=Decimal("1000.00"), currency="INR", effective_from=OCTOBER_FIRST)
    theirs = signed_in(factories.member("theirs", acme, Membership.Role.VIEWER))
    shown = theirs.post(f"{url(MinimumCharge, 'preview')}?of={everyone.pk}", {})
    assert (shown.status_code, "customers" in shown.content.decode()) == (200, False)
    assert theirs.post(url(MinimumCharge, "preview"), {}).status_code == 403
    assert theirs.get(url(MinimumCharge, "preview")).status_code == 405


def test_a_viewer_sees_what_a_stored_discount_takes_off(acme: Organisation, as_viewer: Client) -> None:
    add_recurring_fee(organisation=acme, description="Fee", amount=Decimal("100.00"), effective_from=OCTOBER_FIRST)
    discount = add_discount(organisation=acme, name="Half", percent=Decimal(50), effective_from=OCTOBER_FIRST)
    shown = as_viewer.post(f"{url(Discount, 'preview')}?of={discount.pk}", {})
    assert "-₹50.00" in shown.content.decode()
