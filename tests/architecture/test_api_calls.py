"""The calls of docs/api.md: one for each operation, and each is understood by the operation that it is for."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from organisations.models import Membership
from tests import factories
from tests.architecture.code import ROOT
from tests.architecture.routes import routes
from tests.architecture.tenants import run_of_both, simulate_a_price, tenant
from tests.architecture.test_tenancy import PARAMETERS, SIGNED_BY_THE_GATEWAY

SECTION = "\n## A call for each operation\n"
SPELLED_OUT = {"/api/v1/admin/exchange-rates/USD/INR": "/api/v1/admin/exchange-rates/{base}/{target}"}
NOT_SENT = {
    "/api/v1/admin/usage-imports": "needs a file: tests/events/test_imports.py",
    "/api/v1/payments/verify": "needs what Razorpay's checkout signed: tests/payments/test_api.py",
    "/api/v1/admin/invoices/{invoice_id}/e-invoice": "needs what the portal signed: tests/returns",
    "/api/v1/admin/credit-notes/{note_id}/e-invoice": "needs what the portal signed: tests/returns",
    "/api/v1/admin/returns/gstr1": "needs the seller of this GSTIN: tests/returns",
}
UNDERSTOOD = {200, 201, 202, 204, 409}
"""409: what was sent is right, and the example's object is in another state."""


@dataclass(frozen=True)
class Call:
    method: str
    address: str
    body: str | None
    by_project: bool

    @property
    def template(self) -> str:
        path = self.address.partition("?")[0]
        return SPELLED_OUT.get(path, path)


def calls() -> list[Call]:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition(SECTION)[2].partition("\n## ")[0]
    return [_read(found) for found in re.findall(r"(?m)^    (curl .*(?:\n {6,}.*)*)", text)]


def _read(text: str) -> Call:
    words = shlex.split(text.replace("\\\n", " "))[1:]
    options: dict[str, str] = {}
    plain = []
    by_project = False
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            options[word] = words.pop(0)
            by_project |= options[word] == "$AS_PROJECT"
        else:
            plain.append(word)
    (address,) = plain
    sends = "-d" in options or "-F" in options
    method = options.get("-X", "POST" if sends else "GET")
    return Call(method, address.removeprefix("$BASE"), options.get("-d"), by_project)


def test_there_is_a_call_for_each_operation_and_no_other() -> None:
    routed = {
        (method, route.template)
        for route in routes()
        for method in route.methods
        if route.template not in SIGNED_BY_THE_GATEWAY
    }
    assert {(call.method, call.template) for call in calls()} == routed


def test_each_call_is_understood(db: None, settings: Any) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, "100000/m")
    owner = tenant("Acmeqq")
    simulate_a_price(owner)
    run_of_both(owner, tenant("Zzyzxqq"))
    ids = {name: str(of(owner)) for name, of in PARAMETERS.items()}
    everybody = factories.admin_key(factories.member("serves-all", None, Membership.Role.ADMIN))
    admin, project = factories.client(everybody), factories.client(owner.project_key)
    refused = []
    for call in calls():
        if call.template in NOT_SENT:
            continue
        client = project if call.by_project else admin
        sent = {"data": _filled(call.body, ids), "content_type": "application/json"} if call.body else {}
        with transaction.atomic():
            answer = getattr(client, call.method.lower())(_filled(call.address, ids), **sent)
            transaction.set_rollback(True)
        if answer.status_code not in UNDERSTOOD:
            refused.append((call.method, call.template, answer.content))
    assert not refused


def _filled(text: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+_id)\}", lambda found: ids[found[1]], text)


def test_each_body_is_json() -> None:
    assert all(isinstance(json.loads(call.body), dict) for call in calls() if call.body)
