"""Whom a customer's e-mails go to: the one answer for whoever queues one, and for pages that say so beforehand.

What is about bills goes to the billing e-mail of the customer and to its billing contacts. What has another purpose
goes to the contacts for it, and where there are none to the billing e-mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from billing_platform.lib.errors import InvalidInput, quoted
from billing_platform.lib.validators import require
from organisations.models import Contact, Organisation, Purpose
from organisations.notifications.kinds import kind_named
from organisations.notifications.switches import still_wanted, switched_off

MAX_ADDRESSES = 10
"""The most recipients of one e-mail."""


def recipients(organisation: Organisation, kind: str) -> list[str]:
    """The addresses of one kind of e-mail. Raises LookupError for an unknown kind."""
    return recipients_of_many({organisation.pk: organisation.billing_email}, kind)[organisation.pk]


def recipients_of_many(billing_emails: Mapping[UUID, str], kind: str) -> dict[UUID, list[str]]:
    """The same for many organisations, with at most two queries: `billing_emails` by organisation. Nobody, where it is
    switched off."""
    purpose = kind_named(kind).purpose
    contacts: defaultdict[UUID, list[str]] = defaultdict(list)
    rows = Contact.objects.filter(organisation__in=billing_emails, purpose=purpose, is_active=True)
    for organisation_id, address in rows.order_by("created_at").values_list("organisation_id", "email"):
        contacts[organisation_id].append(address)
    off = switched_off(billing_emails, kind)
    return {
        organisation_id: still_wanted(organisation_id, _chosen(billing_email, contacts[organisation_id], purpose), off)
        for organisation_id, billing_email in billing_emails.items()
    }


def listed(organisation: Organisation, kind: str) -> str:
    """The recipients in a sentence: "a@x.example, b@x.example"."""
    return ", ".join(recipients(organisation, kind)) or "nobody: it is switched off"


def validate_email_address(value: Any) -> None:
    try:
        validate_email(value)
    except ValidationError:
        raise ValidationError(f"{quoted(value)} is no e-mail address.") from None


def addresses(given: Sequence[str], *, field: str = "to") -> list[str]:
    """Typed or sent addresses, each once. Raises InvalidInput at the field."""
    found = distinct(address.strip() for address in given)
    if not 1 <= len(found) <= MAX_ADDRESSES:
        raise InvalidInput.field(field, f"Give 1 to {MAX_ADDRESSES} e-mail addresses.")
    for address in found:
        require(field, address, validate_email_address)
    return found


def distinct(addresses: Iterable[str]) -> list[str]:
    """Each once, as spelt first: no mail system that people use tells capitals from small letters."""
    found: dict[str, str] = {}
    for address in addresses:
        found.setdefault(address.casefold(), address)
    return list(found.values())


def _chosen(billing_email: str, contacts: list[str], purpose: Purpose) -> list[str]:
    return distinct([billing_email, *contacts]) if purpose == Purpose.BILLING else contacts or [billing_email]
