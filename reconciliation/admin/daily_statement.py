"""Daily statements: what each day holds, whether the chain is whole, the file for an auditor, the proof of a day."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.html import format_html

from billing_platform.lib.admin.base import (
    ReadOnlyAdmin,
    badge,
    list_page,
    numeric,
    object_action,
    object_page,
    short_time,
)
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.http.downloads import file_response
from billing_platform.lib.number_formats import format_number
from events.services.counting_days import last_complete_day
from organisations.scoping import reaches_every_organisation
from reconciliation.models import DailyStatement
from reconciliation.proof.content import NO_STATEMENT, Content, Unreadable
from reconciliation.proof.signatures import NoSigningKey, believed_keys, own_public_key
from reconciliation.proving import files
from reconciliation.proving.chain import link_fault
from reconciliation.proving.comparing import Proven, differences

MOST_AT_ONCE = 1_000_000
"""Leaves that are proven while a person waits."""
MOST_NAMED = 5


def said_of(statement: DailyStatement) -> Content | None:
    try:
        return statement.said
    except Unreadable:
        return None


def figure(part: str, name: str, description: str) -> Any:
    """A number of the content; a dash where somebody has made it unreadable."""

    @numeric
    @admin.display(description=description)
    def show(_admin: Any, statement: DailyStatement) -> str:
        said = said_of(statement)
        return format_number(getattr(getattr(said, part), name)) if said else "–"

    return show


def in_hex(part: str) -> Any:
    @admin.display(description="Root")
    def show(_admin: Any, statement: DailyStatement) -> Any:
        said = said_of(statement)
        return code(getattr(said, part).root) if said else "–"

    return show


def code(text: str) -> Any:
    return format_html('<code class="break-all">{}</code>', text)


@admin.register(DailyStatement)
class DailyStatementAdmin(ReadOnlyAdmin):
    empty_hint = "A statement is made each night of the day before, signed, and chained to the one before it."
    list_display = (
        "day_name", "chain", "entries", "invoices", "credit_notes", "received", "short_hash", "made",
    )  # fmt: skip
    list_on_a_phone = ("day_name", "chain", "entries", "invoices", "short_hash")
    list_filter = ("day",)
    ordering = ("-number",)
    sortable_by = ()
    fieldsets = (
        (None, {"fields": ("day_name", "number", "chain", "made_at")}),
        ("Counted", {"fields": ("entries", "ledger_root")}),
        ("Issued", {"fields": ("invoices", "credit_notes", "rows", "documents_root")}),
        ("Received, when the statement was made", {"fields": (
            "received", "received_counted", "received_duplicates", "received_dead", "received_waiting",
        )}),
        ("The link", {"fields": ("hash_shown", "previous", "signature_shown", "key_id", "content_shown")}),
    )  # fmt: skip

    made = short_time("made_at", "Made")
    entries = figure("ledger", "entries", "Ledger entries")
    invoices = figure("documents", "invoices", "Invoices")
    credit_notes = figure("documents", "credit_notes", "Credit notes")
    rows = figure("documents", "leaves", "Rows, with lines and taxes")
    received = figure("received", "events", "Events received")
    received_counted = figure("received", "counted", "Counted")
    received_duplicates = figure("received", "duplicates", "Duplicates")
    received_dead = figure("received", "dead_lettered", "Dead-lettered")
    received_waiting = figure("received", "waiting", "Waiting")
    ledger_root, documents_root = in_hex("ledger"), in_hex("documents")

    def get_queryset(self, request: HttpRequest) -> Any:
        before = DailyStatement.objects.filter(number=OuterRef("number") - 1)
        return super().get_queryset(request).annotate(before=Subquery(before.values("hash")))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A statement tells of all customers at once."""
        return self.may(request, "view", obj) and reaches_every_organisation(request.user)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if self.has_view_permission(request):
            _warn(request)
        return super().changelist_view(request, extra_context)

    @admin.display(description="Day (UTC)", ordering="day")
    def day_name(self, statement: DailyStatement) -> str:
        return str(statement)

    @admin.display(description="Chain")
    def chain(self, statement: DailyStatement) -> Any:
        if statement.before is None and statement.number > 1:  # type: ignore[attr-defined]  # annotated
            return badge("The one before is missing", "danger")
        fault = link_fault(statement, statement.before or NO_STATEMENT, believed_keys())  # type: ignore[attr-defined]
        return badge("Broken", "danger") if fault else badge("Signed", "success")

    @admin.display(description="SHA-256")
    def short_hash(self, statement: DailyStatement) -> Any:
        return code(f"{statement.hash[:12]}…")

    @admin.display(description="SHA-256")
    def hash_shown(self, statement: DailyStatement) -> Any:
        return code(statement.hash)

    @admin.display(description="SHA-256 of the one before")
    def previous(self, statement: DailyStatement) -> Any:
        said = said_of(statement)
        if said is None:
            return "–"
        return "None: it is the first one" if said.previous == NO_STATEMENT else code(said.previous)

    @admin.display(description="Signature")
    def signature_shown(self, statement: DailyStatement) -> Any:
        return code(statement.signature)

    @admin.display(description="What is signed")
    def content_shown(self, statement: DailyStatement) -> Any:
        return code(statement.content)

    @list_page(label="Export", permission="reconciliation.view_dailystatement", icon="download")
    def export(self, request: HttpRequest) -> HttpResponseBase:
        return file_response(files.NAME, "".join(files.lines()).encode(), files.MEDIA_TYPE)

    @object_page(label="File", permission="reconciliation.view_dailystatement", icon="download")
    def file(self, request: HttpRequest, statement: DailyStatement) -> HttpResponseBase:
        content = "".join(files.lines(statement.day, statement.day)).encode()
        return file_response(f"statement-{statement.day}.ndjson", content, files.MEDIA_TYPE)

    @object_action(
        label="Prove this day",
        permission="reconciliation.view_dailystatement",
        confirm="The day's ledger entries and documents are read again, and compared with what was signed.",
        facts=lambda _request, statement: _facts(statement),
        obstacles=lambda _request, statement: _obstacles(statement),
        icon="verified",
    )
    def prove(self, request: HttpRequest, statement: DailyStatement) -> str | HttpResponse:
        return prove_day(statement)


