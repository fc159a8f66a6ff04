"""Confirmation pages show what an action will change before the action runs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from django.contrib import admin
from django.test.client import Client

from invoicing.models import Invoice
from invoicing.services import drafting, issuing
from organisations.models import Organisation
from tests.admin.test_object_actions import action_url, token


def facts_of(page: Any) -> dict[str, str]:
    """The table of facts, as text by name."""
    rows = re.findall(r'<tr><th>(.*?)</th><td class="[a-z]*">(.*?)</td></tr>', page.content.decode(), re.DOTALL)
    return {name: re.sub(r"<[^>]+>", " ", value).strip() for name, value in rows}


@pytest.fixture
def draft(acme: Organisation) -> Invoice:
    return drafting.create_one_off_draft(
        organisation=acme, lines=[{"description": "Set-up", "quantity": "1", "unit_price": "1000"}]
    )


@pytest.fixture
def obstructed(monkeypatch: pytest.MonkeyPatch) -> str:
    """Something stands in the way of sending any invoice."""
    page: Any = admin.site._registry[Invoice]
    sentence = "The post office is closed."
    send = replace(page.admin_actions["send"], obstacles=lambda _request, _invoice: [sentence])
    monkeypatch.setitem(vars(page), "admin_actions", {**page.admin_actions, "send": send})
    return sentence


def test_the_page_shows_whom_and_how_much_before_it_acts(draft: Invoice, as_operator: Client) -> None:
    facts = facts_of(as_operator.get(action_url(draft, "finalize")))
    # 1,000.00 and CGST and SGST of 9 % each, 90.00
    assert (facts["Customer"], facts["Lines"], facts["Total"]) == ("Acme", "1", "₹1,180.00")


def test_while_something_stands_in_the_way_the_page_says_so_and_a_post_does_nothing(
    draft: Invoice, as_operator: Client, obstructed: str
) -> None:
    issuing.finalize_invoice(invoice_id=draft.pk)
    url = action_url(draft, "send")
    asked = as_operator.get(url).content.decode()
    assert obstructed in asked
    assert 'name="once"' not in asked
    assert 'type="submit"' not in asked.partition('id="action-form"')[2].partition("</form>")[0]
    posted = as_operator.post(url, {"once": token(as_operator, action_url(draft, "record_payment"))})
    assert obstructed in posted.content.decode()
    draft.refresh_from_db()
    assert draft.sent_at is None
