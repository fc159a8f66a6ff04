"""A stand-in of the invoice registration portal behind a provider: `python -m tests.local.irp.portal PORT`.

It keeps what it registers in memory, answers a document that it knows with the old IRN, signs as the portal does, and
fails on demand: POST /control {"fault": …} for the next call, GET /control for what was asked.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from tests.local.irp.key import signed

INDIA = ZoneInfo("Asia/Kolkata")
USER, PASSWORD, CLIENT_ID, CLIENT_SECRET = "api_user", "api password", "client", "client-secret"
HANG_SECONDS = 3


class Portal:
    """What the portal knows, shared by the threads that answer."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.reset()

    def reset(self) -> None:
        self.by_irn: dict[str, dict[str, Any]] = {}
        self.payloads: dict[str, dict[str, Any]] = {}
        self.calls: list[str] = []
        self.fault = ""
        self.tokens: set[str] = set()
        self.now = ""  # the moment of its acknowledgements; empty: now

    def moment(self) -> str:
        return self.now or datetime.now(INDIA).strftime("%Y-%m-%d %H:%M:%S")


PORTAL = Portal()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        body = json.loads(content) if content else {}
        path = urlsplit(self.path)
        if path.path == "/control":
            return self._send(200, self._control(method, body))
        with PORTAL.lock:
            PORTAL.calls.append(f"{method} {path.path}")
            fault, PORTAL.fault = PORTAL.fault, ""
            if path.path == "/auth/token" and fault != "401":
                PORTAL.fault = fault  # faults are for the calls after the log-in
                return self._send(200, self._log_in(body))
            if fault == "expired":
                PORTAL.tokens.clear()
            if not self._is_signed_in():
                return self._send(401, {})
            if fault in ("500", "503", "429", "redirect") or fault.startswith("error:"):
                return self._fail(fault)
            answer = self._answer(method, path.path, parse_qs(path.query), body)
        return self._send_badly(fault, answer)

    def _fail(self, fault: str) -> None:
        """Nothing is done."""
        if fault == "redirect":
            return self._redirect()
        if fault.startswith("error:"):
            return self._send(200, _no(fault.removeprefix("error:"), "Said so"))
        return self._send(int(fault), {"error": "out of order"})

    def _send_badly(self, fault: str, answer: dict[str, Any]) -> None:
        """It is done, and the answer does not come as it should."""
        if fault == "hang_after":
            time.sleep(HANG_SECONDS)
        if fault == "drop_after":
            self.close_connection = True
            return None
        if fault == "nonsense_after":
            return self._send(200, "nonsense")
        if fault == "too_long":
            return self._send(200, {"Status": 1, "Data": "x" * 5_000_000})
        return self._send(200, answer)

    def _control(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        with PORTAL.lock:
            if method == "POST":
                if body.get("reset"):
                    PORTAL.reset()
                PORTAL.fault = body.get("fault", PORTAL.fault)
                PORTAL.now = body.get("now", PORTAL.now)
            return {"calls": PORTAL.calls, "irns": list(PORTAL.by_irn), "payloads": PORTAL.payloads}

    def _log_in(self, body: dict[str, Any]) -> dict[str, Any]:
        if (body.get("username"), body.get("password")) != (USER, PASSWORD):
            return _no("3005", "Invalid password")
        token = f"token-{len(PORTAL.calls)}"
        PORTAL.tokens.add(token)
        return {"access_token": token, "expires_in": 21600}

    def _is_signed_in(self) -> bool:
        known = (self.headers.get("client_id"), self.headers.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        return known and (self.headers.get("Authorization") or "").removeprefix("Bearer ") in PORTAL.tokens

    def _answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> dict[str, Any]:
        if (method, path) == ("POST", "/invoice"):
            return register(body)
        if (method, path) == ("POST", "/invoice/cancel"):
            return cancel(body)
        if path == "/invoice/document":
            found = next((each for each in PORTAL.by_irn.values() if each["DocNo"] == query["docnum"][0]), None)
            return _yes(found) if found else _no("2148", "No such document")
        found = PORTAL.by_irn.get(path.rpartition("/")[2])
        return _yes(found) if found else _no("2283", "IRN details cannot be provided as it is older than 2 days")

    def _redirect(self) -> None:
        self.send_response(302)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: int, body: Any) -> None:
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def register(payload: dict[str, Any]) -> dict[str, Any]:
    seller, details = payload["SellerDtls"]["Gstin"], payload["DocDtls"]
    irn = sha256(f"{seller}{details['Typ']}{details['No']}".encode()).hexdigest()
    PORTAL.payloads[details["No"]] = payload
    if irn in PORTAL.by_irn:
        known = PORTAL.by_irn[irn]
        described = {"Irn": irn, "AckNo": known["AckNo"], "AckDt": known["AckDt"]}
        return _no("2150", "Duplicate IRN") | {"InfoDtls": [{"InfCd": "DUPIRN", "Desc": described}]}
    answer = answer_for(payload, irn=irn, ack_number=str(112010000000000 + len(PORTAL.by_irn)), at=PORTAL.moment())
    PORTAL.by_irn[irn] = answer
    return _yes(answer)


def answer_for(payload: dict[str, Any], *, irn: str, ack_number: str, at: str) -> dict[str, Any]:
    """What the portal gives for a document, as in its files."""
    details, items = payload["DocDtls"], payload["ItemList"]
    code = {
        "SellerGstin": payload["SellerDtls"]["Gstin"],
        "BuyerGstin": payload["BuyerDtls"]["Gstin"],
        "DocNo": details["No"],
        "DocTyp": details["Typ"],
        "DocDt": details["Dt"],
        "TotInvVal": float(payload["ValDtls"]["TotInvVal"]),
        "ItemCnt": len(items),
        "MainHsnCode": items[0]["HsnCd"],
        "Irn": irn,
        "IrnDt": at,
    }
    whole = json.loads(json.dumps(payload, default=float)) | {"AckNo": int(ack_number), "AckDt": at, "Irn": irn}
    return {
        "AckNo": int(ack_number),
        "AckDt": at,
        "Irn": irn,
        "SignedInvoice": signed(whole),
        "SignedQRCode": signed(code),
        "Status": "ACT",
        "DocNo": details["No"],
    }


def cancel(body: dict[str, Any]) -> dict[str, Any]:
    found = PORTAL.by_irn.get(body["Irn"])
    if found is None:
        return _no("2143", "No such IRN")
    if found["Status"] == "CNL":
        return _no("9999", "Invoice is not active")
    found["Status"] = "CNL"
    return _yes({"Irn": body["Irn"], "CancelDate": PORTAL.moment()})


def _yes(data: dict[str, Any]) -> dict[str, Any]:
    return {"Status": 1, "Data": data}


def _no(code: str, words: str) -> dict[str, Any]:
    return {"Status": 0, "ErrorDetails": [{"ErrorCode": code, "ErrorMessage": words}]}


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
