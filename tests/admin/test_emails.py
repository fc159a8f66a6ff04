"""The pages of e-mails: correct an address and send again, send again, suppressed addresses, what is on for whom."""

from __future__ import annotations

import pytest
from django.test.client import Client
from django.urls import reverse

from organisations.models import Notification, Organisation, SuppressedAddress
from organisations.notifications import email
from organisations.notifications.outbox import queue_email
from organisations.services.contacts import add_contact
from tests.admin.test_invoice_pages import page, text_of
from tests.admin.test_object_actions import act, action_url
from tests.mailbox import Mailbox

pytestmark = pytest.mark.django_db


def _sent(acme: Organisation) -> Notification:
    note = queue_email(
        organisation=acme,
        kind="webhook_endpoint_disabled",
        dedupe_key="webhook_endpoint_disabled:1",
        recipients=[acme.billing_email],
        context={"endpoint": {"url": "https://x.example"}, "page": "-"},
    )
    email.send_notification(notification_id=note.pk)
    note.refresh_from_db()
    return note


def test_an_e_mail_that_bounced_leads_to_the_right_address_and_goes_there(
    acme: Organisation, as_operator: Client, as_admin: Client, mailbox: Mailbox
) -> None:
    mailbox.refuse_recipients = {acme.billing_email: "550 no such user"}
    note = _sent(acme)
    shown = text_of(page(as_operator, note))
    assert "Correct the address and send again" in shown
    assert "The mail server said: 550 no such user" in shown
    url = action_url(note, "correct")
    wrong = acme.billing_email
    assert "another address is needed" in text_of(act(as_operator, url, address=wrong, corrected=wrong))
    act(as_operator, url, address=wrong, corrected="right@acme.example")
    acme.refresh_from_db()
    assert acme.billing_email == "right@acme.example"
    assert Notification.objects.exclude(pk=note.pk).get().recipients == ["right@acme.example"]
    suppressed = SuppressedAddress.objects.get()
    url = action_url(suppressed, "allow")
    assert as_operator.get(url).status_code == 403  # it holds for the addresses of all customers
    act(as_admin, url, because="They repaired it.")
    suppressed.refresh_from_db()
    assert suppressed.lifted_because == "They repaired it."


def test_sending_again_proposes_the_addresses_of_now_and_asks_before_a_second_copy(
    acme: Organisation, as_operator: Client, mailbox: Mailbox
) -> None:
    note = _sent(acme)
    url = action_url(note, "resend")
    assert "has it already" in text_of(act(as_operator, url, to=acme.billing_email))
    add_contact(organisation=acme, purpose="technical", email="dev@acme.example")
    assert "dev@acme.example" in as_operator.get(url).content.decode()
    act(as_operator, url, to="dev@acme.example")
    act(as_operator, url, to=acme.billing_email, once_more="on")
    keys = Notification.objects.order_by("created_at").values_list("dedupe_key", "recipients")
    assert [(key[-2:], to) for key, to in keys[1:]] == [("#2", ["dev@acme.example"]), ("#3", [acme.billing_email])]


def test_what_is_on_for_whom_lists_only_what_is_out_of_the_ordinary(acme: Organisation, as_operator: Client) -> None:
    url = reverse("admin:organisations_contact_list_action", args=["on_for_whom"])
    assert "no customer" in text_of(as_operator.get(url))
    on = ["alert", "alert_recovered", "payment_retry"]
    act(as_operator, action_url(acme, "switch_emails"), kinds=on)
    shown = text_of(as_operator.get(url))
    assert "1 to 1 of 1" in shown
    assert "Reminder" in shown
    assert "section 31" in shown
    assert "no customer" in text_of(as_operator.get(f"{url}?shown=suppressed"))