def prove_day(statement: DailyStatement) -> str:
    """Says how much is as it was stated. Raises DomainError, which names what is not."""
    before = DailyStatement.objects.filter(number=statement.number - 1).values_list("hash", flat=True).first()
    fault = link_fault(statement, before or NO_STATEMENT, believed_keys())
    found = [f"The statement {fault}"] if fault else []
    proven = Proven()
    if said_of(statement) is not None:
        with transaction.atomic():
            for difference in differences(statement, proven=proven):
                found.append(difference.sentence)
                if len(found) > MOST_NAMED:
                    found[-1] = "There is more: `manage.py prove` names it."
                    break
    if found:
        raise DomainError(" · ".join(found), code="NOT_AS_STATED")
    return (
        f"Proved: {format_number(proven.entries)} ledger entries and {format_number(proven.document_leaves)} rows of "
        "documents are as they were stated, and the statement is signed."
    )


def _facts(statement: DailyStatement) -> Any:
    said = said_of(statement)
    if said is not None:
        yield "Ledger entries", format_number(said.ledger.entries)
        yield "Rows of documents", format_number(said.documents.leaves)


def _obstacles(statement: DailyStatement) -> Any:
    said = said_of(statement)
    if said is not None and said.ledger.entries + said.documents.leaves > MOST_AT_ONCE:
        yield f"The day is too large to be proven here: use `manage.py prove --from {said.day} --to {said.day}`."


def _warn(request: HttpRequest) -> None:
    """Say on the list why there are no new statements."""
    try:
        own_public_key()
    except NoSigningKey as error:
        messages.warning(request, error.message)
        return
    last = DailyStatement.objects.order_by("-number").first()
    if last is not None and (last_complete_day() - last.day).days > 1:
        messages.warning(
            request, f"The last statement is of {day_text(last.day)}. The job at 03:00 makes those that are missing."
        )
