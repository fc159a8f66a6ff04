"""Asks the API of invoicing, in the tests."""

from __future__ import annotations

import json
from typing import Any

from django.test.client import Client

from organisations.models import ApiKey, Organisation
from tests import factories

ADMIN = "/api/v1/admin"


def post(client: Client, path: str, body: Any = None) -> Any:
    text = body if isinstance(body, str) else json.dumps({} if body is None else body)
    return client.post(f"{ADMIN}{path}", text, content_type="application/json")


def get(client: Client, path: str) -> Any:
    return client.get(f"{ADMIN}{path}")


def key_of(organisation: Organisation | None, role: str, scope: str = ApiKey.Scope.ADMIN) -> Client:
    owner = factories.member(f"{role}-{scope}-{organisation and organisation.slug}", organisation, role)
    return factories.client(factories.admin_key(owner, scope))
