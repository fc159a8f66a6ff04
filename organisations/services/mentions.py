"""Speak to a colleague in a note about a customer: "@olga" tells Olga, once, and waits until she marks it as done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models.functions import Lower

from billing_platform.lib import clock
from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from organisations.models import CustomerNote, NoteMention, Notification, Organisation
from organisations.models.note_mention import names_in
from organisations.notifications.outbox import queue_email

KIND = "note_mention"
SEES = "organisations.view_customernote"


def colleagues_named(*, organisation: Organisation, text: str) -> list[Any]:
    """The users whom a text names, each once. Raises InvalidInput for a name of nobody who may see this customer: in
    the same words whether there is such a user elsewhere or not."""
    names = names_in(text)
    people = _who_may_see(organisation, names) if names else {}
    found: dict[Any, Any] = {}
    for name in names:
        user = people.get(name) or people.get(name.lower())
        if user is None:
            sentence = f"No colleague who may see this customer is called @{name}. To tell nobody, leave the @ out."
            raise InvalidInput.field("text", sentence)
        found[user.pk] = user
    return list(found.values())


def mention(*, note: CustomerNote, users: Iterable[Any]) -> None:
    """In the transaction that writes the note: it waits for them, and they are told."""
    for user in users:
        told, _made = NoteMention.objects.get_or_create(note=note, user=user)
        tell(told)


def tell(mention: NoteMention) -> Notification | None:
    """Queue the e-mail to the colleague, once however often it is asked for. None for a user without an address, whom
    the dashboard tells."""
    note, user = mention.note, mention.user
    if not user.email:
        return None
    return queue_email(
        organisation=note.organisation,
        kind=KIND,
        dedupe_key=f"{KIND}:{mention.pk}",
        recipients=[user.email],
        context={
            "by": note.written_by,
            "customer": note.organisation.name,
            "lines": note.text.splitlines(),
            "page": f"{settings.SITE_URL}{admin_url(note)}",
            "name": user.get_username(),
        },
    )


@transaction.atomic
def finish_mention(*, note_id: UUID, user: Any) -> NoteMention:
    """The user has done what the note asks for. Raises NotFound for a note that doesn't name the user, and DomainError
    NOT_WAITING for one that is done."""
    rows = NoteMention.objects.select_for_update(of=("self",)).filter(note_id=note_id, user=user.pk)
    found: NoteMention | None = rows.first()
    if found is None:
        raise NotFound("This note does not mention you.")
    if found.done_at is not None:
        raise DomainError("You have marked this note as done already.", code="NOT_WAITING")
    found.done_at = clock.now()
    found.save(update_fields=["done_at", "updated_at"])
    return found


def _who_may_see(organisation: Organisation, names: list[str]) -> dict[str, Any]:
    """By user name as it is written, and by the same in small letters."""
    wanted = {name.lower() for name in names}
    users = get_user_model().objects.filter(is_active=True, is_staff=True).annotate(lower=Lower("username"))
    named = [each for each in users.filter(lower__in=wanted).order_by("pk") if each.has_perm(SEES, organisation)]
    return {each.get_username().lower(): each for each in named} | {each.get_username(): each for each in named}
