"""Which kinds of e-mails a customer, or one reader there, has switched off; and the link that does so in one click."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from billing_platform.lib.errors import InvalidInput, quoted
from organisations.models import Organisation, SwitchedOffEmail
from organisations.notifications.kinds import KINDS, Audience, Kind, kind_named

SALT = "organisations.unsubscribe"
Off = set[tuple[UUID, str]]
"""Organisation and address in small letters; "" for the whole customer."""


def customers_kinds() -> list[Kind]:
    """The kinds that customers get, in the order of their apps."""
    return [kind for kind in KINDS if kind.audience is Audience.CUSTOMER]


def switched_off(organisations: Iterable[UUID], kind: str) -> Off:
    """Who has switched off a kind, with one query; with none for a kind that everybody gets."""
    if not kind_named(kind).may_be_switched_off:
        return set()
    rows = SwitchedOffEmail.objects.filter(organisation__in=list(organisations), kind=kind)
    return set(rows.values_list("organisation_id", "address"))


def still_wanted(organisation_id: UUID, addresses: Iterable[str], off: Off) -> list[str]:
    """The addresses without those that have switched it off."""
    if (organisation_id, "") in off:
        return []
    return [address for address in addresses if (organisation_id, address.casefold()) not in off]


@transaction.atomic
def switch_off(*, organisation: Organisation, kind: str, by: str, address: str = "") -> None:
    """No e-mails of a kind any more: to the whole customer, or to one address. Twice is once.

    Raises InvalidInput for an unknown kind, and for one that nobody may be without, with the reason.
    """
    _check(kind)
    SwitchedOffEmail.objects.get_or_create(
        organisation=organisation, kind=kind, address=address.casefold(), defaults={"switched_off_by": by[:200]}
    )


@transaction.atomic
def switch_on(*, organisation: Organisation, kind: str, address: str = "") -> None:
    """Send the kind again. Raises InvalidInput for an unknown kind."""
    _named(kind)
    for row in SwitchedOffEmail.objects.filter(organisation=organisation, kind=kind, address=address.casefold()):
        row.delete()


def set_kinds(*, organisation: Organisation, off: Iterable[str], by: str) -> None:
    """Make exactly these kinds switched off for the whole customer. Raises as `switch_off`, at `switched_off`."""
    wanted = set(off)
    for kind in wanted:
        _check(kind, field="switched_off")
    rows = SwitchedOffEmail.objects.filter(organisation=organisation, address="")
    standing = set(rows.values_list("kind", flat=True))
    for kind in standing - wanted:
        switch_on(organisation=organisation, kind=kind)
    for kind in wanted - standing:
        switch_off(organisation=organisation, kind=kind, by=by)


def unsubscribe_link(organisation_id: UUID, kind: str, address: str) -> str:
    """The page on which one reader switches off a kind, without an account."""
    token = signing.dumps([str(organisation_id), kind, address.casefold()], salt=SALT, compress=True)
    return str(settings.SITE_URL) + reverse("organisations:unsubscribe", args=[token])


def read_link(token: str) -> tuple[UUID, str, str]:
    """Organisation, kind and address of a link. Raises BadSignature or ValueError for one that is none of ours."""
    organisation_id, kind, address = signing.loads(token, salt=SALT)
    return UUID(organisation_id), str(kind), str(address)


def _check(kind: str, *, field: str = "kind") -> None:
    found = _named(kind, field=field)
    if not found.may_be_switched_off:
        raise InvalidInput.field(field, f"{found.label} can't be switched off. {found.why}")


def _named(kind: str, *, field: str = "kind") -> Kind:
    try:
        return kind_named(kind)
    except LookupError:
        raise InvalidInput.field(field, f"{quoted(kind)} is no kind of e-mail.") from None
