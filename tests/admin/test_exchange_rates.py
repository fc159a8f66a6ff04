"""Exchange rates in the admin: a file with a dry run, and the feeds."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import Client
from django.urls import reverse

from invoicing.models import ExchangeRate, RateFeed
from organisations.models import Membership
from tests import factories
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import act, action_url

pytestmark = pytest.mark.django_db

IMPORT = "/admin/invoicing/exchangerate/import/"
HEADER = "base,target,rate,date,source\n"


@pytest.fixture
def as_clerk(db: None) -> Client:
    """Operator of every customer."""
    return signed_in(factories.member("clerk", None, Membership.Role.OPERATOR))


def upload(client: Client, rows: str) -> Any:
    return client.post(IMPORT, {"file": SimpleUploadedFile("rates.csv", (HEADER + rows).encode())})


def confirm(client: Client, checked: Any) -> Any:
    return client.post(IMPORT, {"token": str(checked.context["form"]["token"].value())}, follow=True)


def test_a_list_is_checked_first_and_imported_once(as_clerk: Client) -> None:
    checked = upload(as_clerk, "usd,INR,84.0721,2026-10-30,FBIL\nJPY,INR,0.5519,2026-10-30,FBIL\n")
    assert checked.context["report"].sentence == "2 added"
    assert not ExchangeRate.objects.exists()
    assert "The list is imported: 2 added." in confirm(as_clerk, checked).content.decode()
    assert str(ExchangeRate.objects.get(base="USD")) == "1 USD = 84.0721 INR on 30 Oct 2026"
    assert "choose the file again" in confirm(as_clerk, checked).content.decode()
    again = upload(as_clerk, "USD,INR,84.0721,2026-10-30,another source\n")
    assert again.context["report"].sentence == "1 unchanged"


def test_each_wrong_row_is_named_and_nothing_is_imported(as_clerk: Client) -> None:
    confirm(as_clerk, upload(as_clerk, "USD,INR,84.0721,2026-10-30,FBIL\n"))
    rows = (
        "USD,INR,83,2026-10-30,FBIL\n"  # another rate of the same day
        "XAU,INR,1,2026-10-30,FBIL\nUSD,USD,1,2026-10-30,FBIL\nUSD,INR,0,2026-10-29,FBIL\n"
        "USD,INR,84,30.10.2026,FBIL\nUSD,INR,84,2026-10-28,\nEUR,INR,91,2026-10-30,FBIL\n"
    )
    report = upload(as_clerk, rows).context["report"]
    assert report.is_refused
    assert {row.line: row.problems[0].partition(":")[0] for row in report.rows if row.problems} == {
        2: "rate",
        3: "base",
        4: "target",
        5: "rate",
        6: "date",
        7: "source",
    }
    assert ExchangeRate.objects.count() == 1


def test_rates_are_every_customers_so_only_who_serves_them_all_imports(as_operator: Client, as_viewer: Client) -> None:
    assert [client.get(IMPORT).status_code for client in (as_operator, as_viewer)] == [403, 403]


def test_rates_are_asked_for_by_hand_and_a_feed_is_switched(as_admin: Client, as_clerk: Client) -> None:
    sync = reverse("admin:invoicing_exchangerate_list_action", args=["sync"])
    shown = as_clerk.get(sync)
    assert "newest rate" in shown.content.decode() or "no rates yet" in shown.content.decode()
    as_clerk.post(sync, {"once": str(shown.context["form"]["once"].value())})
    assert RateFeed.objects.get(name="fbil").next_attempt_at is not None
    ecb = RateFeed.objects.get(name="ecb")
    page = reverse("admin:invoicing_ratefeed_change", args=[ecb.pk])
    assert as_clerk.get(page).status_code == 200
    as_admin.post(page, {"is_enabled": "on"})
    assert RateFeed.objects.get(name="ecb").is_enabled
    act(as_clerk, action_url(ecb, "fetch_now"))
    assert RateFeed.objects.get(name="ecb").next_attempt_at is not None
