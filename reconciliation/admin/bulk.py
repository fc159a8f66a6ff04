"""What may be decided about many discrepancies of the list at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django.utils.html import format_html_join

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
    """What the first five are about, and since when."""
    first = rows.standing().order_by("first_seen_at")[:5]
    told = [(each.get_kind_display(), each.about, age_text(each.age_days)) for each in first]
    if told:
        yield "The oldest", format_html_join("", "<div>{}: {}, {}</div>", told)


@extends(Discrepancy)
class BulkOfDiscrepancies(Extension):
    acknowledge_many = bulk_action(bulk_verbs.ACKNOWLEDGE, NoteManyForm, oldest)
    assign_many = bulk_action(bulk_verbs.ASSIGN, AssignManyForm, oldest)
    write_off_many = bulk_action(bulk_verbs.WRITE_OFF, ReasonManyForm, oldest)
