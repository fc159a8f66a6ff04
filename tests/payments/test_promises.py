"""Promises to pay: which are broken or hold at the end of a day, on the dashboard and in the ageing."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing_platform.lib.admin.display import text_of
from invoicing.models import Invoice
from organisations.models import Organisation
from payments.receivables.ageing import Promised, add_promises, ageing
from payments.receivables.promises import with_broken_promise
from payments.services.dunning.pauses import note_promise
from tests import factories
from tests.payments.language import issued_invoice
from tests.payments.test_receivables import FIRST, at, transfer


@pytest.fixture
def promised(acme: Organisation) -> dict[str, Invoice]:
    """Each due on 1 October 2026 and its customer's own; what was promised for them, all on 5 October:

    Acme      ₹1,180 by 12 October, and 590 by 8 October, which was paid on 7 October
    Initech   ₹2,360 by 10 October, and ₹3,540 by 20 October
    Umbrella  ₹11,800, nothing promised: it owes the most
    """
    initech, umbrella = factories.organisation("Initech"), factories.organisation("Umbrella")
    amounts = [(acme, "1000"), (acme, "500"), (initech, "2000"), (initech, "3000"), (umbrella, "10000")]
    with at(FIRST - timedelta(days=acme.payment_terms_days)):
        names = ("acme", "paid", "initech", "later", "umbrella")
        made = dict(zip(names, [issued_invoice(*each) for each in amounts], strict=True))
    days = {"acme": 12, "paid": 8, "initech": 10, "later": 20}
    with at(date(2026, 10, 5)):
        for name, day in days.items():
            note_promise(invoice_id=made[name].pk, last_day=date(2026, 10, day), note="By phone", placed_by="olga")
    with at(date(2026, 10, 7)):
        transfer(made["paid"], "590.00", date(2026, 10, 7))
    return made


def promises_on(day: date, user: Any, **changes: Any) -> list[tuple[str, Any, Any]]:
    found = ageing(actor=user, day=day, **changes)
    add_promises(found.rows, day)
    return [(row.name, row.broken, row.promised) for row in found.rows]


def test_the_oldest_broken_promise_comes_first_then_what_is_late(promised: dict[str, Invoice], admin_user: Any) -> None:
    """Of an invoice that is paid nothing was broken, and a promise holds up to the end of its last day."""
    broken_of_acme = Promised(date(2026, 10, 12), Decimal(1180), 1)
    broken_of_initech = Promised(date(2026, 10, 10), Decimal(2360), 1)
    holds_of_initech = Promised(date(2026, 10, 20), Decimal(3540), 1)
    rows = {
        "Umbrella": ("Umbrella", None, None),
        "Initech": ("Initech", broken_of_initech, holds_of_initech),
        "Acme": ("Acme", broken_of_acme, None),
    }
    with at(date(2026, 10, 13)):
        assert promises_on(date(2026, 10, 13), admin_user) == list(rows.values())
        first = [rows["Initech"], rows["Acme"], rows["Umbrella"]]
        assert promises_on(date(2026, 10, 13), admin_user, order="promises") == first
        waits = with_broken_promise(Invoice.objects.for_organisations(admin_user))
        assert set(waits) == {promised["acme"], promised["initech"]}
    with at(date(2026, 10, 21)):
        both = Promised(date(2026, 10, 10), Decimal(5900), 2)
        assert promises_on(date(2026, 10, 21), admin_user, order="promises")[0] == ("Initech", both, None)


def test_a_past_day_knows_what_was_promised_by_then(promised: dict[str, Invoice], admin_user: Any) -> None:
    with at(date(2026, 10, 15)):
        note_promise(invoice_id=promised["acme"].pk, last_day=date(2026, 10, 30), note="Again", placed_by="olga")
        transfer(promised["initech"], "2360.00", date(2026, 10, 15))
    with at(date(2026, 11, 5)):
        days = [date(2026, 10, day) for day in (4, 6, 12, 14, 16)] + [date(2026, 11, 5)]
        then = {day: {name: rest for name, *rest in promises_on(day, admin_user)} for day in days}
    amount = Decimal(1180)
    assert then[date(2026, 10, 4)]["Acme"] == [None, None]
    assert then[date(2026, 10, 6)]["Acme"] == [None, Promised(date(2026, 10, 8), Decimal(1770), 2)]
    assert then[date(2026, 10, 12)]["Acme"] == [None, Promised(date(2026, 10, 12), amount, 1)]
    assert then[date(2026, 10, 14)]["Acme"] == [Promised(date(2026, 10, 12), amount, 1), None]
    assert then[date(2026, 10, 16)]["Acme"] == [None, Promised(date(2026, 10, 30), amount, 1)]
    assert then[date(2026, 11, 5)]["Acme"] == [Promised(date(2026, 10, 30), amount, 1), None]
    assert then[date(2026, 10, 14)]["Initech"][0] == Promised(date(2026, 10, 10), Decimal(2360), 1)
    assert then[date(2026, 10, 16)]["Initech"][0] is None


def test_the_page_says_which_promises_are_broken(promised: dict[str, Invoice], admin_user: Any) -> None:
    client = Client()
    url = reverse("admin:invoicing_invoice_list_action", args=["ageing"])
    with at(date(2026, 10, 13)):
        client.force_login(admin_user)
        page = client.get(url)
        shown = {row["customer"]: text_of(row["promise"]) for row in page.context["rows"]}
        assert shown == {
            "Umbrella": "–",
            "Initech": "Broken ₹2,360.00 by 10 Oct 2026 ₹3,540.00 by 20 Oct 2026",
            "Acme": "Broken ₹1,180.00 by 12 Oct 2026",
        }
        first = page.context["promises_first"]
        assert f'href="?{first.replace("&", "&amp;")}"' in page.content.decode()
        with CaptureQueriesContext(connection) as asked:
            again = client.get(f"{url}?{first}")
        assert [row["customer"] for row in again.context["rows"]] == ["Initech", "Acme", "Umbrella"]
        assert sum("payments_reminderpause" in each["sql"] for each in asked) == 1
        csv = b"".join(client.get(f"{url}?{first}&format=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert csv[0].endswith(",oldest_due_date,promise_broken,broken_since,promised,promised_by")
    assert csv[1].endswith(",2026-10-01,2360.00,2026-10-10,3540.00,2026-10-20")
    assert csv[3].endswith(",2026-10-01,,,,")
