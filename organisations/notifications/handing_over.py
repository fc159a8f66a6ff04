"""Hand one message over to the mail server or the provider, and tell for each recipient what it said."""

from __future__ import annotations

import re
import smtplib
from dataclasses import dataclass, field

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

SMTP = "smtp"
_OURS = {"django.core.mail.backends.smtp.EmailBackend": "organisations.notifications.smtp.EmailBackend"}
_NO_SUCH_ADDRESS = frozenset({550, 551, 553})
"""Replies of RFC 5321 that say that nobody is there: later messages are refused as well."""
_ABOUT_US = re.compile(r"\brelay|\bauthenticat|\bsender address rejected|\b5\.1\.[78]\b", re.IGNORECASE)
"""What a server says of whom it sends for, also in its reply about a recipient: a person puts that right."""
_POLICY = re.compile(r"\b5\.7\.\d")
"""Codes of RFC 3463 that say that somebody is there, and takes nothing from us."""
_TOO_LARGE = 552
_NOBODY_THERE = frozenset({"invalid", "rejected"})


@dataclass(frozen=True)
class Refusal:
    text: str
    is_final: bool
    """Trying again changes nothing."""
    is_dead: bool = False
    """Nobody is there: the address is to be suppressed."""


@dataclass
class Handed:
    """What became of each recipient: the provider's name of the message that was taken for it, or why it was not."""

    provider: str = SMTP
    taken: dict[str, str] = field(default_factory=dict)
    refused: dict[str, Refusal] = field(default_factory=dict)


def hand_over(message: EmailMultiAlternatives) -> Handed:
    """Raises whatever says that no recipient got it and that it may be tried again: a server that is away, or busy.

    After a connection that breaks when the message was sent and before the server's answer, nobody knows: the message
    is tried again, under the same Message-ID.
    """
    backend = get_connection(_OURS.get(settings.EMAIL_BACKEND, settings.EMAIL_BACKEND))
    message.connection = backend
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        return Handed(refused=_refusals(error.recipients))
    except smtplib.SMTPResponseException as error:
        if error.smtp_code < 500 or _is_about_us(error):
            raise  # busy; or we are wrong about the server, which a person puts right
        text = _said(error.smtp_code, error.smtp_error)
        return Handed(refused=dict.fromkeys(message.to, Refusal(text, is_final=True)))
    except Exception:
        if not getattr(getattr(message, "anymail_status", None), "recipients", None):
            raise
    status = getattr(message, "anymail_status", None)
    if status is not None:
        return _told_by_provider(message, status)
    refused = _refusals(getattr(backend, "refused", {}))
    message_id = str(message.extra_headers.get("Message-ID", ""))
    return Handed(taken={each: message_id for each in message.to if each not in refused}, refused=refused)


def _told_by_provider(message: EmailMultiAlternatives, status: object) -> Handed:
    found = Handed(provider=settings.EMAIL_PROVIDER)
    recipients = getattr(status, "recipients", {})
    for address in message.to:
        told = recipients.get(address)
        if told is None or told.status not in (*_NOBODY_THERE, "failed"):
            found.taken[address] = str((told and told.message_id) or "")
        else:
            text = f"{found.provider} says: {told.status}"
            found.refused[address] = Refusal(text, is_final=True, is_dead=told.status in _NOBODY_THERE)
    return found


def _refusals(told: dict[str, tuple[int, bytes]]) -> dict[str, Refusal]:
    return {address: _refusal(code, _said(code, text)) for address, (code, text) in told.items()}


def _refusal(code: int, said: str) -> Refusal:
    if _ABOUT_US.search(said):
        return Refusal(said, is_final=False)
    return Refusal(said, is_final=code >= 500, is_dead=code in _NO_SUCH_ADDRESS and not _POLICY.search(said))


def _is_about_us(error: smtplib.SMTPResponseException) -> bool:
    if isinstance(error, smtplib.SMTPSenderRefused):
        return error.smtp_code != _TOO_LARGE  # which is the message's fault: its size goes with the sender
    return isinstance(error, smtplib.SMTPAuthenticationError | smtplib.SMTPConnectError | smtplib.SMTPHeloError)


def _said(code: int, text: bytes | str) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"The mail server said: {code} {said}".replace("\x00", "")  # PostgreSQL stores no NUL
