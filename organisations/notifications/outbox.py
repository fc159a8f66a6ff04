"""Put a message into the outbox: rendered now, sent after commit, at most once per dedupe key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from billing_platform.lib.work.waking import wake_on_commit
from organisations.models import Notification, Organisation
from organisations.notifications.kinds import Kind, kind_named
from organisations.notifications.rendering import language_of, render_letter
from organisations.notifications.switches import still_wanted, switched_off


@dataclass(frozen=True)
class Attachment:
    """A file of the default storage, read when the message is sent; or one that is made then (`made_files`)."""

    storage_name: str
    filename: str
    content_type: str
    sha256: str = ""  # checked when it is read, if given
    content_id: str = ""  # of a picture within the HTML, which shows it as <img src="cid:…">


def queue_email(
    *,
    organisation: Organisation | None,
    kind: str,
    dedupe_key: str,
    recipients: Iterable[str],
    context: Mapping[str, Any],
    sender: str = "",
    html: str | None = None,
    attachments: Iterable[Attachment] = (),
) -> Notification:
    """Store an e-mail in the caller's transaction and wake the sender on commit.

    The kind names the letter, which is in the organisation's language where the customer reads it; `html` stands in
    place of its HTML body. A dedupe key that is known already gives back the first message and sends nothing. Raises
    LookupError for an unknown kind.
    """
    found = kind_named(kind)
    letter = render_letter(found.template, context, language=language_of(found, organisation))
    notification, created = Notification.objects.get_or_create(
        dedupe_key=dedupe_key,
        defaults={
            "organisation": organisation,
            "kind": kind,
            **_addressed(organisation, found, recipients),
            "sender": sender,
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html if html is None else html,
            "attachments": [asdict(attachment) for attachment in attachments],
        },
    )
    if created and notification.status == Notification.Status.PENDING:
        wake_sender(notification)
    return notification


OF_A_TEST_CUSTOMER = "It is a test customer's: read here what it would have said."
_NOT_SENT = {"status": Notification.Status.NOT_SENT, "next_attempt_at": None}


def _addressed(organisation: Organisation | None, kind: Kind, recipients: Iterable[str]) -> dict[str, Any]:
    """To those who want it. A row of its own tells that nobody does."""
    addresses = list(recipients)
    if organisation is not None and organisation.is_test:
        return {"recipients": addresses, **_NOT_SENT, "not_sent_because": OF_A_TEST_CUSTOMER}
    if organisation is not None:
        addresses = still_wanted(organisation.pk, addresses, switched_off([organisation.pk], kind.name))
    if addresses:
        return {"recipients": addresses}
    return {
        "recipients": [],
        **_NOT_SENT,
        "not_sent_because": f"{kind.label} is switched off for everybody who would get it.",
    }


def wake_sender(notification: Notification) -> None:
    """Ask a worker to send the message as soon as this transaction has committed."""
    wake_on_commit("organisations.tasks.send_notification", notification.pk)
