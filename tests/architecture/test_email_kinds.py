"""Every e-mail has a kind, which says what it tells whom, and every kind has its template."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from organisations.models import Notification, Purpose
from organisations.notifications.kinds import KINDS, Audience, Kind
from organisations.notifications.outbox import queue_email

EMAILS = Path(settings.BASE_DIR) / "templates" / "emails"


def test_every_template_belongs_to_a_kind_and_every_kind_has_its_own() -> None:
    wanted = {f"{kind.template}.html" for kind in KINDS}
    assert {str(path.relative_to(EMAILS)) for path in EMAILS.glob("*/*")} == wanted


def test_each_name_and_each_label_is_given_once() -> None:
    names, labels = Counter(kind.name for kind in KINDS), Counter(kind.label for kind in KINDS)
    assert [text for text, count in (names + labels).items() if count > 1] == []
    longest = Notification._meta.get_field("kind").max_length
    assert all(len(name) <= longest for name in names)


@pytest.mark.parametrize("name", ["invoice_issued", "credit_note_issued", "invoice_cancelled", "debit_notice"])
def test_what_the_law_demands_can_not_be_switched_off(name: str) -> None:
    assert [kind.may_be_switched_off for kind in KINDS if kind.name == name] == [False]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"may_be_switched_off": True, "why": "It may not."},
        {"may_be_switched_off": True, "audience": Audience.SELLER},
    ],
)
def test_a_kind_says_why_it_can_not_be_switched_off(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="x: "):
        Kind("x", "X", "test/x", Purpose.BILLING, **fields)  # type: ignore[arg-type]


def test_the_outbox_refuses_an_unknown_kind() -> None:
    with pytest.raises(LookupError, match="no kind of e-mail"):
        queue_email(organisation=None, kind="gossip", dedupe_key="gossip:1", recipients=["a@b.example"], context={})
