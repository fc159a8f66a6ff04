"""Read a GSTIN's return from its final documents: figures, findings, and files while the documents pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.cache import cache

from billing_platform.lib import clock
from billing_platform.lib.database.consistent_read import consistent_read
from billing_platform.lib.errors import InvalidInput
from invoicing.returns.documents import ReturnDocument
from invoicing.returns.gstr1 import Gstr1, Writer
from invoicing.returns.lints import Level
from invoicing.returns.period import ReturnPeriod
from invoicing.returns.sections import Rules
from invoicing.returns.summary import Reconciliation, filed_places, summary_of
from invoicing.selectors.final_documents import (
    Contents,
    contents_of,
    counts_of,
    documents_of,
    gstins,
    invoices_as_issued,
    ledger_of,
)

_STORED_SECONDS = 24 * 3600


@dataclass(slots=True)
class Documents:
    """The ids of a return's documents; `void_invoices` are some of `invoices`."""

    invoices: list[UUID] = field(default_factory=list)
    void_invoices: list[UUID] = field(default_factory=list)
    credit_notes: list[UUID] = field(default_factory=list)

    def add(self, document: ReturnDocument) -> None:
        (self.credit_notes if document.is_note else self.invoices).append(document.id)
        if document.is_void:
            self.void_invoices.append(document.id)


@dataclass(frozen=True, slots=True)
class Reading:
    """A return as its documents were at the moment `read_at`."""

    gstr1: Gstr1
    reconciliation: Reconciliation
    documents: Documents
    read_at: datetime

    @property
    def summary(self) -> dict[str, Any]:
        return summary_of(self.gstr1, self.reconciliation)

    @property
    def is_blocked(self) -> bool:
        return bool(self.gstr1.found[Level.BLOCK])


def rules() -> Rules:
    """As set: what the portal's tool is now, and how many digits the seller's codes need."""
    return Rules(settings.GST_PORTAL_VERSION, settings.GST_SAC_DIGITS)


def figures_of(*, gstin: str, period: ReturnPeriod) -> dict[str, Any]:
    """The summary that `read_return` gives. Final documents never change, so a summary that was worked out holds until
    there is another document, or one became void. Raises InvalidInput as `read_return` does."""
    if gstin not in gstins():
        raise InvalidInput.field("gstin", f"No seller has or had the GSTIN {gstin}.")
    key = f"gstr1:{gstin}:{period.start}:{period.frequency}"
    state = f"{settings.VERSION} {rules()} {counts_of(contents_of(gstin, period))}"
    stored: dict[str, Any] | None = cache.get(key)
    if stored is None or stored["state"] != state:
        stored = {"state": state, "summary": read_return(gstin=gstin, period=period).summary}
        cache.set(key, stored, timeout=_STORED_SECONDS)
    summary: dict[str, Any] = stored["summary"]
    return summary


def read_return(*, gstin: str, period: ReturnPeriod, writers: Sequence[Writer] = ()) -> Reading:
    """Pass all documents of the return by its sections and `writers`. Raises InvalidInput for a GSTIN that no seller
    has or had."""
    if gstin not in gstins():
        raise InvalidInput.field("gstin", f"No seller has or had the GSTIN {gstin}.")
    documents, read_at = Documents(), clock.now()
    with consistent_read():
        contents = contents_of(gstin, period)
        places = filed_places(contents.before.summary) if contents.before else {}
        gstr1 = Gstr1(gstin, period, rules(), writers=writers, filed_places=places)
        reconciliation = _pass_documents(contents, gstr1, documents)
    if lint := reconciliation.lint:
        gstr1.note(lint)
    return Reading(gstr1, reconciliation, documents, read_at)


def _pass_documents(contents: Contents, gstr1: Gstr1, documents: Documents) -> Reconciliation:
    for document in documents_of(contents):
        documents.add(document)
        gstr1.add(document, is_furnished=document.id in contents.furnished)
    for document in invoices_as_issued(contents.changed):
        gstr1.change(replace(document, is_void=False))
    for document in invoices_as_issued(contents.withdrawn):
        gstr1.change(replace(document, is_void=False), was_furnished=True)
    gstr1.finish()
    return Reconciliation(gstr1.by_sections, gstr1.by_codes, ledger_of(contents))
