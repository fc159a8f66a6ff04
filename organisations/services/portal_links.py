"""Make, mail, renew and revoke the links to a customer's portal. A token is returned once, and is not stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from auditlog.models import LogEntry
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from organisations import audit
from organisations.models import Contact, Organisation, PortalLink, Purpose
from organisations.notifications import recipients
from organisations.notifications.branding import brand_of_seller, logo_of
from organisations.notifications.outbox import queue_email

Cause = PortalLink.Cause
KIND = "portal_link"
"""The kind of e-mail that brings a link."""
MOST_DAYS = 365
CUSTOMERS_PAUSE = timedelta(minutes=10)
"""Between two links that a customer asks for: whoever knows an address could fill its mailbox."""
USE_IS_NOTED = timedelta(minutes=5)
"""As exactly as the time of the last use is known."""
MOST_CUSTOMERS = 10
"""Of one address: an accountant may look after several customers."""
READERS = (Purpose.BILLING, Purpose.FINANCE)
THE_CUSTOMER = "the customer"


@dataclass(frozen=True)
class MadeLink:
    """The row, and the token: show or mail it once."""

    link: PortalLink
    token: str

    @property
    def address(self) -> str:
        """The page belongs to payments: only its name is known here."""
        return str(settings.SITE_URL) + reverse("payments:portal_open", kwargs={"token": self.token})


@transaction.atomic
def make_link(*, organisation_id: UUID, made_by: str, days: int | None = None) -> MadeLink:
    """A link beside those before it. Raises NotFound, and InvalidInput for a number of days that is out of reach."""
    return _make(_customer(organisation_id), Cause.OPERATOR, made_by, days)


@transaction.atomic
def mail_link(*, organisation_id: UUID, to: str, made_by: str, days: int | None = None) -> PortalLink:
    """Make a link and mail it to one of the customer's own addresses. Raises as `make_link`, and InvalidInput for any
    other address."""
    organisation = _customer(organisation_id)
    if to not in addresses_of(organisation):
        raise InvalidInput.field("to", "Choose the customer's billing e-mail, or a contact for billing or finance.")
    made = _make(organisation, Cause.OPERATOR, made_by, days)
    _queue(made, [to])
    return made.link


@transaction.atomic
def renew_link(*, link_id: UUID, by: str) -> MadeLink:
    """Revoke a link and make another in its place. Raises NotFound, and DomainError LINK_REVOKED."""
    old = revoke_link(link_id=link_id, by=by)
    return _make(_customer(old.organisation_id), Cause.OPERATOR, by, None)


@transaction.atomic
def revoke_link(*, link_id: UUID, by: str) -> PortalLink:
    """It opens nothing from now on, nor do pages that were opened by it. Raises NotFound, and DomainError
    LINK_REVOKED for one that is revoked already."""
    link: PortalLink | None = PortalLink.objects.select_for_update().filter(pk=link_id).first()
    if link is None:
        raise NotFound("There is no such portal link.")
    if link.revoked_at is not None:
        raise DomainError("This link is revoked already.", code="LINK_REVOKED")
    link.revoked_at, link.revoked_by = clock.now(), by[:200] or "somebody"
    link.save(update_fields=["revoked_at", "revoked_by", "updated_at"])
    return link


@transaction.atomic
def revoke_links(*, organisation_id: UUID, by: str) -> int:
    """All open links of a customer. Returns how many were revoked. Raises NotFound."""
    organisation = _customer(organisation_id)
    open_links = list(PortalLink.objects.open().filter(organisation=organisation).values_list("pk", flat=True))
    for pk in open_links:
        revoke_link(link_id=pk, by=by)
    return len(open_links)


@transaction.atomic
def mail_asked_link(*, organisation_id: UUID) -> None:
    """Of a customer whose link has ended: to the addresses on file, whoever asks. Within ten minutes of the last one
    nothing is mailed."""
    organisation = _customer(organisation_id)
    _mail_asked(organisation, recipients.recipients(organisation, KIND))


@transaction.atomic
def mail_links_to(*, address: str) -> None:
    """Whoever asks gets the same answer; only an address on file gets mail, one letter for each of its customers."""
    for pk in _customers_of(address.strip()):
        organisation = _customer(pk)
        on_file = [each for each in addresses_of(organisation) if each.casefold() == address.strip().casefold()]
        _mail_asked(organisation, on_file)


def addresses_of(organisation: Organisation) -> list[str]:
    """To whom a link may be mailed: the billing e-mail, and the contacts for billing and finance."""
    contacts = organisation.contacts.filter(purpose__in=READERS, is_active=True).order_by("created_at")
    return recipients.distinct([organisation.billing_email, *contacts.values_list("email", flat=True)])


def found_by(token: str) -> PortalLink | None:
    """The link of a token, open or not. The token is looked up by its hash, which tells nothing about other tokens."""
    links = PortalLink.objects.select_related("organisation__billing_entity")
    return links.filter(token_hash=hash_token(token)).first()


@transaction.atomic
def note_use(link: PortalLink) -> None:
    """That the portal was opened by it. The first time stands in the audit log."""
    now, before = clock.now(), link.last_used_at
    if before is not None and before > now - USE_IS_NOTED:
        return
    noted = PortalLink.objects.filter(pk=link.pk, last_used_at=before).update(last_used_at=now)
    if noted and before is None:
        audit.note(link, reason="Used for the first time.", last_used_at=(None, now.isoformat()))
    link.last_used_at = now


def note_look(*, organisation: Organisation) -> None:
    """That an operator opened the portal as the customer sees it: no link is made or used."""
    audit.note(organisation, action=LogEntry.Action.ACCESS, reason=f"Looked at the portal of {organisation}.")


def hash_token(token: str) -> str:
    """A fast hash is safe here: the token has 256 random bits, unlike a password."""
    return hashlib.sha256(token.encode()).hexdigest()


def _customer(organisation_id: UUID) -> Organisation:
    rows = Organisation.objects.select_for_update(of=("self",), no_key=True).select_related("billing_entity")
    found: Organisation | None = rows.filter(pk=organisation_id).first()
    if found is None:
        raise NotFound("There is no such organisation.")
    return found


def _customers_of(address: str) -> list[UUID]:
    contacts = Contact.objects.filter(email__iexact=address, purpose__in=READERS, is_active=True)
    theirs = Q(billing_email__iexact=address) | Q(pk__in=contacts.values("organisation"))
    found = Organisation.objects.filter(theirs, is_active=True).order_by("created_at", "pk")
    return list(found.values_list("pk", flat=True)[:MOST_CUSTOMERS])


def _mail_asked(organisation: Organisation, to: Sequence[str]) -> None:
    since = clock.now() - CUSTOMERS_PAUSE
    if to and not organisation.portal_links.filter(cause=Cause.CUSTOMER, created_at__gt=since).exists():
        _queue(_make(organisation, Cause.CUSTOMER, THE_CUSTOMER, None), to)


def _make(organisation: Organisation, cause: str, made_by: str, days: int | None) -> MadeLink:
    days = settings.PORTAL_LINK_DAYS if days is None else days
    if not 1 <= days <= MOST_DAYS:
        raise InvalidInput.field("days", f"A link is good for 1 to {MOST_DAYS} days.")
    token, ends = secrets.token_urlsafe(32), clock.now() + timedelta(days=days)
    link = PortalLink.objects.create(
        organisation=organisation,
        token_hash=hash_token(token),
        cause=cause,
        made_by=made_by[:200] or "somebody",
        expires_at=ends,
    )
    return MadeLink(link, token)


def _queue(made: MadeLink, to: Sequence[str]) -> None:
    organisation = made.link.organisation
    seller = organisation.billing_entity
    brand = brand_of_seller(seller)
    queue_email(
        organisation=organisation,
        kind=KIND,
        dedupe_key=f"{KIND}:{made.link.pk}",
        recipients=to,
        sender=seller.email,
        context={
            "customer": organisation.legal_name or organisation.name,
            "seller": seller.legal_name,
            "portal_url": made.address,
            "until": made.link.expires_at.astimezone(organisation.zone).date(),
            "brand": brand,
        },
        attachments=logo_of(brand, seller.logo),
    )
