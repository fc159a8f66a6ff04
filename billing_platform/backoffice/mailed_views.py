"""Mail a saved view to its owner: the file that *Export* above the list would give this person at that moment.

A worker claims what is due, makes the file to see what it comes to, and queues the e-mail in the transaction that sets
the next day. The e-mail has the list and its day in its key, so one day is mailed once. The file itself is made again
when the e-mail is handed over, by the owner's rights of that moment, and is stored nowhere: an e-mail that had to wait,
or that is sent again, shows nothing that its reader may not see any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DataError, transaction
from django.http import Http404, HttpRequest, QueryDict
from django.urls import resolve, reverse

from billing_platform.lib import clock
from billing_platform.lib.admin.contributions import list_address, list_named, list_title
from billing_platform.lib.admin.listing import Export
from billing_platform.lib.errors import DomainError
from billing_platform.lib.http.csv_files import csv_lines
from billing_platform.lib.http.xlsx_files import TYPE as XLSX_TYPE
from billing_platform.lib.http.xlsx_files import xlsx_file
from billing_platform.lib.number_formats import format_number
from billing_platform.lib.work.claims import claim, done, note_failure
from organisations.audit import note
from organisations.models import MailedView
from organisations.models.mailed_view import A_DAY
from organisations.notifications.outbox import Attachment, queue_email
from organisations.notifications.suppressing import suppressed
from organisations.operators_clock import on_operators_clock, operators_today, operators_zone

KIND = "mailed_view"
PREFIX = "billing_platform.mailed_view:"
MOST_ROWS = 20_000
LARGEST_FILE = 8 * 1024 * 1024
Outcome, Format = MailedView.Outcome, MailedView.Format
TYPES = {Format.CSV: "text/csv", Format.XLSX: XLSX_TYPE}


class CannotMail(DomainError):
    """It would not work the next time either: somebody has to do something about it."""

    code = "CANNOT_MAIL"


@dataclass(frozen=True)
class Wanted:
    """Whose list, which rows and columns, and as what."""

    user_id: int
    address: str
    list_of: str
    query: str
    file_format: str

    @classmethod
    def of(cls, mailed: MailedView) -> Wanted:
        view = mailed.view
        return cls(view.owner_id, view.owner.email, view.list_of, view.query, mailed.file_format)

    @property
    def stored(self) -> str:
        """The name of the attachment, which says all that is needed to make it."""
        return PREFIX + urlencode(vars(self))

    @classmethod
    def read(cls, stored: str) -> Wanted:
        found = {name: values[0] for name, values in parse_qs(stored, keep_blank_values=True).items()}
        user_id = int(found.pop("user_id"))
        return cls(user_id, **found)


@dataclass(frozen=True)
class Made:
    name: str
    content: bytes
    rows: int | None
    outcome: MailedView.Outcome


def mail_view(*, mailed_id: UUID) -> bool:
    """Mail one view if it is due and nobody else is at it. Says whether an e-mail was queued."""
    mailed = claim(MailedView.objects.select_related("view__owner"), mailed_id)
    if mailed is None:
        return False
    try:
        wanted = Wanted.of(mailed)
        return _queue(mailed, wanted, make(wanted))
    except Exception as error:  # whatever it is: an error that is not stored on the row would come back for ever
        if note_failure(mailed, error, final=isinstance(error, CannotMail)) and mailed.is_stopped:
            note(mailed, reason=f"Stopped: {mailed.last_failure}")
        return False


def make(wanted: Wanted) -> Made:
    """The file as its owner would export it now. Raises CannotMail."""
    user = get_user_model().objects.filter(pk=wanted.user_id).first()  # anew: what it may is remembered on it
    _check_reader(user, wanted.address)
    with on_operators_clock():
        try:
            exported = _export(user, wanted)
            counted = _Counted(exported.lines)
            content = _written(exported, counted, wanted.file_format)
        except PermissionDenied:
            raise CannotMail("The owner of this view may not see this list any more.") from None
        except (IncorrectLookupParameters, SuspiciousOperation, DataError, Http404):
            raise CannotMail("The list knows the filters of this view no more: save the view anew.") from None
    if counted.rows > MOST_ROWS or len(content) > LARGEST_FILE:
        return Made("", b"", None, Outcome.TOO_LARGE)
    name = f"{exported.name}.{wanted.file_format}"
    return Made(name, content, counted.rows, Outcome.SENT if counted.rows else Outcome.EMPTY)


def made_file(stored: str) -> bytes:
    """The attachment of an e-mail that is handed over now. Raises CannotMail."""
    made = make(Wanted.read(stored))
    if made.outcome == Outcome.TOO_LARGE:
        raise CannotMail("The list has grown too large to be mailed since this e-mail was written.")
    return made.content


def _check_reader(user: Any, address: str) -> None:
    if user is None or not (user.is_active and user.is_staff):
        raise CannotMail("The owner of this view may not sign in any more.")
    if not user.email:
        raise CannotMail("The owner of this view has no e-mail address.")
    if user.email != address:
        raise CannotMail("The owner's e-mail address has changed since this e-mail was written.")
    if user.email in suppressed([user.email]):
        raise CannotMail(f"Nothing is e-mailed to {user.email}: e-mails came back from there.")


def _export(user: Any, wanted: Wanted) -> Export:
    model = list_named(wanted.list_of)
    page: Any = admin.site._registry.get(model) if model else None
    if page is None:
        raise CannotMail("The list of this view is not there any more.")
    request = HttpRequest()
    request.method, request.user, request.GET = "GET", user, QueryDict(wanted.query)
    request.path = request.path_info = list_address(page.model)
    request.resolver_match = resolve(request.path)
    exported: Export = page.exported_list(request)
    return exported


class _Counted:
    """Passes lines on, ends after so many rows, and knows how many there were."""

    def __init__(self, lines: Iterator[list[Any]]) -> None:
        self._lines, self.rows = lines, 0

    def __iter__(self) -> Iterator[list[Any]]:
        yield next(self._lines)
        for line in self._lines:
            self.rows += 1
            if self.rows > MOST_ROWS:
                return
            yield line


def _written(exported: Export, lines: Iterable[list[Any]], file_format: str) -> bytes:
    """The file, or as much of it as shows that it is too large."""
    if file_format == Format.XLSX:
        with xlsx_file(exported.name, lines, numbers=exported.numbers) as file:
            return file.read(LARGEST_FILE + 1)
    written = bytearray()
    for line in csv_lines(lines):
        written += line.encode()
        if len(written) > LARGEST_FILE:
            break
    return bytes(written)


@transaction.atomic
def _queue(mailed: MailedView, wanted: Wanted, made: Made) -> bool:
    """The e-mail and the next day, both or neither. False if somebody paused it, changed it or took it over."""
    now, zone = clock.now(), operators_zone()
    occasion = mailed.asked_at.isoformat() if mailed.asked_at else mailed.next_day.isoformat()
    following = mailed.day_after(now, zone)
    if not mailed.asked_at and following <= mailed.next_day:  # the operators' clock was set back
        following = mailed.day_from(mailed.next_day + A_DAY)
    is_ours = done(
        mailed,
        next_day=following,
        next_attempt_at=mailed.moment_of(following, zone),
        zone=zone.key,
        asked_at=None,
        attempts=0,
        last_run_at=now,
        last_outcome=made.outcome,
        last_rows=made.rows,
    )
    if is_ours:
        queue_email(
            organisation=None,
            kind=KIND,
            dedupe_key=f"{KIND}:{mailed.pk}:{occasion}",
            recipients=[wanted.address],
            context=_words(mailed, made),
            attachments=_attachments(wanted, made),
        )
    return is_ours


def _attachments(wanted: Wanted, made: Made) -> list[Attachment]:
    if made.outcome != Outcome.SENT:
        return []
    return [Attachment(wanted.stored, made.name, TYPES[Format(wanted.file_format)])]


def _words(mailed: MailedView, made: Made) -> dict[str, Any]:
    view, model = mailed.view, list_named(mailed.view.list_of)
    address = list_address(model) + (f"?{view.query}" if view.query else "") if model else ""
    return {
        "name": view.owner.get_full_name() or view.owner.get_username(),
        "view": view.name,
        "list": list_title(model) if model else "",
        "day": operators_today(),
        "rows": format_number(made.rows) if made.rows is not None else "",
        "outcome": made.outcome.value,
        "most_rows": format_number(MOST_ROWS),
        "rhythm": mailed.rhythm[0].lower() + mailed.rhythm[1:],
        "url": f"{settings.SITE_URL}{address}",
        "switch": f"{settings.SITE_URL}{reverse('admin:organisations_mailedview_change', args=[mailed.pk])}",
    }
