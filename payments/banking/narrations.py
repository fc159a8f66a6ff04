"""The text of a bank's line → the numbers of the transfer, and who paid. Pure."""

from __future__ import annotations

import re

_TRANSFER = re.compile(r"(?<![A-Z0-9])(?:[A-Z]{4}[A-Z0-9]?[0-9]{10,18}|[0-9]{12})(?![A-Z0-9])")
"""A UTR of NEFT (16 signs and more) or RTGS (22), or the twelve digits of IMPS and UPI."""
_ADDRESS = re.compile(r"[a-z0-9][a-z0-9.\-_]{1,60}@[a-z][a-z0-9]{2,20}", re.IGNORECASE)
_IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
_PARTS = re.compile(r"[-/*:|\\]+|\s{2,}")
_MODES = (
    "NEFT RTGS IMPS UPI CR CREDIT FT TPT INB MB ACH NACH ECS BY TRANSFER FROM TO CLG CHQ CHEQUE DEP DEPOSIT CASH"
    " PAYMENT PAY INVOICE INV BILL REF NO UTR INR IFSC BANK LTD LIMITED HDFC ICICI SBI AXIS KOTAK P2A P2M TRF"
)
_NO_NAMES = frozenset(_MODES.split())
_FORMS = "PVT PRIVATE LTD LIMITED LLP LLC INC CORP CO COMPANY INDIA INDIAN AND THE OF MS M S OPC P PLC GMBH"
_SUFFIXES = frozenset(_FORMS.split())
PAYER_LENGTH = 100


def transfer_numbers(reference: str, narration: str) -> tuple[str, ...]:
    """The numbers by which the transfer may be known, most trusted first, in capitals and without leading zeros."""
    found = [plain_number(reference)] if is_number(reference) else []
    found += [plain_number(number) for number in _TRANSFER.findall(narration.upper())]
    return tuple(dict.fromkeys(found))


def is_number(reference: str) -> bool:
    """Banks also write words into the column of the reference: TRANSFER FROM 4."""
    return sum(character.isdigit() for character in plain_number(reference)) >= 5


def plain_number(reference: str) -> str:
    return re.sub(r"\s+", "", reference).upper().lstrip("0")


def payer_of(narration: str) -> str:
    """Who paid, as the bank writes it: a UPI address, or the longest part of the text that reads like a name; "" where
    there is none. The same payer comes out the same next month, so it can be remembered."""
    if address := _ADDRESS.search(narration):
        return address.group().lower()[:PAYER_LENGTH]
    parts = [part.strip().upper() for part in _PARTS.split(narration)]
    names = [part for part in parts if _reads_like_a_name(part)]
    return max(names, key=len, default="")[:PAYER_LENGTH]


def _reads_like_a_name(part: str) -> bool:
    if _IFSC.fullmatch(part) or any(character.isdigit() for character in part):
        return False
    words = [word for word in re.findall(r"[^\W\d_]+", part) if word not in _NO_NAMES]
    return sum(map(len, words)) >= 4


def name_words(name: str) -> tuple[str, ...]:
    """The words that tell a name from others: "Nandi Logistics Private Limited" has NANDI and LOGISTICS."""
    words = re.findall(r"[^\W_]+", name.upper())
    return tuple(dict.fromkeys(word for word in words if word not in _SUFFIXES)) or tuple(words)


def likeness(words: tuple[str, ...], narration_words: tuple[str, ...]) -> float:
    """How much of a name stands in a text, from 0 to 1, by letters. Banks cut names off: a beginning of four letters or
    more counts for the word."""
    letters = sum(map(len, words))
    present = sum(len(word) for word in words if _stands_in(word, narration_words))
    return present / letters if letters else 0.0


def _stands_in(word: str, others: tuple[str, ...]) -> bool:
    if word in others:
        return True
    return any(len(other) >= 4 and word.startswith(other) for other in others)
