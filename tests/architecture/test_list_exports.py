"""Every list of the admin exports what it shows: a name for each column, and a line for each row."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import RequestFactory
from django.test.client import Client
from django.urls import reverse

from billing_platform.lib.admin.columns import names_of
from billing_platform.lib.admin.listing import CHECKBOX
from organisations.models import Membership
from tests import factories
from tests.architecture.tenants import run_of_both, tenant


def exported(client: Client, model: Any) -> list[list[str]]:
    meta = model._meta
    answer = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_list_export"))
    assert answer.status_code == 200, meta.label
    assert answer["Content-Type"].startswith("text/csv"), meta.label
    return list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))


@pytest.mark.django_db
def test_every_list_exports_its_columns_and_its_rows() -> None:
    run_of_both(tenant("Acmeqq"), tenant("Zyzxqq"))
    request = RequestFactory().get("/")
    request.user = get_user_model().objects.create_superuser("root", password="a-good-password")
    client, filled = Client(), 0
    client.force_login(request.user)

    for model, page in admin.site._registry.items():
        shown = page.get_changelist_instance(request)  # type: ignore[attr-defined]  # of our base: another test says so
        columns = [name for name in names_of(shown.list_display) if name != CHECKBOX]
        head, *lines = exported(client, model)

        added = head[len(columns) :]
        assert added in ([], ["Currency"]), (model, head)
        assert all(head), (model, head)
        assert len(lines) == shown.queryset.count(), model
        assert {len(line) for line in lines} <= {len(head)}, model
        filled += bool(lines)
    assert filled > 40


@pytest.mark.django_db
def test_a_viewer_exports_what_it_may_look_at_and_nothing_else() -> None:
    client, answers = Client(), set()
    client.force_login(factories.member("somebody", factories.organisation("Acme"), Membership.Role.VIEWER))

    for model in admin.site._registry:
        meta = model._meta
        looks = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")).status_code
        exports = client.get(reverse(f"admin:{meta.app_label}_{meta.model_name}_list_export")).status_code
        assert exports == looks, meta.label
        answers.add(exports)
    assert answers == {200, 403}
