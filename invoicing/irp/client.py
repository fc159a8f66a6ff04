"""An invoice registration portal, by way of a provider (GSP): JSON over HTTPS, a token for each GSTIN.

    POST {url}/auth/token            {"username", "password", "gstin"}    → {"access_token", "expires_in"}
    POST {url}/invoice               INV-01                               → {"Irn", "AckNo", "AckDt", "SignedQRCode", …}
    POST {url}/invoice/cancel        {"Irn", "CnlRsn", "CnlRem"}          → {"Irn", "CancelDate"}
    GET  {url}/invoice/irn/{irn}                                          → as for a new one
    GET  {url}/invoice/document?doctype=&docnum=&docdate=                 → as for a new one

Answers stand in the portal's own envelope: {"Status": 1, "Data": …} or {"Status": 0, "ErrorDetails": [{"ErrorCode",
"ErrorMessage"}], "InfoDtls": [{"InfCd": "DUPIRN", "Desc": {"Irn", …}}]}. The portal's own interface encrypts the same
bodies with session keys; providers do that, and add the client id and secret that we send as headers.

Every call has time-outs, follows no redirect, reads a bounded answer, and never repeats itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import requests
from urllib3.exceptions import NewConnectionError

from billing_platform.lib import clock
from invoicing.irp.errors import IrpBusy, IrpDuplicate, IrpElsewhere, IrpRefused, IrpUnclear
from invoicing.returns.e_invoice_answer import AnswerError, Registered, read_answer, read_time

logger = logging.getLogger(__name__)

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes: the signed invoice of a thousand items is a tenth of that."""
DUPLICATE = "2150"
ELSEWHERE = "2295"
CANCELLED_ALREADY = "9999"
TOKEN_EXPIRED = frozenset({"1005", "1004"})
FOR_NOW = frozenset({"3001", "3028", "3029", "5001", "5002", "1013"})
"""A GSTIN that the portal does not know yet, and faults of the portal itself."""
ADVICE = {
    ELSEWHERE: "Another portal gave this document its IRN: upload the answer from there.",
    "2246": "Correct the customer, who is in no Special Economic Zone, credit the document, and issue it anew.",
    "2247": "Correct the customer, who is in a Special Economic Zone, credit the document, and issue it anew.",
    "3028": "Look the GSTIN up on the portal, which then learns of it.",
    "3029": "Look the GSTIN up: where it is cancelled, ask the customer for another one.",
}
"""What a person can do about it."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_MARGIN_SECONDS = 300  # a token is asked for anew that long before it ends


@dataclass(frozen=True, slots=True)
class Login:
    """The account of one GSTIN at the provider."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Account:
    """Where the provider is, and who we are there. Nothing of it is ever logged."""

    url: str
    client_id: str
    client_secret: str = field(repr=False)
    timeout: tuple[float, float]  # seconds: to connect, and to be answered

    @property
    def is_local(self) -> bool:
        """On this machine: proxies are for the way out."""
        return urlsplit(self.url).hostname in _LOOPBACK

    @property
    def is_safe(self) -> bool:
        """Whether log-ins may be sent there."""
        return self.is_local or urlsplit(self.url).scheme == "https"


