"""The demo data of a local run: when it is made, its facts file, and how the terminal shows it."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg

from billing_platform.local.errors import LocalError
from billing_platform.local.keys import write_private
from billing_platform.local.process_table import Addresses

_TO_ATTEMPT, _PAST = "invoice_to_attempt", "past_at_razorpay"
_ENDPOINT, _POINTS_AT = "receiver_endpoint", "receiver_url"
_BEFORE = timedelta(days=80)  # messages are stored for 90


def facts_file(var_dir: Path) -> Path:
    """The file in which `seed_demo` writes keys, ids and log-ins. Each DATABASE_URL has its own file."""
    if url := os.environ.get("DATABASE_URL"):
        return var_dir / f"demo-{hashlib.sha256(url.encode()).hexdigest()[:12]}.json"
    return var_dir / "demo.json"


def is_due(facts: Path) -> bool:
    """Whether demo data is to be made: once per database; and into a database of DATABASE_URL only if it is empty. Not
    with DEMO=0."""
    if facts.exists() or is_unwanted():
        return False
    url = os.environ.get("DATABASE_URL")
    return not url or _is_empty(url)


def is_unwanted() -> bool:
    """DEMO=0 in the environment: an empty platform, with one admin and the set-up checklist."""
    return os.environ.get("DEMO", "1").strip().lower() in ("0", "no", "false", "off")


def _is_empty(database_url: str) -> bool:
    try:
        with psycopg.connect(database_url, connect_timeout=10) as connection:
            row = connection.execute("SELECT to_regclass('django_migrations')").fetchone()
    except psycopg.Error as error:
        raise LocalError(f"The database of DATABASE_URL can't be reached: {str(error).strip()}") from None
    return row == (None,)


def attempt_payment(file: Path, facts: dict[str, Any], addresses: Addresses) -> None:
    """Make one payment attempt that fails, through the API and the sandbox; the sandbox reports it by webhook.

    Only a running platform can do this, so `seed_demo` notes the invoice in the facts, and this function removes the
    note. Raises OSError if the API or the sandbox refuses.
    """
    if addresses.sandbox_url is None or _TO_ATTEMPT not in facts:
        return
    asked = {"invoice_id": facts[_TO_ATTEMPT]}
    key = {"Authorization": f"Bearer {facts['admin_key']}"}
    order = _post(f"{addresses.base_url}/api/v1/payments/orders", asked, key)["order"]
    _post(f"{addresses.sandbox_url}/_sim/orders/{order['id']}/pay", {"outcome": "fail", "method": "card"}, {})
    del facts[_TO_ATTEMPT]
    write_private(file, facts)


def tell_past(file: Path, facts: dict[str, Any], addresses: Addresses) -> None:
    """Tell the sandbox what Razorpay did in the demo's past, so that both sides agree; once, as `attempt_payment`."""
    if addresses.sandbox_url is None or _PAST not in facts:
        return
    _post(f"{addresses.sandbox_url}/_sim/past", facts[_PAST], {})
    del facts[_PAST]
    write_private(file, facts)


def listen(file: Path, facts: dict[str, Any], addresses: Addresses) -> None:
    """Point the demo's webhook endpoint at the receiver, whose port may be another one at each start. The first time,
    put it in use, and send it what happened before. Where a person has changed its URL, or removed it, it stays so.

    Raises OSError if the API refuses.
    """
    url = f"{addresses.receiver_url}/billing"
    if addresses.receiver_url is None or _ENDPOINT not in facts or facts.get(_POINTS_AT) == url:
        return
    endpoint = f"{addresses.base_url}/api/v1/admin/webhook-endpoints/{facts[_ENDPOINT]}"
    key = {"Authorization": f"Bearer {facts['admin_key']}"}
    try:
        now: str | None = _ask("GET", endpoint, None, key)["url"]
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise
        now = None
    if now is not None and _POINTS_AT not in facts:
        _ask("PATCH", endpoint, {"url": url, "status": "active"}, key)
        since = datetime.now(UTC) - _BEFORE
        _post(f"{endpoint}/replay", {"since": since.isoformat()}, key)
        _post(f"{endpoint}/test", {}, key)
    elif now is not None and now == facts[_POINTS_AT]:
        _ask("PATCH", endpoint, {"url": url}, key)
    facts[_POINTS_AT] = url
    write_private(file, facts)


def _post(url: str, content: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    return _ask("POST", url, content, headers)


def _ask(method: str, url: str, content: dict[str, Any] | None, headers: dict[str, str]) -> dict[str, Any]:
    body = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(
        url, data=body, headers={"Content-Type": "application/json", **headers}, method=method
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def run_json(facts: dict[str, Any], addresses: Addresses, settings: dict[str, str]) -> dict[str, Any]:
    """The content of var/run.json: addresses, keys, ids and log-ins for scripts."""
    return {
        "base_url": addresses.base_url,
        "sandbox_url": addresses.sandbox_url,
        "admin_key": facts.get("admin_key"),
        "project_key": facts.get("project_key"),
        "organisation_id": facts.get("organisation_id"),
        "project_id": facts.get("project_id"),
        "receiver_url": addresses.receiver_url,
        "webhook_secret": settings.get("RAZORPAY_WEBHOOK_SECRET"),
        "logins": facts.get("logins", {}),
    }


def welcome(run: dict[str, Any], *, mail: str, run_json: str) -> str:
    """The text that is printed when the platform is ready."""
    base = run["base_url"]
    lines = ["", "Ready.", "", f"  Admin     {base}/admin/", f"  API       {base}/api/docs"]
    if run["sandbox_url"]:
        lines.append(f"  Razorpay  {run['sandbox_url']} (a local sandbox)")
    if run["receiver_url"]:
        lines.append(f"  Webhooks  {run['receiver_url']} (a local receiver)")
    lines += [f"  E-mails   {mail}", ""]
    if run["project_key"]:
        lines += _log_ins(run["logins"]) + _first_event(base, run["project_key"])
    elif run["logins"]:
        lines += [*_log_ins(run["logins"]), f"  It is empty: {base}/admin/set-up/ says what it needs.", ""]
    else:
        lines += ["  The database was not empty, so it got no demo data: use the log-ins and keys you have.", ""]
    return "\n".join([*lines, f"All of this is in {run_json}. Ctrl-C stops everything.", ""])


def _log_ins(logins: dict[str, dict[str, str]]) -> list[str]:
    rows = [f"  {role:<9} {login['username']:<9} {login['password']}" for role, login in sorted(logins.items())]
    return ["  Log in as (role, user name, password):", *rows, ""]


def _first_event(base_url: str, key: str) -> list[str]:
    new = f"hello-{datetime.now(UTC):%Y%m%d-%H%M%S}"  # a new id at each start, so that the event is no duplicate
    event = {"event_id": new, "metric_name": "api_calls", "metric_value": 1, "unit": "call"}
    return [
        f"  API key   {key}",
        "",
        "  Count an event:",
        "",
        f"  curl {base_url}/api/v1/events -H 'Authorization: Bearer {key}' \\",
        f"    -H 'Content-Type: application/json' -d '{json.dumps(event)}'",
        "",
    ]
