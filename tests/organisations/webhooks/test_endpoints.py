"""Endpoints by the API and in the admin: their secrets are shown once, and their URLs are public."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.test.client import Client
from django.urls import reverse
from standardwebhooks import Webhook, WebhookVerificationError

from billing_platform.lib import clock
from billing_platform.lib.errors import InvalidInput
from organisations.models import Organisation, WebhookDelivery, WebhookEndpoint
from organisations.webhooks import endpoints
from organisations.webhooks.signing import signatures
from tests.architecture.code import ROOT

LIST = "/api/v1/admin/webhook-endpoints"
HOOK = "https://hooks.example.com/in"


def post(api: Client, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    return api.post(path, body or {}, content_type="application/json", headers=headers)


def test_the_life_of_an_endpoint(api: Client, acme: Organisation) -> None:
    body = {"organisation": str(acme.pk), "url": HOOK, "event_types": ["invoice.paid"], "payload": "thin"}
    made = post(api, LIST, body, **{"Idempotency-Key": "once"})
    assert made.status_code == 201, made.content
    endpoint = made.json()
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", endpoint["secret"])
    replayed = post(api, LIST, body, **{"Idempotency-Key": "once"})
    assert (replayed.json()["id"], replayed.json()["secret"]) == (endpoint["id"], None)
    again = post(api, LIST, body)
    assert (again.status_code, *again.json()["details"]) == (400, "url")

    one = f"{LIST}/{endpoint['id']}"
    assert api.get(one).json()["secret"] is None
    assert api.get(LIST, {"organisation": str(acme.pk)}).json()["count"] == 1
    assert post(api, f"{one}/test").json()["type"] == "endpoint.test"
    rotated = post(api, f"{one}/rotate-secret", {"overlap_seconds": 3600}).json()
    assert rotated["secret"] not in (None, endpoint["secret"])
    assert rotated["previous_until"]

    listed = api.get(f"{one}/deliveries", {"type": "endpoint.test"}).json()["results"]
    assert [(each["status"], each["tries"]) for each in listed] == [("pending", [])]
    waits = post(api, f"{LIST}/deliveries/{listed[0]['id']}/replay")
    assert (waits.status_code, waits.json()["code"]) == (409, "DELIVERY_ON_ITS_WAY")
    since = clock.now().replace(hour=0, minute=0).isoformat()
    assert post(api, f"{one}/replay", {"since": since}).json() == {"replayed": 0, "next_since": None}

    changed = api.patch(one, {"status": "disabled", "description": "ERP"}, content_type="application/json").json()
    assert (changed["status"], changed["description"]) == ("disabled", "ERP")
    assert post(api, f"{one}/test").json()["code"] == "ENDPOINT_DISABLED"
    assert api.patch(one, {"status": "active"}, content_type="application/json").json()["disabled_at"] is None
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"event_types": ["invoice.sung"]}, "event_types"),
        ({"payload": "most"}, "payload"),
        ({"status": "disabled"}, "status"),
    ],
)
def test_what_an_endpoint_can_not_be(api: Client, values: dict[str, Any], field: str) -> None:
    refused = post(api, LIST, {"organisation": None, "url": HOOK, **values})
    assert (refused.status_code, *refused.json()["details"]) == (400, field)


def test_only_who_serves_everybody_makes_and_sees_the_sellers_own(operator: Any, acme: Organisation) -> None:
    endpoint = endpoints.create_endpoint(organisation=None, url=HOOK).endpoint
    assert not WebhookEndpoint.objects.for_organisations(operator).exists()
    with pytest.raises(InvalidInput, match="Name each"):
        endpoints.update_endpoint(endpoint_id=endpoint.pk, changes={"event_types": ["invoice.paid", "invoice.paid"]})


def test_the_admin_shows_a_secret_once_and_sends_a_test(client: Client, admin_user: Any, acme: Organisation) -> None:
    client.force_login(admin_user)
    add = reverse("admin:organisations_webhookendpoint_add")
    typed = {
        "organisation": str(acme.pk),
        "url": HOOK,
        "description": "",
        "payload": "full",
        "version": "2026-11",
        "event_types": ["invoice.paid", "invoice.voided"],
    }
    shown = client.post(add, typed).content.decode()
    (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/]{43}=", shown))
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.event_types == ["invoice.paid", "invoice.voided"]
    page = reverse("admin:organisations_webhookendpoint_change", args=[endpoint.pk])
    assert secret not in client.get(page).content.decode()
    client.get(page)
    test = reverse("admin:organisations_webhookendpoint_action", args=[endpoint.pk, "send_test"])
    form = client.get(test).context["form"]
    client.post(test, {"post": "yes", "once": str(form.initial.get("once") or form["once"].value())})
    delivery = WebhookDelivery.objects.get()
    body = client.get(reverse("admin:organisations_webhookdelivery_change", args=[delivery.pk])).content.decode()
    assert "endpoint.test" in body
    remove = reverse("admin:organisations_webhookendpoint_action", args=[endpoint.pk, "remove"])
    once = client.get(remove).context["form"]["once"].value()
    assert client.post(remove, {"post": "yes", "once": str(once)}).status_code == 302
    assert not WebhookEndpoint.objects.exists()


def test_the_snippets_of_the_document_verify_what_we_sign(tmp_path: Path) -> None:
    document = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    python, node = (re.search(rf"```{name}\n(.*?)```", document, re.S)[1] for name in ("python", "js"))  # type: ignore[index]
    old, new = (
        "whsec_bWV0cmljcy1iaWxsaW5nLWdvbGRlbi1rZXktMDAwMDE=",
        "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    )
    now, body = clock.now(), '{"type":"invoice.paid","data":{"total":"1180.00 ₹"}}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signatures([new, old], message_id="msg_1", at=now, body=body.encode()),
    }
    known: dict[str, Any] = {}
    exec(python, known)
    for secret in (old, new):
        assert known["read_message"](secret, body.encode(), headers)["type"] == "invoice.paid"
    with pytest.raises(WebhookVerificationError):
        known["read_message"](old, body.encode() + b" ", headers)
    script = tmp_path / "verify.js"
    tried = [(old, body, True), (new, body, True), (old, body + " ", False)]
    calls = ",".join(
        f"isOurs({json.dumps(secret)},{json.dumps(text)},{json.dumps(headers)})" for secret, text, _ in tried
    )
    script.write_text(f"{node}\nconsole.log(JSON.stringify([{calls}]))", encoding="utf-8")
    try:
        said = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("there is no Node here")
    assert json.loads(said.stdout) == [fits for *_, fits in tried]
    assert Webhook(old).verify(body, headers)
