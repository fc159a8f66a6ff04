"""Make, change and remove endpoints, and change their secrets. A secret is returned once, when it is made."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import time_text
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.sealing import seal
from billing_platform.lib.validators import require
from organisations.audit import note
from organisations.models import Organisation, WebhookEndpoint
from organisations.webhooks.event_types import validate_event_types

MOST_OF_ONE_ORGANISATION = 20
LONGEST_OVERLAP = timedelta(days=7)
MOST_SECRETS = 3
"""That sign at a time."""
_SECRET_BYTES = 32
_CHANGEABLE = frozenset({"url", "description", "event_types", "payload", "version"})


@dataclass(frozen=True)
class MadeSecret:
    """The endpoint, and its secret itself (`whsec_…`): show it once and don't store it."""

    endpoint: WebhookEndpoint
    secret: str


@transaction.atomic
def create_endpoint(*, organisation: Organisation | None, url: str, **values: Any) -> MadeSecret:
    """An endpoint of a customer, or the seller's own (None), which hears of every customer.

    `values` may be `description`, `event_types` (empty: all), `payload` ("full" or "thin") and `version`. Raises
    InvalidInput for more than 20 of one owner, or for a bad type; ValidationError for what the model refuses.
    """
    if WebhookEndpoint.objects.filter(organisation=organisation).count() >= MOST_OF_ONE_ORGANISATION:
        raise InvalidInput.field("url", f"There are {MOST_OF_ONE_ORGANISATION} endpoints already: remove one first.")
    secret = _new_secret()
    endpoint = WebhookEndpoint(organisation=organisation, url=url, secret=seal(secret), **values)
    _check(endpoint)
    endpoint.save()
    return MadeSecret(endpoint, secret)


@transaction.atomic
def update_endpoint(*, endpoint_id: UUID, changes: dict[str, Any]) -> WebhookEndpoint:
    """Change the columns that may change. What waits goes to the new URL. Raises as `create_endpoint`."""
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.locked().get(pk=endpoint_id)
    changed = {name: value for name, value in changes.items() if name in _CHANGEABLE}
    for name, value in changed.items():
        setattr(endpoint, name, value)
    _check(endpoint)
    endpoint.save(update_fields=[*changed, "updated_at"])
    return endpoint


@transaction.atomic
def rotate_secret(*, endpoint_id: UUID, overlap: timedelta = timedelta(days=1)) -> MadeSecret:
    """A new secret. Until `overlap` is over, at most seven days, messages are signed with the present one too; one from
    before stays in use until its own end.

    Raises InvalidInput for a longer overlap, DomainError TOO_MANY_SECRETS where three are in use and none of them ends.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise InvalidInput.field("overlap_seconds", "Both secrets are used for at most seven days.")
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.locked().get(pk=endpoint_id)
    secret = _new_secret()
    present = [(endpoint.secret, clock.now() + overlap)] if overlap > timedelta(0) else []
    before = [*present, *endpoint.overlapping]
    if len(before) >= MOST_SECRETS:
        until = time_text(min(until for _secret, until in endpoint.overlapping), timezone.get_current_timezone())
        raise DomainError(
            f"Three secrets are in use, the oldest until {until}: wait until then, or let the present one end at once.",
            code="TOO_MANY_SECRETS",
        )
    slots: list[tuple[str, datetime | None]] = [*before, ("", None), ("", None)]
    endpoint.previous_secret, endpoint.previous_until = slots[0]
    endpoint.older_secret, endpoint.older_until = slots[1]
    endpoint.secret = seal(secret)
    columns = ["secret", "previous_secret", "previous_until", "older_secret", "older_until", "updated_at"]
    endpoint.save(update_fields=columns)
    note(endpoint, reason="The secret was changed.")
    return MadeSecret(endpoint, secret)


@transaction.atomic
def remove_endpoint(*, endpoint_id: UUID) -> None:
    """Delete an endpoint and the log of its deliveries."""
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.locked().get(pk=endpoint_id)
    endpoint.deliveries.all().delete()  # may take long: messages to it are written meanwhile, and nobody waits
    WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id).delete()  # with those


def _check(endpoint: WebhookEndpoint) -> None:
    require("event_types", endpoint.event_types, validate_event_types)
    endpoint.full_clean()


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
