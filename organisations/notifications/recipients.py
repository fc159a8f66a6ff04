"""Whom a customer's e-mails go to: the one answer for whoever queues one, and for pages that say so beforehand.

What is about bills goes to the billing e-mail of the customer and to its billing contacts. What has another purpose
goes to the contacts for it, and where there are none to the billing e-mail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from uuid import UUID

from organisations.models import Contact, Organisation, Purpose
from organisations.notifications.kinds import kind_named


def recipients(organisation: Organisation, kind: str) -> list[str]:
    """The addresses of one kind of e-mail. Raises LookupError for an unknown kind."""
    return recipients_of_many({organisation.pk: organisation.billing_email}, kind)[organisation.pk]


def recipients_of_many(billing_emails: Mapping[UUID, str], kind: str) -> dict[UUID, list[str]]:
    """The same for many organisations, with one query: `billing_emails` by organisation."""
    purpose = kind_named(kind).purpose
    contacts: defaultdict[UUID, list[str]] = defaultdict(list)
    rows = Contact.objects.filter(organisation__in=billing_emails, purpose=purpose, is_active=True)
    for organisation_id, address in rows.order_by("created_at").values_list("organisation_id", "email"):
        contacts[organisation_id].append(address)
    return {
        organisation_id: _chosen(billing_email, contacts[organisation_id], purpose)
        for organisation_id, billing_email in billing_emails.items()
    }


def listed(organisation: Organisation, kind: str) -> str:
    """The recipients in a sentence: "a@x.example, b@x.example"."""
    return ", ".join(recipients(organisation, kind))


def distinct(addresses: Iterable[str]) -> list[str]:
    """Each once, as spelt first: no mail system that people use tells capitals from small letters."""
    found: dict[str, str] = {}
    for address in addresses:
        found.setdefault(address.casefold(), address)
    return list(found.values())


def _chosen(billing_email: str, contacts: list[str], purpose: Purpose) -> list[str]:
    return distinct([billing_email, *contacts]) if purpose == Purpose.BILLING else contacts or [billing_email]
