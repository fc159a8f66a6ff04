"""What may be done to many rows of a list. Each app registers its verbs (`<app>/bulk_verbs.py`); a verb does one row by
the same service as the button on the row's own page.

Which rows are left alone, and why, is said in conditions of the database: it judges a hundred thousand rows at once
for the preview, and the same condition judges each row again when its turn comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, DecimalField, Model, QuerySet, TextField, UUIDField, Value, When, Window
from django.db.models.functions import Cast, Left, RowNumber

from billing_platform.lib.registry import Registry
from organisations.models.bulk_job import NAME_LENGTH

Options = Mapping[str, Any]
"""What the form asked for, as JSON."""
Refusals = Iterable[tuple[Any, str]]
"""Conditions of the database with the sentence why such a row is left alone. The first that holds counts."""


@dataclass(frozen=True)
class Undo:
    """The reversing verb of the same list, and the answers that its form begins with."""

    verb: str
    options: Callable[[Options], dict[str, Any]] = lambda _options: {}


@dataclass(frozen=True, eq=False)
class BulkVerb:
    """`act(row_id, maker, options)` does one row in the caller's transaction, and calls nobody outside.

    `name_of`, `amount` and `currency` are expressions of the database. With `keeps_amount`, a row whose amount turns
    out to be another one than the operator saw is not done; `seen` is an expression that tells of a row whether it is
    still what the operator saw. `undo` is the reversing verb, or the sentence why there is
    none. `order` is the order in which the rows are done. `title` names a job where label and list do not.
    """

    name: str
    label: str
    model: type[Model]
    permission: str
    does: str
    act: Callable[[UUID, Any, Options], Any]
    refuses: Callable[[Options], Refusals]
    name_of: Any
    undo: Undo | str
    amount: Any = None
    currency: Any = None
    keeps_amount: bool = False
    seen: Any = None
    emails: bool = False
    danger: bool = False
    title: str = ""
    order: tuple[str, ...] = ("created_at", "pk")

    def judged(self, options: Options, rows: QuerySet[Any] | None = None) -> QuerySet[Any]:
        """The rows, or all, as values of items: key, name, organisation, amount, currency, why one is left alone."""
        whens = [When(condition, then=Value(why)) for condition, why in self.refuses(options)]
        because = Case(*whens, default=Value(""), output_field=TextField()) if whens else Value("", TextField())
        money: Any = DecimalField(max_digits=19, decimal_places=4)
        found = self.model._base_manager.all() if rows is None else self._among(rows)
        path: str = self.model.tenant_path  # type: ignore[attr-defined]  # each is a TenantModel
        judged: QuerySet[Any] = found.order_by().values(
            item_object=Cast("pk", UUIDField()),
            item_name=Left(Cast(self.name_of, TextField()), NAME_LENGTH),
            item_organisation=Cast("pk" if path == "id" else f"{path}_id", UUIDField()),
            item_amount=Cast(Value(None) if self.amount is None else self.amount, money),
            item_currency=Cast(Value("") if self.currency is None else self.currency, CharField(max_length=3)),
            item_seen=Cast(Value("") if self.seen is None else self.seen, TextField()),
            item_because=because,
        )
        return judged

    def in_order(self, options: Options, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The same, numbered in the order in which they are to be done."""
        place = Window(RowNumber(), order_by=list(self.order))
        numbered: QuerySet[Any] = self.judged(options, rows).annotate(item_position=place)
        return numbered

    def _among(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """What a list adds to its rows (columns, order, joins) is left behind."""
        return self.model._base_manager.filter(pk__in=rows.order_by().values("pk"))


VERBS: Registry[BulkVerb] = Registry()


def verb_named(name: str) -> BulkVerb:
    """Raises KeyError for a verb that no app has."""
    for verb in VERBS:
        if verb.name == name:
            return verb
    raise KeyError(name)
