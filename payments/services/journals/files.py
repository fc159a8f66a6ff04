"""The files of an export: Tally's XML, or Zoho Books' CSV, packed into one ZIP. They are written while what they hold
passes by, and lie on the disk until they are packed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, TypeAlias

from billing_platform.lib.gst import INDIA, state_name
from billing_platform.lib.spreadsheet_cells import safe_cell
from billing_platform.lib.vocabularies import country_name
from invoicing.returns.scratch import scratch_file
from invoicing.returns.sheet_files import zipped
from organisations.models import Organisation
from payments.accounts import tally, zoho
from payments.accounts.vouchers import LedgerRole, Ledgers, Voucher
from payments.models import JournalBatch, JournalItem
from payments.services.journals.books import Waiting, party_name
from payments.services.journals.waiting import has_no_import

Found: TypeAlias = Iterable[tuple[Waiting, Voucher]]
Files: TypeAlias = Iterator[tuple[str, IO[bytes]]]
"""Names and contents."""
Kind = JournalItem.Kind
_CHANGED_COLUMNS = ("ledger", "particular", "in the books", "now")
_BY_HAND_COLUMNS = ("what", "number", "date", "customer", "rupees", "about", "what to do in Zoho Books")


def tally_files(found: Found, *, company: str, parties: dict[str, Any], known: dict[str, Any]) -> Files:
    """Vouchers; ledgers of customers that the books do not have; and what changed of those that they have.

    `parties` is filled while `found` is read; `known` is what the books have of them.
    """
    yield "vouchers.xml", _written(tally.vouchers_xml((voucher for _, voucher in found), company=company))
    new = [tally.PartyMaster(**party) for key, party in parties.items() if key not in known]
    if new:
        yield "masters.xml", _written(tally.masters_xml(new, company=company))
    changed = [
        (party["name"], name, _cell(known[key].get(name)), _cell(value))
        for key, party in parties.items()
        if key in known
        for name, value in party.items()
        if known[key].get(name) != value
    ]
    if changed:
        sheet = _Sheet(_CHANGED_COLUMNS)
        sheet.add(changed)
        yield "masters-changed.csv", sheet.finished()


def zoho_files(found: Found, ledgers: Ledgers) -> Files:
    """Invoices, credit notes and payments; and what Zoho Books has no import for."""
    sheets = {
        "invoices": _Sheet(zoho.INVOICE_COLUMNS),
        "credit-notes": _Sheet(zoho.CREDIT_NOTE_COLUMNS),
        "payments": _Sheet(zoho.PAYMENT_COLUMNS),
        "by-hand": _Sheet(_BY_HAND_COLUMNS),
    }
    for each, voucher in found:
        name, rows = _zoho_rows(each, voucher, ledgers)
        sheets[name].add(rows)
    for name, sheet in sheets.items():
        if not sheet.is_empty:
            yield f"{name}.csv", sheet.finished()


def _zoho_rows(each: Waiting, voucher: Voucher, ledgers: Ledgers) -> tuple[str, Iterable[Sequence[Any]]]:
    """Sheet and rows."""
    party = party_name(each.organisation) if each.organisation else ""
    if has_no_import(each, JournalBatch.Program.ZOHO):
        about = (voucher.number, voucher.day.isoformat(), party, -voucher.of_party, voucher.narration)
        return "by-hand", [(_what(each), *about, _by_hand(each, ledgers))]
    if each.receipt:
        till = LedgerRole.GATEWAY if each.receipt.through_gateway else LedgerRole.BANK
        tax = ledgers.of(LedgerRole.TDS) if each.receipt.withheld else ""
        deposit_to = ledgers.of(till)
        return "payments", zoho.payment_rows(
            each.receipt, currency=each.currency, deposit_to=deposit_to, tax_account=tax
        )
    document: Any = each.document
    if each.kind == Kind.CREDIT_NOTE:
        return "credit-notes", zoho.credit_note_rows(document, party=party, ledgers=ledgers)
    return "invoices", zoho.invoice_rows(document, party=party, ledgers=ledgers)


_BY_HAND = {
    Kind.CREDIT_NOTE: "Make a manual journal: debit {ledger}, credit Accounts Receivable for this customer.",
    Kind.VOID: "Open the invoice and mark it as void.",
    Kind.REVERSAL: "Open the payment and delete it.",
    Kind.REFUND: "Open the credit note of the invoice, or else the payment, and choose Refund.",
    Kind.FAILED_REFUND: "Delete the refund from its credit note or payment.",
}


def _what(each: Waiting) -> str:
    return "Commercial credit note" if each.kind == Kind.CREDIT_NOTE else str(each.kind.label)


def _by_hand(each: Waiting, ledgers: Ledgers) -> str:
    ledger = ledgers.of(LedgerRole.COMMERCIAL_CREDIT) if each.kind == Kind.CREDIT_NOTE else ""
    return _BY_HAND[each.kind].format(ledger=ledger)


def particulars(party: Organisation) -> dict[str, Any]:
    """What a customer's ledger says, as JSON."""
    address = [line for line in (party.address_line1, party.address_line2, party.city) if line]
    return {
        "name": party_name(party),
        "state": state_name(party.state_code) if party.country == INDIA and party.state_code else "",
        "country": country_name(party.country),
        "gstin": party.gstin,
        "address_lines": address,
        "postal_code": party.postal_code,
    }


def _cell(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


def _written(pieces: Iterable[str]) -> IO[bytes]:
    file = scratch_file()
    file.writelines(piece.encode() for piece in pieces)
    return file


class _Sheet:
    """A CSV on the disk, with its header."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.is_empty = True
        self._text = io.TextIOWrapper(scratch_file(), encoding="utf-8", newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow(columns)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            self.is_empty = False
            self._writer.writerow([safe_cell(cell) for cell in row])

    def finished(self) -> IO[bytes]:
        """The file, which is the caller's from now on."""
        return self._text.detach()


def packed(files: Files) -> bytes:
    """A ZIP. The same files give the same bytes."""
    made = list(files)
    with zipped(made) as archive:
        content = archive.read()
    for _name, file in made:
        file.close()
    return content
