"""What may be decided about many discrepancies of the list at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Min
from django.http import HttpRequest

from billing_platform.lib import clock
from billing_platform.lib.admin.base import Extension, extends
from billing_platform.lib.dates_in_words import age_text
from organisations.admin.bulk import BulkForm, bulk_action
from reconciliation import bulk_verbs
from reconciliation.admin.decisions import AssignForm, NoteForm, ReasonForm
from reconciliation.models import Discrepancy


class NoteManyForm(BulkForm, NoteForm):
    pass


class AssignManyForm(BulkForm, AssignForm):
    pass


class ReasonManyForm(BulkForm, ReasonForm):
    pass


def oldest(_request: HttpRequest, rows: Any) -> Iterator[tuple[str, Any]]:
    """How old the oldest is, and what the first of them are about."""
    standing = rows.standing()
    since = standing.aggregate(oldest=Min("first_seen_at"))["oldest"]
    if since is None:
        return
    yield "The oldest", age_text((clock.now() - since).days)
    for each in standing.order_by("first_seen_at")[:5]:
        yield each.get_kind_display(), each.about


@extends(Discrepancy)
class BulkOfDiscrepancies(Extension):
    acknowledge_many = bulk_action(bulk_verbs.ACKNOWLEDGE, NoteManyForm, oldest)
    assign_many = bulk_action(bulk_verbs.ASSIGN, AssignManyForm, oldest)
    write_off_many = bulk_action(bulk_verbs.WRITE_OFF, ReasonManyForm, oldest)
