"""The daily digest: what waits for one operator, of the customers that this person may see, once a day."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from billing_platform.backoffice.digest import send_digest
from billing_platform.backoffice.tasks import send_digests
from billing_platform.lib import clock
from organisations.models import BillingEntity, Membership, Notification, Organisation
from organisations.services.digest_choices import digest_readers
from tests import factories
from tests.admin.conftest import signed_in

pytestmark = pytest.mark.django_db


def failed_email(of: Organisation) -> None:
    Notification.objects.create(
        organisation=of, kind="reminder", dedupe_key=f"lost:{of.pk}", recipients=["a@b.example"],
        subject="Lost", text="Hello", status=Notification.Status.FAILED, next_attempt_at=None,
    )  # fmt: skip


@pytest.fixture
def olga(acme: Organisation) -> Any:
    return factories.member("olga", acme, Membership.Role.OPERATOR)


def test_it_tells_once_a_day_of_ones_own_customers(olga: Any, acme: Organisation) -> None:
    assert send_digest(user_id=olga.pk) is None  # nothing waits
    failed_email(factories.organisation("Initech"))
    failed_email(acme)
    first, again = (send_digest(user_id=olga.pk) for _ in range(2))
    assert first is not None
    assert first == again
    assert first.recipients == ["olga@metrics.example"]
    assert "1 e-mail failed" in first.text
    assert "Payments failed: 0" in first.text


def test_both_runs_of_a_morning_send_one_though_midnight_is_between_them(olga: Any, acme: Organisation) -> None:
    failed_email(acme)
    BillingEntity.objects.update(time_zone="America/New_York")
    sent = []
    for hour in (3, 4):
        with clock.standing_at(datetime(2027, 7, 1, hour, 30, tzinfo=UTC)):
            sent.append(send_digest(user_id=olga.pk))
    assert sent[0] == sent[1]


def test_who_does_not_want_it_gets_none_and_who_wants_it_daily_gets_it_daily(olga: Any, acme: Organisation) -> None:
    client = signed_in(olga)
    failed_email(acme)
    client.post(reverse("admin:digest"), {})
    assert not digest_readers().filter(pk=olga.pk).exists()
    assert send_digest(user_id=olga.pk) is None
    Notification.objects.all().delete()
    client.post(reverse("admin:digest"), {"is_on": "on", "when_nothing_waits": "on"})
    assert "each morning to olga@metrics.example" in client.get(reverse("admin:digest")).content.decode()
    send_digests()
    mail = send_digest(user_id=olga.pk)
    assert mail is not None
    assert "Nothing waits for you" in mail.text
