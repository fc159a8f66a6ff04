"""Add, change and remove the contacts of a customer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib.errors import InvalidInput
from organisations.models import Contact, Organisation

MOST_FOR_ONE_PURPOSE = 9
"""With the billing e-mail they are the ten recipients that an e-mail may have."""
_CHANGEABLE = frozenset({"purpose", "name", "email", "is_active"})


@transaction.atomic
def add_contact(
    *, organisation: Organisation, purpose: str, email: str, name: str = "", is_active: bool = True
) -> Contact:
    """Raises InvalidInput for more than nine for one purpose, ValidationError for what the model refuses."""
    contact = Contact(organisation=organisation, purpose=purpose, name=name, email=email, is_active=is_active)
    _save(contact)
    return contact


@transaction.atomic
def update_contact(*, contact_id: UUID, changes: dict[str, Any]) -> Contact:
    """Change the columns that may change. Raises as `add_contact`."""
    lock_customer_of(contact_id=contact_id)
    contact: Contact = Contact.objects.select_for_update().get(pk=contact_id)
    for name, value in changes.items():
        if name in _CHANGEABLE:
            setattr(contact, name, value)
    _save(contact)
    return contact


@transaction.atomic
def remove_contact(*, contact_id: UUID) -> None:
    """What is queued for the address already is sent all the same."""
    Contact.objects.get(pk=contact_id).delete()


def lock_customer_of(*, contact_id: UUID) -> None:
    """What is locked before the contact itself; nothing, if there is none."""
    Organisation.objects.select_for_update(of=("self",)).filter(contacts=contact_id).first()


def _save(contact: Contact) -> None:
    _lock(contact.organisation_id)
    others = Contact.objects.filter(organisation=contact.organisation_id, purpose=contact.purpose)
    if others.exclude(pk=contact.pk).count() >= MOST_FOR_ONE_PURPOSE:
        many = f"There are {MOST_FOR_ONE_PURPOSE} contacts for this purpose already: remove one first."
        raise InvalidInput.field("purpose", many)
    contact.full_clean()
    contact.save()


def _lock(organisation_id: UUID) -> None:
    """Before its contacts, as whoever corrects an address does: two that add at once would make ten."""
    Organisation.objects.select_for_update().get(pk=organisation_id)
