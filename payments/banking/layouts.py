"""The cells of a bank's statement → its lines: which column is which, days and amounts as Indian banks write them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from billing_platform.lib.errors import quoted
from billing_platform.lib.limits import MAX_MONEY, REFERENCE_LENGTH
from billing_platform.lib.money import ZERO, exponent
from billing_platform.lib.number_formats import NumberError, parse_decimal

Cells = Sequence[Sequence[str]]
NARRATION_LENGTH = 1000
_TITLE_ROWS = 60  # name, address and account stand above the header


class Column(StrEnum):
    """What a column of a statement holds."""

    DAY = "day"
    VALUE_DAY = "value_day"
    NARRATION = "narration"
    REFERENCE = "reference"
    DEBIT = "debit"
    CREDIT = "credit"
    AMOUNT = "amount"
    SIGN = "sign"
    BALANCE = "balance"


_HEADERS = {
    Column.DAY: "date txndate trandate transactiondate postingdate posteddate txnposteddate",
    Column.VALUE_DAY: "valuedate valuedt",
    Column.NARRATION: "narration description particulars transactionremarks remarks transactionparticulars details"
    " transactiondetails transactiondescription",
    Column.REFERENCE: "chqrefno chqrefnumber refnochequeno chqno chequenumber chequeno chequerefno chequereferenceno"
    " reference referenceno refno utr utrno utrnumber transactionid tranid",
    Column.DEBIT: "withdrawalamt withdrawalamount withdrawalamountinr withdrawal withdrawals withdrawaldr debit dr"
    " debits debitamount debitamt debitinr debitamountinr",
    Column.CREDIT: "depositamt depositamount depositamountinr deposit deposits depositcr credit cr credits creditamount"
    " creditamt creditinr creditamountinr",
    Column.AMOUNT: "amount amountinr transactionamount transactionamountinr txnamount withdrawaldrdepositcr",
    Column.SIGN: "drcr crdr debitcredit creditdebit dc cd type",
    Column.BALANCE: "closingbalance balance balanceinr bal availablebalance availablebalanceinr runningbalance",
}
_COLUMN_OF = {name: column for column, names in _HEADERS.items() for name in names.split()}
_BANKS = (  # by names of columns that only this bank writes, in lower case without signs
    ("HDFC Bank", {"chqrefno", "withdrawalamt", "depositamt"}),
    ("ICICI Bank", {"transactionremarks", "withdrawalamountinr"}),
    ("State Bank of India", {"txndate", "refnochequeno"}),
    ("Axis Bank", {"trandate", "chqno", "particulars"}),
    ("Kotak Mahindra Bank", {"chqrefno", "withdrawaldrdepositcr"}),
    ("Kotak Mahindra Bank", {"chqrefnumber", "amount", "drcr"}),
)
_DAYS = (
    "%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y", "%d-%m-%y", "%d.%m.%Y", "%Y-%m-%d", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y",
    "%d/%b/%Y", "%d %b %y", "%d %B %Y",
)  # fmt: skip
_TIME = re.compile(r"[ T]\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?$")
_AMOUNT = re.compile(
    r"(?P<minus>[-(]?)\s*(?:₹|INR|Rs\.?)?\s*(?P<digits>[0-9][0-9,]*(?:\.[0-9]*)?)\s*\)?\s*\(?(?P<sign>cr|dr|c|d)?\.?\)?",
    re.IGNORECASE,
)
_ENDS = (
    "statementsummary", "total", "grandtotal", "closingbalance", "legend", "endofstatement", "statementgenerated",
    "thisisacomputer", "computergenerated", "generatedon", "unlesstheconstituent", "disclaimer",
)  # fmt: skip
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\s]+")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the header stands, counted from 0, and which column of it holds what."""

    header_row: int
    columns: Mapping[Column, int]
    bank: str = ""

    @property
    def is_complete(self) -> bool:
        found = self.columns
        has_day = Column.DAY in found or Column.VALUE_DAY in found
        return has_day and Column.NARRATION in found and (Column.CREDIT in found or Column.AMOUNT in found)


@dataclass(frozen=True, slots=True)
class StatementLine:
    """Money that came in. `row` is counted from 1, as spreadsheets count; `balance` is that after it."""

    row: int
    day: date
    narration: str
    reference: str
    amount: Decimal
    balance: Decimal | None


@dataclass(frozen=True, slots=True)
class Problem:
    row: int
    sentence: str


@dataclass(slots=True)
class Read:
    lines: list[StatementLine] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    debits: int = 0


def plain_name(cell: str) -> str:
    """A column's name in lower-case letters and digits alone: "Chq./Ref.No." is "chqrefno"."""
    return re.sub(r"[^a-z0-9]", "", cell.lower())


def header_key(header: Sequence[str]) -> str:
    """The same for files of the same bank, whatever account and days they are of."""
    return "|".join(filter(None, map(plain_name, header)))


def find_layout(cells: Cells) -> Layout | None:
    """The header that names a day, a text and an amount as banks in India name them."""
    for number, row in enumerate(cells[:_TITLE_ROWS]):
        names = [plain_name(cell) for cell in row]
        columns: dict[Column, int] = {}
        for place, name in enumerate(names):
            if name in _COLUMN_OF:
                columns.setdefault(_COLUMN_OF[name], place)
        layout = Layout(number, columns, _bank_of(set(names)))
        if layout.is_complete:
            return layout
    return None


def widest_row(cells: Cells) -> int:
    """The row that is most likely the header where its names are not known: the first with the most cells in use."""
    counts = [sum(map(bool, row)) for row in cells[:_TITLE_ROWS]]
    return counts.index(max(counts, default=0)) if counts else 0


