"""What becomes of an e-mail: refused for some, broken off, bounced, complained of, suppressed, sent again."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.models import Contact, Notification, NotificationEvent, Organisation, SuppressedAddress
from organisations.notifications import email
from organisations.notifications.outbox import Attachment, queue_email
from organisations.notifications.sending_again import copies_of, resend
from organisations.notifications.suppressing import suppress, suppressed
from organisations.notifications.tracking import have_it
from organisations.services import bounces
from organisations.services.contacts import add_contact
from tests.mailbox import Mailbox

pytestmark = pytest.mark.django_db
Status = Notification.Status
KEY = "key-for-signatures"
WEBHOOK = "/api/v1/webhooks/email/mailgun"
MOMENT = datetime(2026, 11, 3, 4, 0, tzinfo=UTC)


def _queue(acme: Organisation, *to: str, kind: str = "webhook_endpoint_disabled", key: str = "1") -> Notification:
    context: dict[str, Any] = {"endpoint": {"url": "https://x.example", "disabled_reason": "-"}, "page": "-"}
    return queue_email(
        organisation=acme,
        kind=kind,
        dedupe_key=f"{kind}:{key}",
        recipients=list(to) or [acme.billing_email],
        context=context,
        html="-" if kind != "webhook_endpoint_disabled" else None,
    )


def _invoice(acme: Organisation, *to: str) -> Notification:
    """A kind that goes to all in one message."""
    note = _queue(acme, *to)
    Notification.objects.filter(pk=note.pk).update(kind="invoice_issued")
    note.refresh_from_db()
    return note


def _send(note: Notification) -> Notification:
    Notification.objects.filter(pk=note.pk, next_attempt_at__isnull=False).update(next_attempt_at=clock.now())
    email.send_notification(notification_id=note.pk)
    note.refresh_from_db()
    return note


# --- the mail server ------------------------------------------------------------------------------------------------


def test_who_is_refused_for_now_is_tried_again_alone(acme: Organisation, mailbox: Mailbox) -> None:
    mailbox.refuse_recipients = {"b@acme.example": "450 greylisted"}
    note = _send(_invoice(acme, "a@acme.example", "b@acme.example"))
    assert note.status == Status.PENDING
    assert "b@acme.example: The mail server said: 450 greylisted" in note.last_failure
    mailbox.refuse_recipients = {}
    assert _send(note).status == Status.SENT
    assert [message.rcpt_tos for message in mailbox.messages] == [["a@acme.example"], ["b@acme.example"]]  # type: ignore[attr-defined]
    assert SuppressedAddress.objects.count() == 0


def test_who_does_not_exist_is_suppressed_and_the_others_get_it(acme: Organisation, mailbox: Mailbox) -> None:
    mailbox.refuse_recipients = {"gone@acme.example": "550 no such user"}
    note = _send(_invoice(acme, "a@acme.example", "Gone@acme.example".lower()))
    assert (note.status, note.state, note.state_label) == (Status.SENT, "bounced", "Bounced")
    assert have_it([note]) == ["a@acme.example"]
    assert SuppressedAddress.objects.get().address == "gone@acme.example"
    mailbox.messages.clear()
    after = _send(_queue(acme, "gone@acme.example", key="2"))
    assert (after.status, mailbox.messages) == (Status.NOT_SENT, [])
    assert after.not_sent_because.startswith("Not sent: gone@acme.example bounced on ")
    assert set(Notification.objects.did_not_arrive()) == {note, after}


def test_refused_by_all_for_good_it_is_given_up_at_once(acme: Organisation, mailbox: Mailbox) -> None:
    mailbox.refuse_recipients = {"gone@acme.example": "550 no such user"}
    note = _send(_queue(acme, "gone@acme.example"))
    assert (note.status, note.attempts, note.may_be_tried_now) == (Status.FAILED, 1, False)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        ("550 relay not permitted", Status.PENDING),
        ("550 5.7.54 Unable to relay recipient in non-accepted domain", Status.PENDING),
        ("553 5.7.1 Sender address rejected: not owned by user", Status.PENDING),
        ("550 5.7.1 message rejected by the recipient's policy", Status.FAILED),
    ],
)
def test_what_is_no_fault_of_the_address_does_not_suppress_it(
    acme: Organisation, mailbox: Mailbox, reply: str, status: str
) -> None:
    mailbox.refuse_recipients = {"a@acme.example": reply}
    assert _send(_queue(acme, "a@acme.example")).status == status
    assert SuppressedAddress.objects.count() == 0


def test_a_server_that_does_not_take_our_sender_loses_no_message(acme: Organisation, mailbox: Mailbox) -> None:
    mailbox.refuse_sender = "550 5.7.1 sign in first"
    note = _send(_queue(acme, "a@acme.example"))
    assert (note.status, note.events.count()) == (Status.PENDING, 0)
    mailbox.refuse_sender = ""
    assert _send(note).status == Status.SENT


def test_who_got_it_has_it_though_it_was_given_up_for_another(acme: Organisation, mailbox: Mailbox) -> None:
    mailbox.refuse_recipients = {"b@acme.example": "450 greylisted"}
    note = _invoice(acme, "a@acme.example", "b@acme.example")
    Notification.objects.filter(pk=note.pk).update(attempts=Notification.max_attempts - 1)
    assert _send(note).status == Status.FAILED
    assert have_it([note]) == ["a@acme.example"]


def test_who_is_suppressed_while_others_get_it_does_not_have_it(acme: Organisation, mailbox: Mailbox) -> None:
    suppress("gone@acme.example", reason="bounced", detail="", notification=None)
    note = _send(_invoice(acme, "a@acme.example", "gone@acme.example"))
    assert (note.status, have_it([note])) == (Status.SENT, ["a@acme.example"])
    assert "bounced on" in note.events.get(recipient="gone@acme.example").detail


def test_a_connection_that_breaks_after_the_message_is_tried_again_under_the_same_id(
    acme: Organisation, mailbox: Mailbox
) -> None:
    mailbox.break_off = True
    note = _send(_invoice(acme))
    assert (note.status, note.attempts) == (Status.PENDING, 1)
    assert _send(note).status == Status.SENT
    assert all(f"<{note.pk}@".encode() in message.content for message in mailbox.messages)  # type: ignore[attr-defined]
    assert _send(note).status == Status.SENT
    assert len(mailbox.messages) == 2


def test_what_may_be_switched_off_goes_to_each_alone_with_a_link_of_its_own(
    acme: Organisation, mailbox: Mailbox, client: Client
) -> None:
    note = _send(_queue(acme, "a@acme.example", "b@acme.example"))
    assert [message.rcpt_tos for message in mailbox.messages] == [["a@acme.example"], ["b@acme.example"]]  # type: ignore[attr-defined]
    content = mailbox.messages[0].content.decode().replace("\r\n ", "")  # type: ignore[attr-defined]
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in content
    link = content.partition("List-Unsubscribe: <")[2].partition(">")[0].replace("=\r\n", "")
    path = "/e-mails/off/" + link.rpartition("/")[2]
    assert client.get(path).status_code == 200
    assert _queue(acme, "a@acme.example", key="2").status == Status.PENDING  # a GET switches nothing off
    outside = Client(enforce_csrf_checks=True)
    for _ in range(2):
        assert outside.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert _queue(acme, "a@acme.example", key="3").status == Status.NOT_SENT
    assert _queue(acme, "a@acme.example", "b@acme.example", key="4").recipients == ["b@acme.example"]
    assert outside.post(path, {"again": "1"}).status_code == 200
    assert _queue(acme, "a@acme.example", key="5").status == Status.PENDING
    assert client.get("/e-mails/off/nonsense").status_code == 404
    _send(_invoice_key(acme, note))
    assert b"List-Unsubscribe" not in mailbox.messages[-1].content  # type: ignore[attr-defined]


def _invoice_key(acme: Organisation, note: Notification) -> Notification:
    other = _queue(acme, "a@acme.example", key="6")
    Notification.objects.filter(pk=other.pk).update(kind="invoice_issued")
    other.refresh_from_db()
    return other


# --- the provider's webhooks ----------------------------------------------------------------------------------------


@pytest.fixture
def mailgun(settings: Any) -> None:
    settings.EMAIL_PROVIDER = "mailgun"
    settings.ANYMAIL = {"MAILGUN_API_KEY": "key-x", "MAILGUN_WEBHOOK_SIGNING_KEY": KEY}


def _tell(client: Client, note: Notification, event: str, token: str, *, key: str = KEY, **data: Any) -> Any:
    stamp = str(int(MOMENT.timestamp()))
    signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    body = {
        "signature": {"timestamp": stamp, "token": token, "signature": signature},
        "event-data": {
            "event": event,
            "timestamp": MOMENT.timestamp(),
            "recipient": note.recipients[0],
            "message": {"headers": {"message-id": "1@mailgun.example"}},
            "user-variables": {"notification": str(note.pk)},
            **data,
        },
    }
    return client.post(WEBHOOK, json.dumps(body), content_type="application/json")


def test_a_provider_tells_in_any_order_and_twice_and_the_state_is_the_same(
    acme: Organisation, mailbox: Mailbox, mailgun: None, client: Client
) -> None:
    note = _send(_invoice(acme))
    for event, token in [("opened", "t2"), ("delivered", "t1"), ("opened", "t2"), ("delivered", "t1")]:
        assert _tell(client, note, event, token).status_code == 200
    note.refresh_from_db()
    assert (note.state, note.delivered_at, note.opened_at) == ("opened", MOMENT, MOMENT)
    assert note.events.count() == 3  # handed over, delivered, opened
    assert _tell(client, note, "failed", "t3", severity="temporary").status_code == 200
    note.refresh_from_db()
    assert note.state == "opened"
    bounced = {"severity": "permanent", "reason": "bounce", "delivery-status": {"message": "550 5.1.1 unknown"}}
    assert _tell(client, note, "failed", "t4", **bounced).status_code == 200
    note.refresh_from_db()
    assert (note.state, note.state_label) == ("bounced", "Opened, and bounced")
    assert SuppressedAddress.objects.get().detail == "550 5.1.1 unknown"


def test_a_provider_gets_the_logo_that_the_letter_shows(acme: Organisation, mailgun: None, settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    logo = default_storage.save("logos/x.png", ContentFile(b"picture"))
    note = _invoice(acme)
    Notification.objects.filter(pk=note.pk).update(
        attachments=[asdict(Attachment(logo, "l.png", "image/png", "", "l"))]
    )
    assert _send(note).status == Status.SENT
    (picture,) = mail.outbox[-1].anymail_test_params["attachments"]  # type: ignore[attr-defined]
    assert (picture.inline, picture.cid, picture.content) == (True, "l", b"picture")


def test_every_spelling_of_a_suppressed_address_is_suppressed() -> None:
    suppress("Gone@acme.example", reason="bounced", detail="", notification=None)
    assert set(suppressed(["gone@acme.example", "GONE@acme.example", "a@acme.example"])) == {
        "gone@acme.example",
        "GONE@acme.example",
    }


def test_a_wrong_signature_is_refused_and_so_is_every_other_provider(
    acme: Organisation, mailgun: None, client: Client, settings: Any
) -> None:
    note = _invoice(acme)
    assert _tell(client, note, "complained", "t1", key="another").status_code == 400
    assert client.post("/api/v1/webhooks/email/postmark", "{}", content_type="application/json").status_code == 404
    settings.EMAIL_PROVIDER = "postmark"  # which signs nothing: without a secret in its address it is not heard
    settings.ANYMAIL = {}
    assert client.post("/api/v1/webhooks/email/postmark", "{}", content_type="application/json").status_code == 404
    assert NotificationEvent.objects.count() == 0


def test_a_complaint_suppresses_the_address_and_others_messages_are_left_alone(
    acme: Organisation, mailgun: None, client: Client
) -> None:
    note = _invoice(acme)
    assert _tell(client, note, "complained", "t1").status_code == 200
    assert SuppressedAddress.objects.get().reason == "complained"
    others = {"user-variables": {}, "message": {"headers": {"message-id": "of@somebody.else"}}}
    assert _tell(client, note, "complained", "t2", **others).status_code == 200
    assert NotificationEvent.objects.count() == 1


def test_what_happened_before_an_address_was_allowed_again_does_not_suppress_it(
    acme: Organisation, mailgun: None, client: Client
) -> None:
    note = _invoice(acme)
    _tell(client, note, "complained", "t1")
    row = SuppressedAddress.objects.get()
    with pytest.raises(InvalidInput):
        bounces.allow_again(suppressed_id=row.pk, because=" ", by="me")
    bounces.allow_again(suppressed_id=row.pk, because="They asked for it.", by="me")
    _tell(client, note, "complained", "t2")
    assert not SuppressedAddress.objects.filter(lifted_at__isnull=True).exists()
    with pytest.raises(DomainError, match="already"):
        bounces.allow_again(suppressed_id=row.pk, because="Twice.", by="me")


# --- what a person does ---------------------------------------------------------------------------------------------


def test_the_right_address_takes_the_place_of_the_wrong_one_and_gets_the_message(
    acme: Organisation, mailbox: Mailbox
) -> None:
    wrong = acme.billing_email
    add_contact(organisation=acme, purpose="finance", email=wrong.upper())
    mailbox.refuse_recipients = {wrong: "550 no such user"}
    note = _send(_invoice(acme))
    with pytest.raises(InvalidInput, match="another address"):
        bounces.correct_and_resend(notification_id=note.pk, address=wrong, corrected=wrong, by="me")
    again = bounces.correct_and_resend(notification_id=note.pk, address=wrong, corrected="right@acme.example", by="me")
    acme.refresh_from_db()
    assert (acme.billing_email, Contact.objects.get().email) == ("right@acme.example", "right@acme.example")
    assert (_send(again).status, again.recipients) == (Status.SENT, ["right@acme.example"])
    assert not Notification.objects.did_not_arrive().exists()
    assert list(copies_of(note)) == [note, again]


def test_a_correction_is_made_once_and_allows_no_other_address_again(acme: Organisation, mailbox: Mailbox) -> None:
    wrong, right = "wrong@acme.example", "right@acme.example"
    for each in (wrong, right):
        add_contact(organisation=acme, purpose="finance", email=each)
    mailbox.refuse_recipients = {wrong: "550 no such user"}
    note = _send(_invoice(acme, wrong))
    suppress("other@x.example", reason="complained", detail="", notification=None)
    asked: dict[str, Any] = {"notification_id": note.pk, "address": wrong, "by": "me"}
    with pytest.raises(InvalidInput, match="another address"):
        bounces.correct_and_resend(corrected="other@x.example", is_deliverable=True, **asked)
    bounces.correct_and_resend(corrected=right, **asked)
    assert [each.email for each in acme.contacts.all()] == [right]
    with pytest.raises(DomainError, match="seen to"):
        bounces.correct_and_resend(corrected=right, **asked)


def test_sending_again_asks_before_somebody_gets_it_twice(acme: Organisation, mailbox: Mailbox) -> None:
    note = _send(_invoice(acme))
    with pytest.raises(DomainError, match="has it already"):
        resend(notification_id=note.pk)
    other = resend(notification_id=note.pk, to=["new@acme.example"])
    with pytest.raises(DomainError, match="has it already"):  # it is on its way there
        resend(notification_id=note.pk, to=["New@acme.example"])
    third = resend(notification_id=note.pk, once_more=True)
    assert [each.dedupe_key.rpartition("#")[2] for each in (other, third)] == ["2", "3"]


# --- the API --------------------------------------------------------------------------------------------------------


def test_the_api_lists_e_mails_by_state_and_shows_what_became_of_one(
    acme: Organisation, mailbox: Mailbox, api: Client
) -> None:
    mailbox.refuse_recipients = {"gone@acme.example": "550 no such user"}
    lost, sent = _send(_queue(acme, "gone@acme.example")), _send(_queue(acme, key="2"))
    url = f"/api/v1/admin/organisations/{acme.pk}/email-notifications"
    assert [row["id"] for row in api.get(url).json()["results"]] == [str(sent.pk), str(lost.pk)]
    assert [row["id"] for row in api.get(f"{url}?state=bounced").json()["results"]] == [str(lost.pk)]
    assert [row["id"] for row in api.get(f"{url}?state=sent").json()["results"]] == [str(sent.pk)]
    one = api.get(f"/api/v1/admin/email-notifications/{lost.pk}").json()
    assert [(event["kind"], event["recipient"]) for event in one["events"]] == [("bounced", "gone@acme.example")]


def test_the_api_switches_kinds_off_but_none_that_the_law_demands(acme: Organisation, api: Client) -> None:
    url = f"/api/v1/admin/organisations/{acme.pk}/email-kinds"
    refused = api.patch(url, {"switched_off": ["invoice_issued"]}, content_type="application/json")
    assert (refused.status_code, "section 31" in refused.content.decode()) == (400, True)
    assert list(refused.json()["details"]) == ["switched_off"]
    shown = api.patch(url, {"switched_off": ["reminder"]}, content_type="application/json").json()
    assert [row["kind"] for row in shown if not row["is_on"]] == ["reminder"]
    assert api.patch(url, {"switched_off": []}, content_type="application/json").status_code == 200
    assert not acme.switched_off_emails.exists()


def test_a_retry_waits_longer_each_time(acme: Organisation, mailbox: Mailbox) -> None:
    mailbox.refuse = True
    note = _send(_invoice(acme))
    first = note.next_attempt_at - clock.now()  # type: ignore[operator]
    note = _send(note)
    assert note.next_attempt_at - clock.now() > first > timedelta(0)  # type: ignore[operator]
