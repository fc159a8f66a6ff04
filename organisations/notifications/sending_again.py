"""Send an e-mail again: to whoever has not got it, or once more to whoever has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.models import Notification
from organisations.notifications.kinds import KINDS
from organisations.notifications.outbox import wake_sender
from organisations.notifications.recipients import addresses
from organisations.notifications.tracking import have_it

Status = Notification.Status
_OVER = (Status.SENT, Status.FAILED, Status.NOT_SENT)
_COPIED = ("organisation", "kind", "sender", "subject", "text", "html", "attachments")


@transaction.atomic
def resend(*, notification_id: UUID, to: Sequence[str] | None = None, once_more: bool = False) -> Notification:
    """The same text once more, as a row of its own with an id of its own: mail systems don't take the second message
    for the first. To the addresses given, or to those that the first went to.

    Raises DomainError TEST_CUSTOMER, NOTIFICATION_ON_ITS_WAY for a message whose outcome is not known yet,
    ALREADY_SENT for an address that has it, unless `once_more`; InvalidInput at `to`, also for another reader of an
    e-mail that was made for its own.
    """
    first: Notification = Notification.objects.get(pk=notification_id)
    list(copies_of(first).select_for_update())  # of two at once, the second counts the copy that the first one makes
    notification: Notification = Notification.objects.get(pk=notification_id)
    if notification.organisation is not None and notification.organisation.is_test:
        raise DomainError("It is a test customer's: none of its e-mails are sent.", code="TEST_CUSTOMER")
    if notification.status not in _OVER:
        raise DomainError("The e-mail is still on its way: wait for its outcome.", code="NOTIFICATION_ON_ITS_WAY")
    wanted = addresses(notification.recipients if to is None else to)
    _refuse_others(notification, wanted)
    copies = list(copies_of(notification))
    has_it = {address.casefold() for address in have_it(copies)}
    again = [address for address in wanted if address.casefold() in has_it]
    if again and not once_more:
        many = f"{', '.join(again)} has it already: say that it goes there once more."
        raise DomainError(many, code="ALREADY_SENT", details={"to": [many]})
    see_to(copies)
    copy = Notification(
        **{name: getattr(notification, name) for name in _COPIED},
        dedupe_key=f"{notification.base_key}#{len(copies) + 1}",
        recipients=wanted,
    )
    copy.save()
    wake_sender(copy)
    return copy


def _refuse_others(notification: Notification, wanted: Sequence[str]) -> None:
    if not any(kind.stays_with_its_readers for kind in KINDS if kind.name == notification.kind):
        return
    known = {address.casefold() for address in notification.recipients}
    if others := [address for address in wanted if address.casefold() not in known]:
        raise InvalidInput.field("to", f"What it holds was made for its reader: it is not sent to {', '.join(others)}.")


def copies_of(notification: Notification) -> QuerySet[Notification]:
    """The message and all that were sent again in its place, oldest first."""
    key = notification.base_key
    same = Q(dedupe_key=key) | Q(dedupe_key__startswith=f"{key}#")
    return Notification.objects.filter(same, organisation=notification.organisation_id).order_by("created_at")


def see_to(notifications: Iterable[Notification]) -> None:
    """Those that did not arrive wait for nobody any more."""
    ids = [notification.pk for notification in notifications]
    lost = Notification.objects.did_not_arrive().filter(pk__in=ids)
    lost.update(seen_to_at=clock.now(), updated_at=clock.now())
