"""A bank's statement → lines, each stored once however often and in whatever pieces the days are uploaded."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Upper

from billing_platform.lib import clock
from billing_platform.lib.http.table_files import Cells
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.limits import FIRST_BUSINESS_DAY
from billing_platform.lib.number_formats import money_text
from billing_platform.lib.validators import require, validate_currency, validate_line
from organisations.models import BillingEntity
from payments.banking.layouts import (
    Column,
    Layout,
    Problem,
    StatementLine,
    find_layout,
    header_key,
    named_layout,
    read_lines,
    widest_row,
)
from payments.banking.narrations import is_number, payer_of, transfer_numbers
from payments.models import BankColumns, BankLine, BankStatement, Payment
from payments.services.banking.payouts import join, payouts_of

Outcome = BankLine.Outcome


@dataclass(frozen=True, slots=True)
class Imported:
    """What an upload stores, or would store. With problems it stores nothing."""

    bank: str
    new: tuple[BankLine, ...] = ()
    known: tuple[StatementLine, ...] = ()
    problems: tuple[Problem, ...] = ()
    debits: int = 0
    header_is_unknown: bool = False


def is_statement(cells: Cells) -> bool:
    return layout_of(cells, {}) is not None


def layout_of(cells: Cells, names: Mapping[Column, str]) -> Layout | None:
    """Which column is which: as a person says now, as the bank's names tell, or as a person said before."""
    if any(names.values()):
        return named_layout(cells, names)
    found = find_layout(cells)
    if found is not None or not cells:
        return found
    remembered = BankColumns.objects.filter(header_sha256=_header_hash(cells)).first()
    return (
        named_layout(cells, {Column(name): text for name, text in remembered.columns.items()}) if remembered else None
    )


def import_statement(
    *,
    seller: BillingEntity,
    cells: Cells,
    currency: str = "INR",
    account: str = "",
    columns: Mapping[Column, str] | None = None,
    uploaded_by: Any = None,
    dry_run: bool = False,
) -> Imported:
    """Store the credits of a statement of a seller's account that are not there yet, all or none.

    `account` tells several accounts of a seller in the same currency apart. `columns` are the names of the columns
    where they are not known, and are remembered. A line whose transfer was recorded as a payment before is joined to
    it, and one that is a payout of Razorpay's to that. A dry run checks the same and stores nothing. Raises
    InvalidInput at `account` or `currency`.
    """
    account, named = account.strip(), {key: text for key, text in (columns or {}).items() if text.strip()}
    require("currency", currency, validate_currency)
    if account:
        require("account", account, validate_line)
    layout = layout_of(cells, named)
    if layout is None:
        return Imported("", header_is_unknown=True)
    read = read_lines(cells, layout, currency)
    problems = [*read.problems, *_odd_days(read.lines)]
    with transaction.atomic():
        seller = BillingEntity.objects.select_for_update(no_key=True).get(pk=seller.pk)  # one upload at a time
        new, known = _sorted_out(seller, account, currency, read.lines)
        if not dry_run and new and not problems:
            _store(seller, account, currency, layout, new, uploaded_by, cells, named)
    return Imported(layout.bank, tuple(new), tuple(known), tuple(problems), read.debits)


def fingerprints(lines: Iterable[StatementLine], currency: str) -> list[str]:
    """What tells each line from others: day, amount, reference (or text) and balance, and the place among equals. The
    same days in another upload give the same, so nothing is doubled."""
    seen: Counter[tuple[str, ...]] = Counter()
    made = []
    for line in lines:
        balance = "" if line.balance is None else money_text(line.balance, currency)
        told = line.reference or line.narration
        key = (line.day.isoformat(), money_text(line.amount, currency), told.upper(), balance)
        seen[key] += 1
        made.append(hashlib.sha256("\n".join([*key, str(seen[key])]).encode()).hexdigest())
    return made


def recorded_payment(line: BankLine) -> Payment | None:
    """The payment by which this very transfer was recorded before: its number, its amount, and no other line's."""
    return recorded_payments([line]).get(line.pk)


