"""A receiver of the platform's webhooks for `make run`: it checks each signature, and shows what came on one page.

A small WSGI application without Django or a database: what came is in memory, and gone when it stops. Any path takes a
message; a GET shows the page. `/fail/…` answers 500, `/gone/…` 410, `/busy/…` 429: to see what the platform does then.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

MOST_SHOWN = 200
LARGEST_BODY = 1024 * 1024
ANSWERS = {"fail": "500 Internal Server Error", "gone": "410 Gone", "busy": "429 Too Many Requests"}
FACTS, SECRET = "RECEIVER_FACTS", "receiver_secret"
"""The environment names the file of the demo's facts, which holds the secret of the demo's endpoint under this name."""

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


@dataclass(frozen=True, slots=True)
class Message:
    came_at: datetime
    path: str
    id: str
    verdict: str
    is_good: bool
    text: str
    answered: str


_MESSAGES: deque[Message] = deque(maxlen=MOST_SHOWN)
_LOCK = threading.Lock()


def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    """WSGI."""
    if environ["REQUEST_METHOD"] == "POST":
        answered = _take(environ)
        headers = [("Content-Type", "text/plain"), ("Content-Length", "2")]
        start_response(answered, headers + ([("Retry-After", "120")] if answered.startswith("429") else []))
        return [b"ok" if answered.startswith("200") else b"no"]
    body = _page(f"{environ.get('wsgi.url_scheme', 'http')}://{environ.get('HTTP_HOST', '127.0.0.1')}").encode()
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))]
    start_response("200 OK", [*headers, ("Content-Security-Policy", policy), ("Refresh", "5")])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _take(environ: Environ) -> str:
    """Note a message. Returns the status to answer with."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > LARGEST_BODY:
        return "413 Content Too Large"
    body: bytes = environ["wsgi.input"].read(length)
    path = str(environ.get("PATH_INFO", "/"))
    answered = ANSWERS.get(path.strip("/").partition("/")[0], "200 OK")
    headers = {name: str(environ.get(f"HTTP_WEBHOOK_{name.upper()}", "")) for name in ("id", "timestamp", "signature")}
    with _LOCK:
        again = any(each.id == headers["id"] for each in _MESSAGES)
        verdict, is_good = _verdict(body, headers, again=again)
        came = Message(datetime.now().astimezone(), path, headers["id"], verdict, is_good, _pretty(body), answered)
        _MESSAGES.appendleft(came)
    return answered


def _verdict(body: bytes, headers: dict[str, str], *, again: bool) -> tuple[str, bool]:
    secret = known_secret()
    if not secret:
        return "Not checked: the secret of this endpoint is not known here.", False
    try:
        Webhook(secret).verify(body, {f"webhook-{name}": value for name, value in headers.items()})
    except (WebhookVerificationError, ValueError) as error:
        return f"The signature does not fit: {error}", False
    return "The signature fits" + (", and it came before: a real receiver ignores it." if again else "."), True


def known_secret() -> str:
    """Of the demo's endpoint; empty where there is no demo."""
    file = Path(os.environ.get(FACTS, ""))
    try:
        return str(json.loads(file.read_text()).get(SECRET, "")) if file.is_file() else ""
    except (OSError, ValueError):
        return ""


def _pretty(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body.decode("utf-8", "replace")


def _page(address: str) -> str:
    with _LOCK:
        rows = "".join(_row(each) for each in _MESSAGES)
    hint = "Nothing came yet. Admin → Webhook endpoints → an endpoint → Send a test."
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Webhook receiver</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }}
details {{ border-top: 1px solid #8886; padding: .75rem 0; }} summary {{ cursor: pointer; }}
pre {{ overflow-x: auto; padding: .75rem; background: #8881; border-radius: .375rem; font-size: .875rem; }}
.good {{ color: light-dark(#15803d, #4ade80); }} .bad {{ color: light-dark(#b91c1c, #f87171); }}
small {{ color: light-dark(#57534e, #a8a29e); }}
</style></head><body><h1>Webhook receiver</h1>
<p>What the platform sent to <code>{escape(address)}/…</code>, the newest first, at most {MOST_SHOWN}; the page reads
itself anew. An endpoint with <code>{escape(address)}/fail</code> is answered with 500, <code>/gone</code> with 410,
<code>/busy</code> with 429.</p>{rows or f"<p>{hint}</p>"}</body></html>"""


def _row(message: Message) -> str:
    kind = _type_of(message.text) or "No JSON"
    looks = "good" if message.is_good else "bad"
    return f"""<details><summary><strong>{escape(kind)}</strong> to {escape(message.path)}, answered
{escape(message.answered[:3])}<br><small>{message.came_at:%d %b %Y, %H:%M:%S} {escape(message.id)}</small><br>
<span class="{looks}">{escape(message.verdict)}</span></summary><pre>{escape(message.text)}</pre></details>"""


def _type_of(text: str) -> str:
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("type", "")) if isinstance(found, dict) else ""
