"""What banks' files say: headers, days, amounts, separators, encodings, and files that mean no good. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.table_files import read_cells
from payments.banking.layouts import find_layout, parse_amount, parse_day, read_lines
from payments.banking.narrations import payer_of, transfer_numbers

HDFC = """HDFC BANK Ltd.,Page No .: 1,Statement of accounts
,,
Date,Narration,Chq./Ref.No.,Value Dt,Withdrawal Amt.,Deposit Amt.,Closing Balance
********,**,**,**,**,**,**
20/11/26,NEFT CR-ICIC0000104-NANDI LOGISTICS PVT LTD-ACME-12,ICICN52026112012345,20/11/26,,"1,18,000.00","5,18,000.00"
21/11/26,ATW-512967-CASH,0000000001,21/11/26,"2,000.00",,"5,16,000.00"
********,**,**,**,**,**,**
STATEMENT SUMMARY :-
Opening Balance,Dr Count,Cr Count,Debits,Credits,Closing Bal
"4,00,000.00",1,1,"2,000.00","1,18,000.00","5,16,000.00"
"""
ICICI = """,DETAILED STATEMENT
S No.,Value Date,Transaction Date,Transaction Remarks,Withdrawal Amount (INR ),Deposit Amount (INR ),Balance (INR )
1,20/11/2026,20/11/2026,NEFT-ICICN52026112012345-NANDI LOGISTICS PVT LTD,0.0,118000.0,518000.0
2,21/11/2026,21/11/2026,BIL/CASH,2000.0,0.0,516000.0
Legends Used in Account Statement
"""
SBI = """Account Name\t:\tMr ACME
Txn Date\tValue Date\tDescription\tRef No./Cheque No.\tDebit\tCredit\tBalance
20 Nov 2026\t\tNEFT*ICIC0000104*ICICN52026112012345*NANDI LOGISTICS P--\tFROM 4\t\t1,18,000.00\t5,18,000.00
21 Nov 2026\t21 Nov 2026\tCASH\t\t2,000.00\t\t5,16,000.00
"""
AXIS = """Name :- ACME
Tran Date,CHQNO,PARTICULARS,DR,CR,BAL,SOL
20-11-2026,-,NEFT/ICICN52026112012345/NANDI LOGISTICS PVT LTD,,118000.00,518000.00,123
21-11-2026,-,CASH,2000.00,,516000.00,123
"""
KOTAK = """Sl. No.,Date,Description,Chq / Ref number,Amount,Dr / Cr,Balance,Dr / Cr
1,20/11/2026,NEFT ICICN52026112012345 NANDI LOGISTICS PVT LTD,NEFTINW-0123456,"1,18,000.00",CR,"5,18,000.00",CR
2,21/11/2026,CASH,,"2,000.00",DR,"5,16,000.00",CR
"""


def read(text: str | bytes, currency: str = "INR") -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    cells = read_cells(content, most_rows=5000, is_table=lambda cells: find_layout(cells) is not None)
    layout = find_layout(cells)
    assert layout is not None
    return layout, read_lines(cells, layout, currency)


@pytest.mark.parametrize(
    ("file", "bank"),
    [
        (HDFC, "HDFC Bank"),
        (ICICI, "ICICI Bank"),
        (SBI, "State Bank of India"),
        (AXIS, "Axis Bank"),
        (KOTAK, "Kotak Mahindra Bank"),
    ],
)
def test_the_same_month_of_each_bank_says_the_same(file: str, bank: str) -> None:
    layout, found = read(file)
    assert layout.bank == bank
    assert (found.problems, found.debits) == ([], 1)
    [line] = found.lines
    assert (line.day, line.amount, line.balance) == (date(2026, 11, 20), 118_000, 518_000)
    assert "ICICN52026112012345" in transfer_numbers(line.reference, line.narration)
    assert payer_of(line.narration).startswith("NANDI LOGISTICS P") or bank == "Kotak Mahindra Bank"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_encoding_of_a_bank_is_read(encoding: str) -> None:
    _layout, found = read(HDFC.replace("ACME", "CAFÉ").encode(encoding))
    assert "CAFÉ" in found.lines[0].narration


@pytest.mark.parametrize(
    ("text", "amount", "sign"),
    [
        ("1,18,000.00", "118000.00", ""),
        ("₹1,18,000.00 Cr", "118000.00", "cr"),
        ("1,180.50(Dr)", "1180.50", "dr"),
        ("INR 12.5", "12.5", ""),
        ("(500.00)", "-500.00", ""),
        ("-500", "-500", ""),
        ("-", None, ""),
    ],
)
def test_amounts_are_read_as_banks_write_them(text: str, amount: str | None, sign: str) -> None:
    assert parse_amount(text, "INR") == (None if amount is None else Decimal(amount), sign)


@pytest.mark.parametrize("text", ["1.18.000,00", "12.345", "1e5", "=1+1", "9" * 20, "a lot"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_amount(text, "INR")


@pytest.mark.parametrize(
    "text",
    [
        "20/11/26",
        "20/11/2026",
        "20-11-2026",
        "20.11.2026",
        "2026-11-20",
        "20 Nov 2026",
        "20-NOV-26",
        "20/11/2026 13:05",
    ],
)
def test_days_are_read_as_banks_write_them(text: str) -> None:
    assert parse_day(text) == date(2026, 11, 20)


def test_what_can_not_be_read_is_named_by_row_and_column() -> None:
    broken = (
        AXIS.replace("20-11-2026,-", "31-02-2026,-") + "22-11-2026,-,NEFT,,12 lakh,1,1\n23-11-2026,-,X,,1.00,one,1\n"
    )
    _layout, found = read(broken)
    assert [(each.row, each.sentence.partition(":")[0]) for each in found.problems] == [
        (3, "day"),
        (5, "credit"),
        (6, "balance"),
    ]


def test_nothing_is_left_out_unseen() -> None:
    """A customer whose name begins as a summary does, a line below the summary, and a row of two amounts."""
    header = "Description,Date,Debit,Credit\n"
    _layout, found = read(header + "TOTAL SOLUTIONS LTD,20/11/2026,,5.00\nTotal,,,5.00\nLATE LTD,21/11/2026,,6.00\n")
    assert [line.narration for line in found.lines] == ["TOTAL SOLUTIONS LTD"]
    assert [(each.row, "below the bank's summary" in each.sentence) for each in found.problems] == [(4, True)]
    _layout, found = read(header + "BOTH LTD,20/11/2026,5.00,5.00\n")
    assert "came in and went out" in found.problems[0].sentence


def test_a_text_on_two_rows_is_one_and_holds_nothing_unprintable() -> None:
    _layout, found = read(AXIS.replace("123\n21", "123\n,,INV/26-27\u202e/000012,,,,\n21"))
    assert found.lines[0].narration == "NEFT/ICICN52026112012345/NANDI LOGISTICS PVT LTD INV/26-27 /000012"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (AXIS.replace("CASH", "CA\x00SH").encode(), "Row 4 holds a character that is no text"),
        (b"\xd0\xcf\x11\xe0 an old spreadsheet", "save it as XLSX"),
        (b"<html><table></table></html>", "save it as XLSX"),
        (b"PK no archive", "can't be read as a spreadsheet"),
        (b"x" * (2 * 1024 * 1024 + 1), "larger than 2 MB"),
        (b"a,b\n" * 6000, "more than 5,000 rows"),
        (b"a,b\n" * 100_000, "more than 5,000 rows"),
        (b"\x81\x8d\xff", "no text"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(content: bytes, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(content)
