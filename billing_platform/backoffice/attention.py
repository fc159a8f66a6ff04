"""What waits for a person: each kind with how many, how much money, how old, who has it in hand, the list of the very
same rows, and the button that mends them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import xor
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.core.cache import cache
from django.db.models import CharField, Count, DecimalField, F, Min, Q, Sum, Value
from django.http import HttpRequest

from billing_platform.lib import clock, slow_answers
from billing_platform.lib.admin.contributions import Urgency, Verb, Waits, verbs, waiting_kinds
from billing_platform.lib.admin.filters import real_rows
from billing_platform.lib.database.fingerprints import Fingerprint
from billing_platform.lib.number_formats import format_money, format_number
from organisations.operators_clock import operators_today, operators_zone
from organisations.services import attention as seen

REMEMBERED_SECONDS, LONGER_SECONDS = 60, 300
A_WEEK = timedelta(days=7)
MONEY = DecimalField(max_digits=19, decimal_places=4)
NOBODY = "nobody yet"
NAMED_OWNERS = 2


@dataclass(frozen=True)
class Attention:
    """One kind of thing that waits. `facts` say how much money, how old; `owner` says who has them in hand, and is
    empty where nobody can be given them; `fingerprint` changes with its rows. `verb` is the button that mends them, and
    leads to `verb_href`; empty for who may not."""

    kind: str
    label: str
    count: int
    href: str
    facts: tuple[str, ...] = ()
    fingerprint: str = ""
    is_technical: bool = False
    owner: str = ""
    verb: str = ""
    verb_href: str = ""


@dataclass(frozen=True)
class Waiting:
    """What waits for one person: money first, then the rest of billing, technical things apart; and what was seen."""

    billing: tuple[Attention, ...]
    technical: tuple[Attention, ...]
    seen: tuple[Attention, ...]

    @property
    def badges(self) -> dict[str, int]:
        """How many rows wait, by the address of their list."""
        found: dict[str, int] = {}
        for item in (*self.billing, *self.technical):
            address = item.href.partition("?")[0]
            found[address] = found.get(address, 0) + item.count
        return found


def of(user: Any) -> Waiting:
    """Counted now. The numbers for the sidebar are remembered for a minute, and where counting takes long for five."""
    begun = time.monotonic()
    items = [_count(kind, rows, user) for kind, rows in _those_with_rows(user)]
    known = seen.seen_by(user) if user.is_authenticated else {}
    fresh = [item for item in items if known.get(item.kind) != item.fingerprint]
    waiting = Waiting(
        billing=tuple(item for item in fresh if not item.is_technical),
        technical=tuple(item for item in fresh if item.is_technical),
        seen=tuple(item for item in items if item not in fresh),
    )
    took = time.monotonic() - begun
    cache.set(_key(user), waiting.badges, LONGER_SECONDS if took > slow_answers.SLOW_SECONDS else REMEMBERED_SECONDS)
    return waiting


def badges(request: HttpRequest) -> dict[str, int]:
    """For the sidebar of every page, as they are remembered. The dashboard counts everything, and so refreshes them. A
    POST of this user on any page makes the next page count again."""
    user: Any = request.user
    known: dict[str, int] | None = cache.get(_key(user))
    return of(user).badges if known is None else known


def forget(user: Any) -> None:
    """After something was done: the next page counts anew."""
    cache.delete(_key(user))


def now(user: Any, waiting: Waiting, kind: str) -> Attention | None:
    """What waits of one kind, also if nothing does or it was seen; None for a kind that the user may not see."""
    for item in (*waiting.billing, *waiting.technical, *waiting.seen):
        if item.kind == kind:
            return item
    known = _known(kind)
    return Attention(kind, known.many, 0, known.href) if known.concerns(user) else None


def came(kind: str, user: Any) -> str:
    """How many rows of a kind came in the last seven days, and in the seven before, whatever became of them; empty
    where the kind does not keep them."""
    known = _known(kind)
    if known.ever is None:
        return ""
    week = clock.now() - A_WEEK
    rows = _real(known, known.ever(user)).filter(**{f"{known.since}__gte": week - A_WEEK}).order_by()
    late = Q(**{f"{known.since}__gte": week})
    found = rows.aggregate(lately=Count("pk", filter=late), before=Count("pk", filter=~late))
    if not any(found.values()):
        return "none came in 14 days"
    return f"{format_number(found['lately'])} came in 7 days, {format_number(found['before'])} in the 7 before"


def _known(kind: str) -> Waits:
    return next(each for each in waiting_kinds() if each.kind == kind)


def _key(user: Any) -> str:
    return f"admin-badges:{user.pk}"


def _those_with_rows(user: Any) -> list[tuple[Waits, Any]]:
    """One query for all kinds: most have no rows, and nothing of these needs to be counted."""
    kinds = {kind.kind: (kind, _rows(kind, user)) for kind in waiting_kinds() if kind.concerns(user)}
    first = [rows.order_by().values_list(Value(name, CharField()))[:1] for name, (_kind, rows) in kinds.items()]
    found = {name for (name,) in first[0].union(*first[1:], all=True)} if first else set()
    return [each for name, each in kinds.items() if name in found]


def _rows(kind: Waits, user: Any) -> Any:
    return _real(kind, kind.rows(user))


def _real(kind: Waits, rows: Any) -> Any:
    """Without test customers' where the kind's list leaves them out."""
    return real_rows(rows) if "attention" in kind.filters else rows


def _count(kind: Waits, rows: Any, user: Any) -> Attention:
    """One query: how many rows, which, since when, and how much in each currency."""
    group = "currency" if kind.amount is not None else kind.named
    rows = rows.alias(who=F(kind.owner)) if kind.owner else rows
    grouped = rows.order_by().annotate(of=F(group) if group else Value("", CharField())).values("of")
    asked: dict[str, Any] = {"number": Count("pk"), "which": Fingerprint("pk")}
    asked |= {"oldest": Min(kind.since)} if kind.since else {}
    asked |= {"money": Sum(kind.amount, output_field=MONEY)} if kind.amount is not None else {}
    if kind.owner:
        asked |= {"owners": ArrayAgg("who", distinct=True), "nobodys": Count("pk", filter=Q(who=None))}
    found = sorted(grouped.annotate(**asked), key=lambda row: str(row["of"]))
    count = sum(row["number"] for row in found)
    which = reduce(xor, (row["which"] or 0 for row in found), 0)
    more = kind.more(user) if count else ()
    verb = _verb(kind, user)
    return Attention(
        kind=kind.kind,
        label=kind.one if count == 1 else kind.many,
        count=count,
        href=kind.href,
        facts=(*_facts(kind, found), *more),
        fingerprint=":".join([f"{count}:{which}", *more[:1]]),
        is_technical=kind.urgency == Urgency.TECHNICAL,
        owner=_owner(found) if kind.owner and found else "",
        verb=verb.label if verb else "",
        verb_href=verb.href(kind) if verb else "",
    )


def _verb(kind: Waits, user: Any) -> Verb | None:
    """None for a user who may not mend it."""
    verb = verbs().get(kind.kind)
    return verb if verb is not None and user.has_perm(verb.permission) else None


def _owner(found: list[dict[str, Any]]) -> str:
    """ "olga", "olga, om and 2 more", "olga; 3 nobody yet"."""
    known = sorted({name for row in found for name in row["owners"] or () if name})
    nobodys = sum(row["nobodys"] for row in found)
    if not known:
        return NOBODY
    more = len(known) - NAMED_OWNERS
    said = ", ".join(known[:NAMED_OWNERS]) + (f" and {more} more" if more > 0 else "")
    return f"{said}; {nobodys:,} {NOBODY}" if nobodys else said


def _facts(kind: Waits, found: list[dict[str, Any]]) -> Iterator[str]:
    """The amount or the customers, then the age of the oldest row."""
    if kind.amount is not None:
        yield from (format_money(row["money"], row["of"]) for row in found)
    elif kind.named and found:
        yield ", ".join(row["of"] for row in found)
    oldest = min((row["oldest"] for row in found if kind.since and row["oldest"]), default=None)
    if age := _age(oldest):
        yield age


def _age(oldest: date | datetime | None) -> str:
    """Whole days on the operators' calendar; nothing for what is of today."""
    if oldest is None:
        return ""
    day = oldest.astimezone(operators_zone()).date() if isinstance(oldest, datetime) else oldest
    days = (operators_today() - day).days
    return f"{days:,} day{'' if days == 1 else 's'}" if days > 0 else ""
