"""What the portal answers for an e-invoice: read from its files and services, and compared with our document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from billing_platform.lib.law import INDIAN_TIME
from invoicing.documents.document import InvoiceDocument
from invoicing.returns.documents import EXPORTS
from invoicing.returns.e_invoice import ABROAD, day_of, e_invoice
from invoicing.returns.e_invoice_sums import TOLERANCE
from invoicing.returns.signed_texts import SignedTextError, said_by

IRN = re.compile(r"[0-9a-f]{64}")
_ACK_NUMBER = re.compile(r"[0-9]{1,20}")
MOST_ANSWERS = 10_000
_TIME = "%Y-%m-%d %H:%M:%S"
_WRAPPED_IN = ("govt_response", "Data", "data", "result", "response")


class AnswerError(ValueError):
    """What was given can't be read as an answer of the portal; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Registered:
    """An e-invoice that the portal has registered. `acknowledged_at` is aware; the portal tells it in Indian time."""

    irn: str
    ack_number: str
    acknowledged_at: datetime
    signed_qr: str
    signed_invoice: str = ""

    @property
    def code(self) -> Mapping[str, Any]:
        """What the signed QR code says. Raises AnswerError."""
        try:
            return said_by(self.signed_qr)
        except SignedTextError as error:
            raise AnswerError(f"Signed QR code: {error}") from error


def read_time(text: str) -> datetime:
    """A time of the portal, "2026-10-05 14:03:00", in India. Raises AnswerError."""
    try:
        return datetime.strptime(text.strip()[:19].replace("T", " "), _TIME).replace(tzinfo=INDIAN_TIME)
    except ValueError as error:
        raise AnswerError(f"{text[:40]!r} is no time of the portal: 2026-10-05 14:03:00 is expected.") from error


def read_answer(content: Mapping[str, Any]) -> Registered:
    """One answer, as the portal and the service providers send it. Raises AnswerError, naming what is missing."""
    inner = _unwrapped(content)
    missing = [name for name in ("Irn", "AckNo", "AckDt", "SignedQRCode") if not inner.get(name)]
    if missing:
        raise AnswerError(f"The answer has no {', no '.join(missing)}.")
    return Registered(
        irn=str(inner["Irn"]).strip().lower(),
        ack_number=str(inner["AckNo"]).strip(),
        acknowledged_at=read_time(str(inner["AckDt"])),
        signed_qr=str(inner["SignedQRCode"]).strip(),
        signed_invoice=str(inner.get("SignedInvoice") or "").strip(),
    )


def read_file(content: bytes) -> list[Mapping[str, Any]]:
    """The answers in a file of the portal: one, or a list of them. Raises AnswerError."""
    try:
        whole = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AnswerError("The file is no JSON: upload the file that the portal gave.") from error
    rows = whole if isinstance(whole, list) else [whole]
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise AnswerError("The file holds no answers of the portal.")
    if len(rows) > MOST_ANSWERS:
        raise AnswerError(f"The file holds {len(rows):,} answers: {MOST_ANSWERS:,} at most.")
    return rows


def _unwrapped(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer inside the envelopes that service providers put around it."""
    for name in _WRAPPED_IN:
        inner = content.get(name)
        if isinstance(inner, str) and inner.lstrip().startswith("{"):
            inner = _object(inner)
        if isinstance(inner, dict) and "Irn" not in content:
            return _unwrapped(inner)
    return content


def _object(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def differences(answer: Registered, document: InvoiceDocument) -> list[str]:
    """Why an answer is not that of a document; a sentence each. Empty: seller, buyer, number, date and total agree."""
    if not IRN.fullmatch(answer.irn):
        return ["The IRN is not of 64 characters from 0 to 9 and a to f."]
    if not _ACK_NUMBER.fullmatch(answer.ack_number):
        return ["The acknowledgement number is not of 1 to 20 digits."]
    if answer.acknowledged_at.astimezone(INDIAN_TIME).date() < document.issue_date:
        return ["The acknowledgement is older than the document."]
    try:
        code = answer.code
        if answer.signed_invoice:
            said_by(answer.signed_invoice)
    except (AnswerError, SignedTextError) as error:
        return [str(error)]
    return list(_differences(answer, code, document))


def _differences(answer: Registered, code: Mapping[str, Any], document: InvoiceDocument) -> Iterator[str]:
    payload = e_invoice(document)
    buyer = ABROAD["Gstin"] if document.supply_kind in EXPORTS else document.customer.gstin
    expected = (
        ("Irn", "IRN", answer.irn),
        ("SellerGstin", "seller's GSTIN", document.seller.gstin),
        ("BuyerGstin", "customer's GSTIN", buyer),
        ("DocNo", "number", document.number),
        ("DocTyp", "type", payload["DocDtls"]["Typ"]),
        ("DocDt", "date", day_of(document.issue_date)),
    )
    for field, word, right in expected:
        told = str(code.get(field, "")).strip()
        if told.casefold() != right.casefold():
            yield f"The signed QR code has another {word}: {told or 'none'} instead of {right}."
    total = payload["ValDtls"]["TotInvVal"]
    told_total = _decimal(code.get("TotInvVal"))
    if told_total is None or abs(told_total - total) > TOLERANCE:
        yield f"The signed QR code has another total: {told_total} instead of {total}."


def _decimal(value: Any) -> Decimal | None:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None
