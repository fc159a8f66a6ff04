"""The files of an export: Tally's XML, or Zoho Books' CSV, packed into one zip."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from billing_platform.lib.gst import INDIA, state_name
from billing_platform.lib.spreadsheet_cells import safe_cell
from billing_platform.lib.vocabularies import country_name
from organisations.models import Organisation
from payments.accounts import tally, zoho
from payments.accounts.vouchers import LedgerRole, Ledgers, Voucher
from payments.models import JournalItem
from payments.services.journals.waiting import Waiting, party_name

Found: TypeAlias = Sequence[tuple[Waiting, Voucher]]
Files: TypeAlias = Iterator[tuple[str, str]]
"""Names and contents."""

_NEVER = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can name: the same rows give the same bytes
Kind = JournalItem.Kind


def tally_files(found: Found, *, company: str, known: dict[str, Any]) -> Files:
    """Vouchers; ledgers of customers that the books do not have; and what changed of those that they have. `known` is
    what they have, as `parties_of` gave it."""
    yield "vouchers.xml", "".join(tally.vouchers_xml((voucher for _, voucher in found), company=company))
    parties = parties_of(found)
    new = [tally.PartyMaster(**particulars) for key, particulars in parties.items() if key not in known]
    if new:
        yield "masters.xml", "".join(tally.masters_xml(new, company=company))
    changed = [
        [parties[key]["name"], name, _cell(known[key].get(name)), _cell(value)]
        for key in parties
        if key in known
        for name, value in parties[key].items()
        if known[key].get(name) != value
    ]
    if changed:
        yield "masters-changed.csv", _csv([["ledger", "particular", "in the books", "now"], *changed])


def zoho_files(found: Found, ledgers: Ledgers) -> Files:
    """Invoices, credit notes and payments; and what Zoho Books has no import for: cancellations and refunds."""
    invoices: list[Any] = [zoho.INVOICE_COLUMNS]
    notes: list[Any] = [zoho.CREDIT_NOTE_COLUMNS]
    payments: list[Any] = [zoho.PAYMENT_COLUMNS]
    by_hand: list[Any] = [("what", "number", "date", "customer", "rupees", "about")]
    for each, voucher in found:
        party = party_name(each.organisation)
        if each.kind == Kind.INVOICE and each.document:
            invoices += zoho.invoice_rows(each.document, party=party, ledgers=ledgers)
        elif each.kind == Kind.CREDIT_NOTE and each.document:
            notes += zoho.credit_note_rows(each.document, party=party, ledgers=ledgers)
        elif each.kind == Kind.RECEIPT and each.receipt:
            till = LedgerRole.GATEWAY if each.receipt.through_gateway else LedgerRole.BANK
            tax = ledgers.of(LedgerRole.TDS) if each.receipt.withheld else ""
            payments += zoho.payment_rows(
                each.receipt, currency=each.currency, deposit_to=ledgers.of(till), tax_account=tax
            )
        else:  # no import takes it
            day = voucher.day.isoformat()
            by_hand.append([each.kind.label, voucher.number, day, party, -voucher.of_party, voucher.narration])
    for name, rows in (("invoices", invoices), ("credit-notes", notes), ("payments", payments), ("by-hand", by_hand)):
        if len(rows) > 1:
            yield f"{name}.csv", _csv(rows)


def parties_of(found: Found) -> dict[str, Any]:
    """The particulars of each customer whose ledger is touched, as JSON: by id, in order of first appearance."""
    parties: dict[str, Any] = {}
    for each, _ in found:
        parties.setdefault(str(each.organisation.pk), _particulars(each.organisation))
    return parties


def _particulars(party: Organisation) -> dict[str, Any]:
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


def _csv(rows: Iterable[Any]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in rows)
    return text.getvalue()


def packed(files: Iterable[tuple[str, str]]) -> bytes:
    """A zip. The same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files:
            archive.writestr(zipfile.ZipInfo(name, _NEVER), text.encode(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
