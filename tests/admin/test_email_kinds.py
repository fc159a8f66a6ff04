"""The page of every kind of e-mail: previewed for a seller in each language, and mailed to oneself as a sample."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from organisations.models import Notification, Organisation
from organisations.notifications.kinds import KINDS


def address(page: str, **chosen: Any) -> str:
    return reverse("admin:organisations_notification_list_action", args=[page], query=chosen)


def test_each_kind_leads_to_its_preview_in_a_frame_that_may_do_nothing(as_admin: Client, acme: Organisation) -> None:
    listed = as_admin.get(address("kinds")).content.decode()
    seller = acme.billing_entity
    for kind in KINDS:
        assert f"kind={kind.name}" in listed
    hindi = as_admin.get(address("kinds", kind="reminder", language="hi", width="390")).content.decode()
    assert '<iframe class="email-preview" width="390" sandbox=""' in hindi
    assert "5 नवंबर 2026" in hindi
    assert seller.legal_name in hindi
    english = as_admin.get(address("kinds", kind="dispute", language="hi")).content.decode()
    assert "always in English" in english


def test_a_sample_goes_to_whoever_asks_and_says_so(as_admin: Client, admin_user: Any, acme: Organisation) -> None:
    admin_user.email = "olga@operator.example"
    admin_user.save()
    page = address("send_sample", kind="invoice_issued", seller=acme.billing_entity.pk, language="hi")
    form = as_admin.get(page).context["form"]
    as_admin.post(page, {name: form[name].value() for name in form.fields})
    mail = Notification.objects.get()
    assert (mail.recipients, mail.subject[:16]) == (["olga@operator.example"], "Sample: Metrics ")
    assert "Sample: nobody has to pay" in mail.html
