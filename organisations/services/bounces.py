"""What a person does about an e-mail that did not arrive."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.validators import require, validate_line
from organisations.audit import note
from organisations.models import Contact, Notification, Organisation, SuppressedAddress
from organisations.notifications.recipients import addresses
from organisations.notifications.sending_again import resend, see_to
from organisations.notifications.suppressing import lift, suppressed
from organisations.services.contacts import remove_contact, update_contact
from organisations.services.onboarding import update_organisation


@transaction.atomic
def correct_and_resend(
    *, notification_id: UUID, address: str, corrected: str, by: str, is_deliverable: bool = False
) -> Notification:
    """Write the right address in place of a wrong one, wherever the customer has it (billing e-mail, contacts), and
    send the message there. With `is_deliverable` the same address is right, and allowed again.

    Raises as `resend`, InvalidInput at `corrected`, DomainError NOTIFICATION_SEEN_TO for a message that somebody has
    seen to already, and what changing a customer raises.
    """
    notification: Notification = Notification.objects.get(pk=notification_id)
    (right,) = addresses([corrected], field="corrected")
    organisation = notification.organisation
    is_same = right.casefold() == address.casefold()
    for row in suppressed([right]).values():
        if not (is_deliverable and is_same):
            raise InvalidInput.field("corrected", f"{row.sentence}: another address is needed.")
        lift(suppressed_id=row.pk, because="Its e-mails are sent again: it is the right address.", by=by)
    if organisation is not None and not is_same:
        _correct(organisation, address, right)
    if Notification.objects.did_not_arrive().select_for_update().filter(pk=notification.pk).first() is None:
        raise DomainError("Somebody has seen to this e-mail already.", code="NOTIFICATION_SEEN_TO")
    return resend(notification_id=notification.pk, to=[right], once_more=True)


def _correct(organisation: Organisation, wrong: str, right: str) -> None:
    if organisation.billing_email.casefold() == wrong.casefold():
        update_organisation(organisation=organisation, confirm=True, billing_email=right)
    contacts = Contact.objects.filter(organisation=organisation)
    for contact in contacts.filter(email__iexact=wrong):
        if contacts.filter(email__iexact=right, purpose=contact.purpose).exists():
            remove_contact(contact_id=contact.pk)  # the right one stands beside it
        else:
            update_contact(contact_id=contact.pk, changes={"email": right})


@transaction.atomic
def put_aside(*, notification_id: UUID, reason: str) -> Notification:
    """A person knows that it did not arrive, and leaves it so. Raises InvalidInput for no reason."""
    if not reason.strip():
        raise InvalidInput.field("reason", "Say why it is left as it is.")
    require("reason", reason.strip(), validate_line)
    notification: Notification = Notification.objects.select_for_update().get(pk=notification_id)
    see_to([notification])
    note(notification, reason=reason.strip())
    return notification


@transaction.atomic
def allow_again(*, suppressed_id: UUID, because: str, by: str) -> SuppressedAddress:
    """Take an address off the list, with a reason. Raises as `suppressing.lift`."""
    return lift(suppressed_id=suppressed_id, because=because, by=by)
