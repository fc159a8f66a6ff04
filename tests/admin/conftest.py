"""People at the admin, signed in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client

from organisations.models import Membership, Organisation
from tests import factories


def signed_in(person: Any, **options: Any) -> Client:
    client = Client(**options)
    client.force_login(person)
    return client


@pytest.fixture
def as_operator(operator: Any) -> Client:
    """Operator of Acme."""
    return signed_in(operator)


@pytest.fixture
def as_viewer(viewer: Any) -> Client:
    """Viewer of Acme."""
    return signed_in(viewer)


@pytest.fixture
def as_admin(admin_user: Any) -> Client:
    """Admin of every organisation."""
    return signed_in(admin_user)


@pytest.fixture
def acme_admin(acme: Organisation) -> Any:
    """Admin of Acme, and of nothing else."""
    return factories.member("acme-admin", acme, Membership.Role.ADMIN)


@pytest.fixture
def as_acme_admin(acme_admin: Any) -> Client:
    return signed_in(acme_admin)
