"""Adds to the overview of a customer: what holds its billing, what waits for a person, and the newest notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import CharField, Count, Value
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from billing_platform.lib import clock
from billing_platform.lib.admin.base import Extension, extends
from billing_platform.lib.admin.contributions import Waits, list_address, waiting_kinds
from billing_platform.lib.admin.display import anchor, when
from billing_platform.lib.admin.filters import real_rows
from billing_platform.lib.admin.tabs import OVERVIEW, Panel
from billing_platform.lib.number_formats import format_number
from organisations.admin.billing_hold import hold_sentences
from organisations.models import BillingHold, CustomerNote, Organisation
from organisations.scoping import EVERY_ORGANISATION, reachable_organisations

NOTES = 5
ANY_CUSTOMER = UUID(int=0)
MOST_STATEMENTS = 100

_statements: dict[Any, tuple[str, tuple[Any, ...]]] = {}


@extends(Organisation)
class OverviewOfCustomer(Extension):
    def panels(self, request: HttpRequest, obj: Organisation, tab: str) -> Iterator[Panel]:
        if tab != OVERVIEW:
            return
        user: Any = request.user
        if user.has_perm("organisations.view_billinghold", obj) and obj.standing_holds:
            href = list_address(BillingHold, organisation__id__exact=str(obj.pk))
            yield Panel("On hold", hold_sentences(self.page, obj.standing_holds), href, is_wide=True)
        yield _attention(self.page, request, obj)
        if user.has_perm("organisations.view_customernote", obj) and (notes := list(obj.notes.all()[:NOTES])):
            href = list_address(CustomerNote, organisation__id__exact=str(obj.pk))
            yield Panel("Newest notes", _notes(self.page, notes), href)


def _notes(page: Any, notes: list[CustomerNote]) -> Any:
    rows = ((when(note.created_at), anchor(page, note), note.written_by) for note in notes)
    lines = format_html_join("", "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", rows)
    return format_html('<div class="facts-scroll"><table class="facts">{}</table></div>', lines)


def _attention(page: Any, request: HttpRequest, customer: Organisation) -> Panel:
    """The dashboard's lines, counted for one customer in one query: each leads to the list of these very rows."""
    user: Any = request.user
    kinds = {kind.kind: kind for kind in waiting_kinds() if kind.concerns(user) and _is_listed(page, request, kind)}
    found = _counts(kinds, user, customer)
    lines = (
        (format_number(found[name]), f"{kind.href}&{_path(kind)}={customer.pk}", _words(kind, found[name]))
        for name, kind in kinds.items()
        if found.get(name)
    )
    todo = format_html_join("", '<div class="todo"><strong>{}</strong><a href="{}">{}</a></div>', lines)
    return Panel("Needs attention", todo or format_html('<p class="calm">{}</p>', "Nothing waits for a person."))


def _words(kind: Waits, count: int) -> str:
    return kind.one if count == 1 else kind.many


def _path(kind: Waits) -> str:
    return f"{kind.model.tenant_path}__{'exact' if kind.model.tenant_path == 'id' else 'id__exact'}"  # type: ignore[attr-defined]


def _is_listed(page: Any, request: HttpRequest, kind: Waits) -> bool:
    """Whether the list of the rows can be narrowed to one customer: else it would show more than was counted."""
    if not hasattr(kind.model, "tenant_path") or not kind.filters:
        return False
    shown = page.admin_site._registry[kind.model]
    return bool(shown.lookup_allowed(_path(kind), "", request))


def _counts(kinds: Mapping[str, Waits], user: Any, customer: Organisation) -> dict[str, int]:
    """One statement for all kinds. It is the same for every customer, and takes Django longer to put together than
    PostgreSQL to answer: a user's stands for the rest of the minute, unless the user reaches other organisations."""
    reach, minute = reachable_organisations(user), clock.now().replace(second=0, microsecond=0)
    key = (user.pk, reach if reach is EVERY_ORGANISATION else frozenset(reach), minute, *kinds)
    if key not in _statements:
        if len(_statements) >= MOST_STATEMENTS:
            _statements.clear()
        _statements[key] = _statement(kinds, user)
    sql, parameters = _statements[key]
    with connection.cursor() as cursor:
        cursor.execute(sql, [customer.pk if each == ANY_CUSTOMER else each for each in parameters])
        return dict(cursor.fetchall())


def forget_statements() -> None:
    """For tests, in which the same minute comes again with other rates or outages."""
    _statements.clear()


def _statement(kinds: Mapping[str, Waits], user: Any) -> tuple[str, tuple[Any, ...]]:
    """SQL and parameters, with ANY_CUSTOMER instead of the customer."""
    counts = [_counted(kind, user) for kind in kinds.values()]
    statement: tuple[str, tuple[Any, ...]] = counts[0].union(*counts[1:], all=True).query.sql_with_params()
    return statement


def _counted(kind: Waits, user: Any) -> Any:
    rows = real_rows(kind.rows(user)) if "attention" in kind.filters else kind.rows(user)
    mine = rows.filter(**{_path(kind): ANY_CUSTOMER}).order_by()
    named = mine.annotate(of_kind=Value(kind.kind, CharField())).values("of_kind")
    return named.annotate(how_many=Count("pk")).values_list("of_kind", "how_many")
