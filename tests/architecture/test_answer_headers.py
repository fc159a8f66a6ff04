"""Every answer forbids caches to store it, and browsers to load anything from other hosts."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.client import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["/api/v1/admin/organisations", "/api/v1/usage", "/api/schema", "/admin/", "/health", "/nothing"]
)
def test_answers_forbid_caches_to_store_them(api: Client, path: str) -> None:
    assert "no-store" in api.get(path)["Cache-Control"]


@pytest.mark.parametrize("path", ["/admin/login/", "/admin/", "/api/docs", "/nothing"])
def test_pages_load_nothing_from_other_hosts(admin_user: Any, path: str) -> None:
    client = Client(headers={"Accept": "text/html"})
    if path == "/admin/":
        client.force_login(admin_user)
    policy = client.get(path)["Content-Security-Policy"]
    sources = [source for directive in policy.split("; ") for source in directive.split()[1:]]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not [source for source in sources if source == "*" or "//" in source]