class IrpClient:
    """The portal for one GSTIN. Each method may raise any IrpError, and nothing else that comes of the other side.
    None may be called inside a transaction that holds locks."""

    def __init__(self, *, account: Account, gstin: str, login: Login) -> None:
        self._account, self._gstin, self._login = account, gstin, login

    def generate(self, payload: bytes) -> Registered:
        """Register a document. Raises IrpDuplicate with the IRN where it has one."""
        return _registered(self._call("POST", "/invoice", payload))

    def find(self, irn: str) -> Registered:
        """An e-invoice by its IRN: within two days of its making."""
        return _registered(self._call("GET", f"/invoice/irn/{quote(irn, safe='')}"))

    def find_document(self, *, doc_type: str, number: str, day: str) -> Registered:
        """The same by the document: "INV", its number and its date (DD/MM/YYYY)."""
        query = urlencode({"doctype": doc_type, "docnum": number, "docdate": day})
        return _registered(self._call("GET", f"/invoice/document?{query}"))

    def cancel(self, *, irn: str, reason: str, remark: str) -> datetime | None:
        """Cancel an IRN. When that was; None where it was cancelled before and the portal does not say when."""
        body = msgspec.json.encode({"Irn": irn, "CnlRsn": reason, "CnlRem": remark})
        try:
            answer = self._call("POST", "/invoice/cancel", body)
        except IrpRefused as error:
            if CANCELLED_ALREADY in error.codes:
                return None
            raise
        return _time(answer.get("CancelDate"))

    def _call(self, method: str, path: str, body: bytes | None = None) -> Mapping[str, Any]:
        """With the token at hand; once more with a new one where the portal says that it has ended."""
        try:
            return self._send(method, path, body, token=self._token())
        except _TokenEnded:
            _tokens.pop(self._key, None)
        try:
            return self._send(method, path, body, token=self._token())
        except _TokenEnded as error:
            raise IrpBusy("The provider refuses the token that it gave.") from error

    def _token(self) -> str:
        token, ends_at = _tokens.get(self._key, ("", clock.now()))
        if token and clock.now() < ends_at:
            return token
        body = {"username": self._login.username, "password": self._login.password, "gstin": self._gstin}
        try:
            answer = self._send("POST", "/auth/token", msgspec.json.encode(body))
        except IrpUnclear as error:
            raise IrpBusy("The provider gave no answer to our log-in.") from error
        except _TokenEnded as error:
            raise IrpRefused(f"The provider refuses the log-in of {self._gstin}.") from error
        given, seconds = answer.get("access_token"), answer.get("expires_in")
        if not given or not isinstance(seconds, int):
            raise IrpBusy("The provider's answer to our log-in makes no sense.")
        _tokens[self._key] = str(given), clock.now() + timedelta(seconds=max(seconds - _MARGIN_SECONDS, 1))
        return str(given)

    @property
    def _key(self) -> tuple[str, str, str]:
        return self._account.url, self._gstin, self._login.username

    def _send(self, method: str, path: str, body: bytes | None = None, *, token: str = "") -> Mapping[str, Any]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "client_id": self._account.client_id,
            "client_secret": self._account.client_secret,
            "gstin": self._gstin,
            **({"Authorization": f"Bearer {token}"} if token else {}),
        }
        with requests.Session() as session:
            session.trust_env = not self._account.is_local
            try:
                response = session.request(
                    method, self._account.url + path, data=body, headers=headers, timeout=self._account.timeout,
                    allow_redirects=False, stream=True,
                )  # fmt: skip
                with response:
                    return _answer(response.status_code, _content(response))
            except requests.RequestException as error:
                if isinstance(error, requests.ConnectTimeout) or _never_connected(error):
                    raise IrpBusy("The portal can't be reached.") from error
                raise IrpUnclear(f"The portal gave no answer ({type(error).__name__}).") from error


_tokens: dict[tuple[str, str, str], tuple[str, datetime]] = {}
"""In this process only: a token is a secret, and a log-in in six hours costs nothing."""


class _TokenEnded(Exception):
    """The token is not taken (any more)."""


def _never_connected(error: Exception) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _content(response: requests.Response) -> bytes:
    found = b""
    for part in response.iter_content(64 * 1024):
        found += part
        if len(found) > LARGEST_ANSWER:
            raise IrpUnclear("The portal's answer is too long to be read.")
    return found


def _answer(status: int, content: bytes) -> Mapping[str, Any]:
    """The data of an answer that says yes. Raises what one that says no means."""
    if status == 401:
        raise _TokenEnded
    if status == 429:
        raise IrpBusy("The portal asks us to wait (429).")
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IrpUnclear(f"The portal's answer ({status}) can't be read.") from error
    if not isinstance(body, dict):
        raise IrpUnclear(f"The portal's answer ({status}) makes no sense.")
    errors = body.get("ErrorDetails") or []
    if errors:
        raise _refusal(errors, body.get("InfoDtls") or [])
    if not 200 <= status < 300 or str(body.get("Status", "1")) != "1":
        raise IrpUnclear(f"The portal answered {status}, and does not say why.")
    data = body.get("Data", body)
    if isinstance(data, str):
        data = _decoded(data)
    if not isinstance(data, dict):
        raise IrpUnclear("The portal's answer holds no data.")
    return data


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise IrpUnclear("The portal's answer holds no data.") from error


def _refusal(errors: Any, infos: Any) -> Exception:
    """What the portal's list of errors means for us."""
    rows = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    codes = tuple(str(row.get("ErrorCode", "")) for row in rows)
    if DUPLICATE in codes and (irn := _known_irn(infos)):
        return IrpDuplicate(irn)
    if TOKEN_EXPIRED & set(codes):
        return _TokenEnded()
    words = " ".join(f"{row.get('ErrorMessage', '')} ({row.get('ErrorCode', '')})"[:300] for row in rows)
    advice = [ADVICE[code] for code in dict.fromkeys(codes) if code in ADVICE]
    message = " ".join([f"The portal says: {words or 'no'}", *advice])
    if FOR_NOW & set(codes):
        return IrpBusy(message)
    return (IrpElsewhere if ELSEWHERE in codes else IrpRefused)(message, codes=codes)


def _known_irn(infos: Any) -> str:
    for info in infos if isinstance(infos, list) else []:
        described = info.get("Desc") if isinstance(info, dict) else None
        if isinstance(described, dict) and described.get("Irn"):
            return str(described["Irn"]).lower()
    return ""


def _registered(data: Mapping[str, Any]) -> Registered:
    try:
        return read_answer(data)
    except AnswerError as error:
        raise IrpUnclear(f"The portal's answer makes no sense: {error}") from error


def _time(text: Any) -> datetime | None:
    try:
        return read_time(str(text)) if text else None
    except AnswerError:
        return None
