"""Vouchers and ledgers as XML that Tally imports: Gateway of Tally → Import Data → Vouchers, or Masters.

Masters stand in a file of their own. Importing a master alters the one that the books already have, so only the new
ones belong into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from xml.sax.saxutils import escape, quoteattr

from billing_platform.lib.money import ZERO
from payments.accounts.vouchers import Bill, Entry, Voucher


@dataclass(frozen=True, slots=True)
class PartyMaster:
    """A customer's ledger, for the books that do not have it."""

    name: str
    state: str
    country: str
    gstin: str
    address_lines: tuple[str, ...] = ()
    postal_code: str = ""


def vouchers_xml(vouchers: Iterable[Voucher], *, company: str) -> Iterator[str]:
    """The file piece by piece. `company` is the name of the company in Tally; empty: the one that is open."""
    yield from _envelope("Vouchers", company, (_voucher(voucher) for voucher in vouchers))


def masters_xml(parties: Iterable[PartyMaster], *, company: str) -> Iterator[str]:
    """Ledgers of customers under Sundry Debtors, bill by bill."""
    yield from _envelope("All Masters", company, (_party(party) for party in parties))


def _envelope(report: str, company: str, messages: Iterator[str]) -> Iterator[str]:
    static = f"<STATICVARIABLES>{_tag('SVCURRENTCOMPANY', company)}</STATICVARIABLES>" if company else ""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<ENVELOPE><HEADER><TALLYREQUEST>Import Data</TALLYREQUEST></HEADER><BODY><IMPORTDATA>"
        f"<REQUESTDESC>{_tag('REPORTNAME', report)}{static}</REQUESTDESC><REQUESTDATA>\n"
    )
    for message in messages:
        yield f'<TALLYMESSAGE xmlns:UDF="TallyUDF">{message}</TALLYMESSAGE>\n'
    yield "</REQUESTDATA></IMPORTDATA></BODY></ENVELOPE>\n"


def _voucher(voucher: Voucher) -> str:
    kind, day = quoteattr(voucher.kind.value), f"{voucher.day:%Y%m%d}"
    # A remote id that Tally knows alters its voucher instead of adding a second one.
    opening = f'<VOUCHER REMOTEID="{voucher.id}" VCHTYPE={kind} ACTION="Create" OBJVIEW="Accounting Voucher View">'
    return "".join(
        (
            opening,
            _tag("DATE", day),
            _tag("EFFECTIVEDATE", day),
            _tag("VOUCHERTYPENAME", voucher.kind.value),
            _tag("VOUCHERNUMBER", voucher.number),
            _tag("REFERENCE", voucher.reference) if voucher.reference else "",
            _tag("PARTYLEDGERNAME", voucher.party) if voucher.party else "",
            _tag("NARRATION", voucher.narration) if voucher.narration else "",
            *(_entry(entry, is_party=entry.ledger == voucher.party) for entry in voucher.entries),
            "</VOUCHER>",
        )
    )


def _entry(entry: Entry, *, is_party: bool) -> str:
    return "".join(
        (
            "<ALLLEDGERENTRIES.LIST>",
            _tag("LEDGERNAME", entry.ledger),
            _tag("ISDEEMEDPOSITIVE", _yes(entry.amount < ZERO)),
            _tag("ISPARTYLEDGER", _yes(is_party)),
            _tag("AMOUNT", _amount(entry.amount)),
            *(_bill(bill) for bill in entry.bills),
            "</ALLLEDGERENTRIES.LIST>",
        )
    )


def _bill(bill: Bill) -> str:
    kind = "New Ref" if bill.is_new else "Agst Ref" if bill.number else "On Account"
    name = _tag("NAME", bill.number) if bill.number else ""
    rows = f"{name}{_tag('BILLTYPE', kind)}{_tag('AMOUNT', _amount(bill.amount))}"
    return f"<BILLALLOCATIONS.LIST>{rows}</BILLALLOCATIONS.LIST>"


def _party(party: PartyMaster) -> str:
    address = "".join(_tag("ADDRESS", line) for line in party.address_lines)
    return "".join(
        (
            f'<LEDGER NAME={quoteattr(party.name)} ACTION="Create">',
            f"<NAME.LIST>{_tag('NAME', party.name)}</NAME.LIST>",
            _tag("PARENT", "Sundry Debtors"),
            _tag("ISBILLWISEON", "Yes"),
            f"<ADDRESS.LIST>{address}</ADDRESS.LIST>" if address else "",
            _tag("PINCODE", party.postal_code) if party.postal_code else "",
            _tag("COUNTRYNAME", party.country),
            _tag("LEDSTATENAME", party.state) if party.state else "",
            _tag("GSTREGISTRATIONTYPE", "Regular" if party.gstin else "Unregistered"),
            _tag("PARTYGSTIN", party.gstin) if party.gstin else "",
            "</LEDGER>",
        )
    )


def _tag(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>"


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def _amount(amount: Decimal) -> str:
    return f"{amount:.2f}"