def named_layout(cells: Cells, names: Mapping[Column, str]) -> Layout | None:
    """The header that has the columns that a person named; None where no row has all of them."""
    wanted = {column: plain_name(name) for column, name in names.items() if plain_name(name)}
    for number, row in enumerate(cells[:_TITLE_ROWS]):
        present = [plain_name(cell) for cell in row]
        if wanted and all(name in present for name in wanted.values()):
            layout = Layout(number, {column: present.index(name) for column, name in wanted.items()})
            return layout if layout.is_complete else None
    return None


def read_lines(cells: Cells, layout: Layout, currency: str) -> Read:
    """The lines below the header, up to the bank's summary. Money that went out is counted, no more. A line below the
    summary is a problem: nothing is left out unseen."""
    read, is_over = Read(), False
    for number, row in enumerate(cells[layout.header_row + 1 :], start=layout.header_row + 2):
        if not any(row) or plain_name("".join(row)) == plain_name("".join(cells[layout.header_row])):
            continue
        cells_of_row = _Row(row, layout)
        is_over = is_over or (cells_of_row.day is None and plain_name("".join(row)).startswith(_ENDS))
        try:
            if not is_over:
                _take(read, number, cells_of_row, currency)
            elif cells_of_row.day is not None and cells_of_row.credit(currency):
                raise ValueError("The row stands below the bank's summary: upload what follows as a file of its own.")
        except ValueError as error:
            read.problems.append(Problem(number, str(error)))
    return read


def parse_day(text: str) -> date | None:
    short = _TIME.sub("", text.strip().strip("'"))
    for form in _DAYS:
        try:
            return datetime.strptime(short.title(), form).date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            continue
    return None


def parse_amount(text: str, currency: str) -> tuple[Decimal | None, str]:
    """An amount and its sign, "cr", "dr" or "": `1,18,000.00Cr` is 118000.00 and "cr"; a dash or nothing is None.

    Raises ValueError with a sentence.
    """
    if not text.strip(" -–*=_") or text.strip().upper() in ("NA", "N.A."):
        return None, ""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{quoted(text)} is no amount: write it as 1,18,000.00.")
    try:
        amount = parse_decimal(found["digits"].replace(",", ""), places=exponent(currency))
    except NumberError as error:
        raise ValueError(f"{quoted(text)}: {error}") from None
    if amount >= MAX_MONEY:
        raise ValueError(f"{quoted(text)} is too large.")
    sign = {"c": "cr", "d": "dr"}.get((found["sign"] or "").lower(), (found["sign"] or "").lower())
    return (-amount if found["minus"] else amount), sign


def tidy(text: str) -> str:
    """One line: what can't be printed becomes a space."""
    return _UNPRINTABLE.sub(" ", text).strip()


@dataclass(frozen=True, slots=True)
class _Row:
    cells: Sequence[str]
    layout: Layout

    def __getitem__(self, column: Column) -> str:
        place = self.layout.columns.get(column)
        return self.cells[place] if place is not None and place < len(self.cells) else ""

    @property
    def day(self) -> date | None:
        return parse_day(self[Column.DAY] or self[Column.VALUE_DAY])

    def amount(self, column: Column, currency: str) -> tuple[Decimal | None, str]:
        try:
            return parse_amount(self[column], currency)
        except ValueError as error:
            raise ValueError(f"{column.value}: {error}") from None

    def credit(self, currency: str) -> Decimal | None:
        """What came in; below zero, or None, where nothing did."""
        if Column.CREDIT in self.layout.columns:
            amount, _sign = self.amount(Column.CREDIT, currency)
            debit, _sign = self.amount(Column.DEBIT, currency)
            if amount and debit:
                raise ValueError("credit: The row says that money came in and went out: write it as two rows.")
            return amount
        amount, sign = self.amount(Column.AMOUNT, currency)
        sign = sign or plain_name(self[Column.SIGN])[:1]
        if amount is not None and not sign and Column.SIGN in self.layout.columns:
            raise ValueError("sign: The row does not say whether money came in (Cr) or went out (Dr).")
        return -abs(amount) if amount is not None and sign.startswith("d") else amount


def _take(read: Read, number: int, row: _Row, currency: str) -> None:
    text = row[Column.DAY] or row[Column.VALUE_DAY]
    day = row.day
    if day is None and not any(row[each] for each in (Column.CREDIT, Column.DEBIT, Column.AMOUNT)):
        if not text and read.lines and read.lines[-1].row == number - 1:
            read.lines[-1] = _continued(read.lines[-1], row[Column.NARRATION], number)
        return
    credit = row.credit(currency)
    if credit is None or credit <= ZERO:
        read.debits += day is not None
        return
    if day is None:
        raise ValueError(f"day: {quoted(text)} is no day: write it as 20/11/2026.")
    if not 2000 <= day.year < 2100:
        raise ValueError(f"day: {quoted(text)} is far from today.")
    balance, sign = row.amount(Column.BALANCE, currency)
    read.lines.append(
        StatementLine(
            row=number,
            day=day,
            narration=tidy(row[Column.NARRATION])[:NARRATION_LENGTH],
            reference=tidy(row[Column.REFERENCE]).strip("-*")[:REFERENCE_LENGTH],
            amount=credit,
            balance=-balance if balance is not None and sign == "dr" else balance,
        )
    )


def _continued(line: StatementLine, more: str, row: int) -> StatementLine:
    """Some banks write a long text on several rows."""
    narration = tidy(f"{line.narration} {more}")[:NARRATION_LENGTH]
    return StatementLine(row, line.day, narration, line.reference, line.amount, line.balance)


def _bank_of(names: set[str]) -> str:
    return next((bank for bank, own in _BANKS if own <= names), "")
