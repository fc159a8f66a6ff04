"""E-mails: once per dedupe key, over a real SMTP server, retried when it is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.template import engines
from django.template.loaders.locmem import Loader

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from organisations.models import Notification, Organisation, Purpose
from organisations.notifications import email
from organisations.notifications.kinds import KINDS, Kind
from organisations.notifications.outbox import Attachment, queue_email
from organisations.notifications.sending_again import resend
from tests.mailbox import Mailbox

pytestmark = pytest.mark.django_db
Status = Notification.Status
HELLO = Kind("hello", "Hello", "test/hello", Purpose.BILLING, may_be_switched_off=True)


@pytest.fixture(autouse=True)
def _templates(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {
        "emails/test/hello.html": "{% extends frame %}{% load letters %}"
        "{% block subject %}Hello\n{{ name }}{% endblock %}"
        "{% block letter %}{% greeting name %}{% endblock %}",
    }
    engine = engines["django"].engine
    monkeypatch.setattr(engine, "template_loaders", [Loader(engine, texts), *engine.template_loaders])
    monkeypatch.setattr(KINDS, "_entries", [*KINDS, HELLO])


def _queue(acme: Organisation, **fields: object) -> Notification:
    return queue_email(
        organisation=acme,
        kind="hello",
        recipients=[acme.billing_email],
        **{"dedupe_key": "hello:1", "context": {"name": "Acme & Söhne"}, **fields},
    )


def test_a_message_goes_out_with_text_html_and_attachment(acme: Organisation, mailbox: Mailbox) -> None:
    name = default_storage.save("test/a.pdf", ContentFile(b"%PDF-1.4"))
    note = _queue(acme, attachments=[Attachment(name, "invoice.pdf", "application/pdf")])
    assert email.send_notification(notification_id=note.pk)
    (message,) = mailbox.messages
    assert message.rcpt_tos == [acme.billing_email]
    content = message.content.decode()
    assert f"<{note.pk}@" in content
    assert 'filename="invoice.pdf"' in content
    assert "text/html" in content
    note.refresh_from_db()
    assert note.status == Status.SENT
    assert note.sent_at is not None
    default_storage.delete(name)


def test_the_same_dedupe_key_is_sent_once(acme: Organisation, mailbox: Mailbox) -> None:
    first, second = _queue(acme), _queue(acme)
    assert first == second
    for _ in range(3):
        email.send_notification(notification_id=first.pk)
    assert len(mailbox.messages) == 1


def test_a_line_break_in_a_name_starts_no_header(acme: Organisation) -> None:
    note = _queue(acme, context={"name": "x\r\nBcc: spy@example.com"})
    assert "\n" not in note.subject
    assert "\r" not in note.subject


def test_hostile_names_are_escaped_in_html(acme: Organisation) -> None:
    assert "<script>" not in _queue(acme, context={"name": "<script>"}).html


def test_a_server_that_refuses_is_tried_again_later(acme: Organisation, mailbox: Mailbox) -> None:
    mailbox.refuse = True
    note = _queue(acme)
    assert not email.send_notification(notification_id=note.pk)
    note.refresh_from_db()
    assert note.status == Status.PENDING
    assert "451" in note.last_failure
    assert note.next_attempt_at > clock.now() + timedelta(seconds=50)
    mailbox.refuse = False
    assert not email.send_notification(notification_id=note.pk)  # not due yet
    Notification.objects.update(next_attempt_at=clock.now())
    assert email.due_notifications() == [note.pk]
    assert email.send_notification(notification_id=note.pk)


def test_after_the_last_attempt_it_fails_visibly_and_can_be_resent(acme: Organisation, mailbox: Mailbox) -> None:
    mailbox.refuse = True
    note = _queue(acme)
    for _ in range(Notification.max_attempts):
        Notification.objects.update(next_attempt_at=clock.now())
        email.send_notification(notification_id=note.pk)
    note.refresh_from_db()
    assert note.status == Status.FAILED
    assert email.due_notifications() == []
    mailbox.refuse = False
    email.try_now(notification_id=note.pk)
    for verb in (email.try_now, resend):
        with pytest.raises(DomainError, match="still on its way"):
            verb(notification_id=note.pk)
    assert email.send_notification(notification_id=note.pk)


def test_a_missing_attachment_is_a_visible_failure(acme: Organisation, mailbox: Mailbox) -> None:
    note = _queue(acme, attachments=[Attachment("no/such.pdf", "x.pdf", "application/pdf")])
    assert not email.send_notification(notification_id=note.pk)
    note.refresh_from_db()
    assert "FileNotFoundError" in note.last_failure


def test_a_message_whose_sender_died_is_taken_over(acme: Organisation, mailbox: Mailbox) -> None:
    note = _queue(acme)
    Notification.objects.update(status=Status.SENDING, claimed_until=clock.now() + Notification.claim_lasts)
    assert not email.send_notification(notification_id=note.pk)
    Notification.objects.update(claimed_until=clock.now() - timedelta(seconds=1))
    assert email.send_notification(notification_id=note.pk)


def test_a_message_that_can_not_be_built_is_given_up_like_any_other(acme: Organisation, mailbox: Mailbox) -> None:
    """Django refuses such an address, which is no error of the network nor of a server."""
    note = _queue(acme)
    for _ in range(Notification.max_attempts):
        Notification.objects.update(next_attempt_at=clock.now(), recipients=["a@example.com\nBcc: all@example.com"])
        assert not email.send_notification(notification_id=note.pk)
    note.refresh_from_db()
    assert (note.status, note.attempts) == (Status.FAILED, Notification.max_attempts)
    assert "Invalid address" in note.last_failure
    assert mailbox.messages == []


def test_a_message_that_kills_its_worker_is_given_up(acme: Organisation, mailbox: Mailbox) -> None:
    note = _queue(acme)
    Notification.objects.update(status=Status.SENDING, attempts=Notification.max_attempts, claimed_until=clock.now())
    assert email.due_notifications() == [note.pk]
    assert not email.send_notification(notification_id=note.pk)
    note.refresh_from_db()
    assert note.status == Status.FAILED
    assert email.due_notifications() == []
    assert mailbox.messages == []
