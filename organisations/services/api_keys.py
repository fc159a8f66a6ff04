"""Issue, rotate and revoke API keys. The key itself is returned once, when it is issued, and is not stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from organisations.models import ApiKey, Project

KEY_FORMAT = re.compile(r"^mbp_(live|test)_([A-Za-z0-9]{8})_([A-Za-z0-9]{32,64})$")
_ALPHABET = string.ascii_letters + string.digits
_PREFIX_LENGTH = 8
_SECRET_LENGTH = 40  # 62^40: about 238 bits


@dataclass(frozen=True)
class IssuedKey:
    """The row, and the key itself (`secret`): show the key once and don't store it."""

    api_key: ApiKey
    secret: str


@transaction.atomic
def issue_project_key(
    *, project: Project, name: str, mode: str | None = None, expires_at: datetime | None = None
) -> IssuedKey:
    """Issue a key with which an application reports the usage of one project; the key has the project's mode.

    Raises InvalidInput if `mode` is given and is not the project's, if the name is empty, or if `expires_at` is past.
    """
    project = Project.objects.select_for_update(of=("self",)).get(
        pk=project.pk
    )  # the lock keeps the project's mode from changing meanwhile
    if mode not in (None, project.mode):
        raise InvalidInput.field(
            "mode",
            f"This is a {project.mode} project: leave the mode out, or issue the key for a {mode} project.",
        )
    return _issue(kind=ApiKey.Kind.PROJECT, project=project, name=name, mode=project.mode, expires_at=expires_at)


def issue_admin_key(
    *, owner: Any, name: str, scope: str, mode: str = ApiKey.Mode.LIVE, expires_at: datetime | None = None
) -> IssuedKey:
    """Issue a key that reaches its owner's organisations with its owner's permissions, limited by `scope`.

    Raises InvalidInput if the name is empty or `expires_at` is past.
    """
    return _issue(kind=ApiKey.Kind.ADMIN, owner=owner, name=name, scope=scope, mode=mode, expires_at=expires_at)


@transaction.atomic
def rotate_key(*, api_key_id: UUID, grace: timedelta = timedelta(0)) -> IssuedKey:
    """Issue a successor. The old key works until the grace period is over; without one it ends at once.

    Raises DomainError KEY_NOT_USABLE for a key that is revoked, expired or rotated already.
    """
    old = ApiKey.objects.select_for_update().get(pk=api_key_id)
    now = clock.now()
    if not old.is_usable(now) or old.replaced_by_id is not None:
        raise DomainError("This key is revoked, expired or rotated already; issue a new one.", code="KEY_NOT_USABLE")
    issued = _issue(
        kind=old.kind,
        name=old.name,
        mode=old.mode,
        project=old.project,
        owner=old.owner,
        scope=old.scope,
        expires_at=old.expires_at,
    )
    old.replaced_by = issued.api_key
    if grace > timedelta(0):
        old.expires_at = min(filter(None, (old.expires_at, now + grace)))
    else:
        old.revoked_at = now
    old.save(update_fields=["replaced_by", "expires_at", "revoked_at", "updated_at"])
    return issued


def may_manage(*, user: Any, api_key: ApiKey) -> bool:
    """Whether a user who may issue keys may also rotate or revoke this one.

    For a project key: yes. For an admin key: only its owner, and users who may change the owner's account. Otherwise
    an operator could take over an administrator's key, or switch the key off.
    """
    owner = api_key.owner
    if owner is None or owner == user:
        return True
    return not owner.is_superuser and bool(user.has_perm("auth.change_user", owner))


@transaction.atomic
def revoke_key(*, api_key_id: UUID) -> ApiKey:
    """Refuse a key from now on (within ten seconds on every process). Revoking twice changes nothing."""
    api_key: ApiKey = ApiKey.objects.select_for_update().get(pk=api_key_id)
    if api_key.revoked_at is None:
        api_key.revoked_at = clock.now()
        api_key.save(update_fields=["revoked_at", "updated_at"])
    return api_key


def hash_key(secret: str) -> str:
    """SHA-256 of a key, in hex. A fast hash is safe here: the key has 238 random bits, unlike a password."""
    return hashlib.sha256(secret.encode()).hexdigest()


def matches(api_key: ApiKey, secret: str) -> bool:
    """Whether a key is the one of a row, compared in constant time."""
    return hmac.compare_digest(api_key.key_hash, hash_key(secret))


def _issue(*, expires_at: datetime | None, mode: str, name: str, **fields: Any) -> IssuedKey:
    if expires_at is not None and expires_at <= clock.now():
        raise InvalidInput.field("expires_at", "The time of expiry must be in the future.")
    if not name.strip():
        raise InvalidInput.field("name", "Give the key a name.")
    prefix = _random(_PREFIX_LENGTH)
    secret = f"mbp_{mode}_{prefix}_{_random(_SECRET_LENGTH)}"
    api_key = ApiKey.objects.create(
        name=name.strip(), mode=mode, prefix=prefix, key_hash=hash_key(secret), expires_at=expires_at, **fields
    )
    return IssuedKey(api_key, secret)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
