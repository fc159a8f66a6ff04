"""Statements of account as files: a PDF on the seller's paper, and rows for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.text import slugify

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money, format_sums, money_text
from invoicing.documents.account_statement import PrintedStatement, render_statement
from invoicing.documents.letterhead import PrintedTable
from invoicing.services.stored_pdfs import read_logo
from payments.receivables.movements import Movement, MovementKind
from payments.receivables.statement import Account, Statement
from payments.services.parties import customer_today, seller_today

CSV_COLUMNS = (
    "date", "kind", "number", "about_invoice", "due_date", "currency", "debit", "credit", "balance",
)  # fmt: skip
_WORDS = {
    MovementKind.INVOICE: "Invoice",
    MovementKind.CREDIT_NOTE: "Credit note",
    MovementKind.VOID: "Void invoice",
    MovementKind.PAYMENT: "Payment",
    MovementKind.TDS: "TDS withheld",
    MovementKind.REVERSAL: "Payment reversed",
    MovementKind.REFUND: "Refund",
    MovementKind.FAILED_REFUND: "Refund that failed",
    MovementKind.DISPUTE: "Lost in dispute",
    MovementKind.DISPUTE_WON: "Won in dispute",
}
_ABOUT = frozenset(_WORDS) - {MovementKind.INVOICE, MovementKind.VOID}


def in_words(movement: Movement) -> str:
    """“Payment pay_123 for INV/26-27/000001”."""
    words = f"{_WORDS[movement.kind]} {movement.number}".strip()
    return f"{words} for {movement.about}" if movement.kind in _ABOUT and movement.about else words


def statement_pdf(statement: Statement) -> tuple[str, bytes]:
    """File name and content. Raises FontMissing where this machine has no font for a script."""
    seller = statement.seller
    closing = [(account.currency, account.closing) for account in statement.accounts if account.closing]
    printed = PrintedStatement(
        seller=seller_today(seller),
        customer=customer_today(statement.organisation),
        first=statement.first,
        last=statement.last,
        owed=format_sums(closing) or "Nothing",
        tables=tuple(table for account in statement.accounts for table in _tables(account, statement)),
        brand_colour=seller.brand_colour,
    )
    logo = read_logo(seller.logo.name or "")
    return f"{file_name(statement)}.pdf", render_statement(printed, logo=logo)


def file_name(statement: Statement) -> str:
    customer = slugify(statement.organisation.name)[:40] or "customer"
    return f"statement-{customer}-{statement.first:%Y%m%d}-{statement.last:%Y%m%d}"


def statement_rows(statement: Statement) -> Iterator[tuple[Any, ...]]:
    """The header, and for each currency opening balance, movements and closing balance."""
    yield CSV_COLUMNS
    for account in statement.accounts:
        code = account.currency

        def text(amount: Decimal, code: str = code) -> str:
            return money_text(amount, code)

        yield statement.first, "Opening balance", "", "", "", code, "", "", text(account.opening)
        for entry in account.entries:
            moved = entry.movement
            debit, credit = (text(moved.amount), "") if moved.amount > ZERO else ("", text(-moved.amount))
            about = moved.about if moved.kind in _ABOUT else ""
            yield (
                moved.day, _WORDS[moved.kind], moved.number, about, moved.due_date or "", code, debit, credit,
                text(entry.balance),
            )  # fmt: skip
        yield (
            statement.last, "Closing balance", "", "", "", code, text(account.debits), text(account.credits),
            text(account.closing),
        )  # fmt: skip


def standing_of(account: Account) -> str:
    """Why the balance is not what is due of invoices, as a sentence; empty where it is."""
    parts = []
    if account.returned:
        parts.append(f"{format_money(account.returned, account.currency)} was given back and is not asked for again")
    if account.not_credited > ZERO:
        parts.append(f"{format_money(account.not_credited, account.currency)} is not credited to an invoice yet")
    elif account.not_credited:
        parts.append(f"{format_money(-account.not_credited, account.currency)} was credited from other money")
    if not parts:
        return ""
    return f"Due of invoices: {format_money(account.due, account.currency)}; {', '.join(parts)}."


def _tables(account: Account, statement: Statement) -> Iterator[PrintedTable]:
    def money(amount: Decimal) -> str:
        return format_money(amount, account.currency)

    rows = [(day_text(statement.first), "Opening balance", "", "", money(account.opening))]
    for entry in account.entries:
        moved = entry.movement
        debit, credit = (money(moved.amount), "") if moved.amount > ZERO else ("", money(-moved.amount))
        rows.append((day_text(moved.day), in_words(moved), debit, credit, money(entry.balance)))
    rows.append(
        (
            day_text(statement.last),
            "Closing balance",
            money(account.debits),
            money(account.credits),
            money(account.closing),
        )
    )
    heads = (("Date", 13), ("What", 39), ("Debit", 16), ("Credit", 16), ("Balance", 16))
    yield PrintedTable(
        f"Account in {account.currency}", heads, rows, 2, frozenset({0, len(rows) - 1}), standing_of(account)
    )
    due = [invoice for invoice in account.invoices if invoice.due]
    if due:
        shown = [
            (each.number, day_text(each.issue_date), day_text(each.due_date), _late(each.days_late(statement.last)),
             money(each.due))
            for each in due
        ]  # fmt: skip
        shown.append(("Due in all", "", "", "", money(account.due)))
        heads = (("Invoice", 28), ("Date", 18), ("Due date", 18), ("Late", 16), ("Due", 20))
        yield PrintedTable(f"Due on {day_text(statement.last)}", heads, shown, 4, frozenset({len(shown) - 1}))


def _late(days: int) -> str:
    return "" if days <= 0 else "1 day" if days == 1 else f"{days:,} days"