def recorded_payments(lines: Sequence[BankLine]) -> dict[UUID, Payment]:
    """The same by line, for lines of one seller and currency; one payment is never that of two lines."""
    if not lines:
        return {}
    seller_id, currency = lines[0].billing_entity_id, lines[0].currency
    numbers = {line.pk: _spelled(line) for line in lines}
    payments = (
        Payment.objects.received()
        .filter(Q(invoice__billing_entity=seller_id) | Q(billing_entity=seller_id))
        .filter(kind=Payment.Kind.OFFLINE, currency=currency, bank_line__isnull=True)
        .annotate(spelled=Upper("reference"))
        .filter(spelled__in=set().union(*numbers.values()))
    )
    by_number: dict[str, list[Payment]] = defaultdict(list)
    for payment in payments.order_by("created_at"):
        by_number[payment.spelled].append(payment)
    found: dict[UUID, Payment] = {}
    for line in lines:
        same = [payment for number in sorted(numbers[line.pk]) for payment in by_number[number]]
        exact = [payment for payment in same if payment.amount == line.amount]
        if len(exact) != 1 and sum(payment.amount for payment in same) == line.amount:  # recorded for each invoice
            exact = sorted(same, key=lambda payment: payment.created_at)[:1]
        if len(exact) == 1:
            found[line.pk] = exact[0]
            for number in numbers[line.pk]:
                by_number[number] = [payment for payment in by_number[number] if payment not in exact]
    return found


def _spelled(line: BankLine) -> set[str]:
    return {line.reference.upper(), *transfer_numbers(line.reference, line.narration)} - {""}


def _odd_days(lines: Iterable[StatementLine]) -> list[Problem]:
    today = clock.today(INDIAN_TIME)
    return [
        Problem(line.row, "day: The day is in the future." if line.day > today else "day: The day is too long ago.")
        for line in lines
        if line.day > today or line.day < FIRST_BUSINESS_DAY
    ]


def _sorted_out(
    seller: BillingEntity, account: str, currency: str, lines: list[StatementLine]
) -> tuple[list[BankLine], list[StatementLine]]:
    marks = fingerprints(lines, currency)
    there = set(
        BankLine.objects.filter(
            billing_entity=seller, account=account, currency=currency, fingerprint__in=marks
        ).values_list("fingerprint", flat=True)
    )
    new = [
        BankLine(
            billing_entity=seller,
            account=account,
            day=line.day,
            narration=line.narration,
            reference=_reference(line),
            payer=payer_of(line.narration),
            amount=line.amount,
            currency=currency,
            balance=line.balance,
            row=line.row,
            fingerprint=mark,
        )
        for line, mark in zip(lines, marks, strict=True)
        if mark not in there
    ]
    return new, [line for line, mark in zip(lines, marks, strict=True) if mark in there]


def _reference(line: StatementLine) -> str:
    """What tells the transfer best: the column, or the number in the text where the column holds words."""
    if is_number(line.reference):
        return line.reference
    return next(iter(transfer_numbers("", line.narration)), line.reference)


def _store(
    seller: BillingEntity,
    account: str,
    currency: str,
    layout: Layout,
    new: list[BankLine],
    uploaded_by: Any,
    cells: Cells,
    named: Mapping[Column, str],
) -> None:
    if named:
        columns = {column.value: name for column, name in named.items()}
        BankColumns.objects.update_or_create(header_sha256=_header_hash(cells), defaults={"columns": columns})
    statement = BankStatement.objects.create(
        billing_entity=seller,
        account=account,
        bank=layout.bank,
        currency=currency,
        line_count=len(new),
        uploaded_by=uploaded_by,
    )
    for line in new:
        line.statement = statement
    BankLine.objects.bulk_create(new)
    recorded, payouts = recorded_payments(new), payouts_of(new)
    for line in new:
        if (payment := recorded.get(line.pk)) is not None:
            line.payment, line.outcome = payment, Outcome.KNOWN
            line.save(update_fields=["payment", "outcome", "updated_at"])
        elif (payout := payouts.get(line.pk)) is not None:
            join(line, payout)


def _header_hash(cells: Cells) -> str:
    return hashlib.sha256(header_key(cells[widest_row(cells)]).encode()).hexdigest()
