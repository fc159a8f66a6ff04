"""Idempotency-Key: the first successful answer is stored for 24 hours and returned again; a retry changes nothing.

The record and the work are one transaction: after a crash or a refusal there is neither, and of two simultaneous
requests with the same key, the second waits at the unique constraint for the first. Work that calls the payment
gateway can't be done in a transaction: there the record is a claim, stored before the work. A claim older than any
request can last is taken over; this is safe, because those services look up what exists before they create it.

An API key that is shown once is not stored: the second answer has its field with the value null.

The record stores the organisations that the request was about. Each time the answer is returned again, the caller's
permission for them is checked again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from typing import Protocol

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.models import ApiKey, IdempotencyRecord

STORED_FOR = timedelta(hours=24)
STALE_AFTER = timedelta(minutes=2)
"""Longer than any request takes, time-outs of the gateway included."""
_MAX_LENGTH = 255


class Reach(Protocol):
    """The organisations that a request is about, and whether the caller may still act on them."""

    owners: set[str | None]
    """Ids of the organisations whose objects the work has read; None for a shared object."""

    def check_again(self, owners: Iterable[str | None]) -> None:
        """Raises NotFound or PermissionDenied unless the caller may still do this for all these organisations."""


def run_once(
    request: Request,
    work: Callable[[], Response],
    *,
    reach: Reach,
    calls_out: bool,
    secret_fields: Collection[str] = (),
) -> Response:
    """Do the work of a request that changes something, or return its stored answer, without the answer's secrets.

    Raises DomainError IDEMPOTENCY_KEY_REUSED (409) if the key was used for another request, and
    IDEMPOTENCY_IN_PROGRESS (409) while the first request still runs. Raises what `reach.check_again` raises if the
    caller may not see the stored answer any more.
    """
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        return work()
    if len(key) > _MAX_LENGTH:
        raise InvalidInput.field("Idempotency-Key", f"The key must have at most {_MAX_LENGTH} characters.")
    if not calls_out:
        with transaction.atomic():
            record = _claim(request, key)
            return _replayed(record, reach) or _remember(record, work(), reach, secret_fields)
    record = _claim(request, key)
    if replayed := _replayed(record, reach):
        return replayed
    try:
        response = work()
    except Exception:  # nothing was done: the key may be sent again
        record.delete()
        raise
    return _remember(record, response, reach, secret_fields)


def forget_expired() -> int:
    """Delete answers older than 24 hours, because they hold customers' data. Returns how many were deleted."""
    forgotten, _by_model = IdempotencyRecord.objects.filter(expires_at__lte=clock.now()).delete()
    return forgotten


def _replayed(record: IdempotencyRecord, reach: Reach) -> Response | None:
    if record.status_code is None:
        return None
    reach.check_again(record.owners)
    return Response(record.body, status=record.status_code, headers={"Idempotent-Replayed": "true"})


def _remember(record: IdempotencyRecord, response: Response, reach: Reach, secret_fields: Collection[str]) -> Response:
    body = json.loads(json.dumps(response.data, cls=JSONEncoder))
    record.status_code = response.status_code
    record.body = body | dict.fromkeys(secret_fields) if secret_fields else body
    record.owners = sorted(reach.owners, key=str)
    record.save(update_fields=["status_code", "body", "owners", "updated_at"])
    return response


def _fingerprint(request: Request) -> str:
    content = json.dumps(request.data, sort_keys=True, default=_spelled)
    return hashlib.sha256(f"{request.method} {request.path_info}\n{content}".encode()).hexdigest()


def _spelled(value: object) -> str:
    """A file by what it holds: another one of the same name makes another request."""
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return digest.hexdigest()


@transaction.atomic
def _claim(request: Request, key: str) -> IdempotencyRecord:
    api_key: ApiKey = request.auth  # type: ignore[assignment]  # our own authentication
    fingerprint = _fingerprint(request)
    now = clock.now()
    mine = IdempotencyRecord.objects.filter(api_key=api_key, key=key)
    mine.filter(expires_at__lte=now).delete()
    record, created = mine.select_for_update().get_or_create(
        api_key=api_key, key=key, defaults={"fingerprint": fingerprint, "expires_at": now + STORED_FOR}
    )
    if created:
        return record
    if record.fingerprint != fingerprint:
        raise DomainError("This Idempotency-Key was used for another request.", code="IDEMPOTENCY_KEY_REUSED")
    if record.status_code is None:
        if now - record.updated_at < STALE_AFTER:
            raise DomainError(
                "The first request with this Idempotency-Key still runs; try again shortly.",
                code="IDEMPOTENCY_IN_PROGRESS",
            )
        record.save(update_fields=["updated_at"])
    return record
