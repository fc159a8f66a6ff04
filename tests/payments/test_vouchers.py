"""Vouchers for the books, worked out by hand; Tally's XML and Zoho's rows of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID
from xml.etree import ElementTree

import pytest

from payments.accounts import tally, zoho
from payments.accounts.vouchers import (
    Bill,
    BookedDocument,
    BookedPayout,
    BookedReceipt,
    BookedRefund,
    Entry,
    LedgerRole,
    Ledgers,
    MissingLedger,
    UnbalancedVoucher,
    Voucher,
    VoucherKind,
    cancellation,
    document_voucher,
    payout_voucher,
    receipt_voucher,
    refund_voucher,
)

ID = UUID("00000000-0000-4000-8000-000000000001")
LEDGERS = Ledgers(
    names={
        LedgerRole.CGST: "Output CGST",
        LedgerRole.SGST: "Output SGST",
        LedgerRole.IGST: "Output IGST",
        LedgerRole.ROUND_OFF: "Round Off",
        LedgerRole.COMMERCIAL_CREDIT: "Discount Allowed",
        LedgerRole.BANK: "HDFC Bank",
        LedgerRole.GATEWAY: "Razorpay",
        LedgerRole.GATEWAY_FEE: "Gateway Charges",
        LedgerRole.GATEWAY_FEE_TAX: "Input GST",
        LedgerRole.TDS: "TDS Receivable",
    },
    sales={"": "Sales", "998315": "Sales Hosting"},
)


def document(**fields):
    facts = {
        "id": ID, "number": "A2627-0001", "day": date(2026, 10, 5), "party": "Asha & Co", "round_off": Decimal("0.21"),
        "sales": {"998315": Decimal("1234.57")}, "total": Decimal(1457),
        "taxes": {"CGST": Decimal("111.11"), "SGST": Decimal("111.11")},
    }  # fmt: skip
    return BookedDocument(**{**facts, **fields})


def entries(voucher):
    return {entry.ledger: entry.amount for entry in voucher.entries}


def test_an_invoice_debits_the_customer_and_credits_sales_and_tax():
    # facts: party −1457.00, sales 1234.57, CGST 111.11, SGST 111.11, round-off 0.21
    voucher = document_voucher(document(), LEDGERS)
    assert voucher.kind == VoucherKind.SALES
    assert voucher.entries == (
        Entry("Asha & Co", Decimal(-1457), (Bill("A2627-0001", Decimal(-1457), is_new=True),)),
        Entry("Sales Hosting", Decimal("1234.57")),
        Entry("Output CGST", Decimal("111.11")),
        Entry("Output SGST", Decimal("111.11")),
        Entry("Round Off", Decimal("0.21")),
    )


def test_a_credit_note_takes_back_from_the_same_ledgers():
    note = document(number="C2627-0001", invoice_number="A2627-0001")
    voucher = document_voucher(note, LEDGERS)
    assert voucher.kind == VoucherKind.CREDIT_NOTE
    assert entries(voucher) == {
        ledger: -amount for ledger, amount in entries(document_voucher(document(), LEDGERS)).items()
    }
    assert voucher.entries[0].bills == (Bill("A2627-0001", Decimal(1457)),)


def test_a_commercial_note_touches_neither_sales_nor_tax():
    note = document(
        number="C2627-0002", invoice_number="A2627-0001", is_commercial=True, taxes={}, round_off=Decimal(0),
        sales={"998315": Decimal(100)}, total=Decimal(100),
    )  # fmt: skip
    assert entries(document_voucher(note, LEDGERS)) == {"Asha & Co": Decimal(100), "Discount Allowed": Decimal(-100)}


def test_codes_without_a_ledger_of_their_own_share_one():
    sales = {"998313": Decimal(100), "998319": Decimal(50), "998315": Decimal(10)}
    voucher = document_voucher(document(sales=sales, taxes={}, round_off=Decimal(0), total=Decimal(160)), LEDGERS)
    assert entries(voucher) == {"Asha & Co": Decimal(-160), "Sales": Decimal(150), "Sales Hosting": Decimal(10)}


def test_amounts_that_do_not_make_the_total_reach_no_book():
    with pytest.raises(UnbalancedVoucher, match=r"Sales A2627-0001: debits and credits differ by 0\.01"):
        document_voucher(document(total=Decimal("1457.01")), LEDGERS)


def test_a_missing_ledger_is_named():
    with pytest.raises(MissingLedger) as refusal:
        document_voucher(document(taxes={"UTGST": Decimal(1)}), LEDGERS)
    assert refusal.value.role == LedgerRole.UTGST
    with pytest.raises(MissingLedger) as refusal:
        document_voucher(document(), Ledgers(LEDGERS.names, {"998313": "Consulting"}))
    assert (refusal.value.role, refusal.value.sac) == (LedgerRole.SALES, "998315")


def receipt(**fields):
    facts = {
        "id": ID, "number": "RCPT-1", "day": date(2026, 11, 3), "party": "Asha & Co", "amount": Decimal(108_000),
        "withheld": Decimal(10_000), "placed": {"A2627-0002": Decimal(118_000)}, "through_gateway": False,
    }  # fmt: skip
    return BookedReceipt(**{**facts, **fields})


def test_a_transfer_less_tds_settles_the_invoice():
    # facts: bank −108,000, TDS −10,000, party 118,000 Agst Ref
    voucher = receipt_voucher(receipt(), LEDGERS)
    assert entries(voucher) == {
        "HDFC Bank": Decimal(-108_000),
        "TDS Receivable": Decimal(-10_000),
        "Asha & Co": Decimal(118_000),
    }
    assert voucher.entries[-1].bills == (Bill("A2627-0002", Decimal(118_000)),)


def test_razorpays_fee_and_its_gst_are_costs():
    # 1,180.00 paid by card; Razorpay keeps 2 % + 18 % GST on it: 23.60 + 4.25 = 27.85
    paid = receipt(
        amount=Decimal(1180), withheld=Decimal(0), through_gateway=True, fee=Decimal("27.85"), fee_tax=Decimal("4.25"),
        placed={"A2627-0002": Decimal(1000)},
    )  # fmt: skip
    voucher = receipt_voucher(paid, LEDGERS)
    assert entries(voucher) == {
        "Razorpay": Decimal("-1152.15"),
        "Gateway Charges": Decimal("-23.60"),
        "Input GST": Decimal("-4.25"),
        "Asha & Co": Decimal(1180),
    }
    assert voucher.entries[-1].bills == (Bill("A2627-0002", Decimal(1000)), Bill("", Decimal(180)))  # 180 on account


def test_no_more_is_placed_than_came_in():
    with pytest.raises(UnbalancedVoucher, match="more is credited to invoices than came in"):
        receipt_voucher(receipt(withheld=Decimal(0)), LEDGERS)


def test_a_refund_gives_the_debt_back():
    # 1,000.00 went back: 820.00 of it off the invoice, and 180.00 that were on account
    refund = BookedRefund(
        ID, "RFD/26-27/000001", date(2026, 11, 4), "Asha & Co", Decimal(1000), {"A2627-0002": Decimal(820)}, True
    )
    voucher = refund_voucher(refund, LEDGERS)
    assert (voucher.kind, entries(voucher)) == (
        VoucherKind.PAYMENT,
        {"Asha & Co": Decimal(-1000), "Razorpay": Decimal(1000)},
    )
    assert voucher.entries[0].bills == (Bill("A2627-0002", Decimal(-820)), Bill("", Decimal(-180)))
    assert voucher.narration == "Refund of invoice A2627-0002 and money on account"
    with pytest.raises(UnbalancedVoucher, match="more is taken off invoices than went back"):
        refund_voucher(replace(refund, amount=Decimal(800)), LEDGERS)


def test_a_payout_empties_razorpays_ledger_into_the_bank():
    # of 1,152.15 that a receipt left with Razorpay, 1,140.35 arrive: 10.00 and 1.80 of GST are for the transfer
    payout = BookedPayout(
        ID, "setl_1", date(2026, 11, 6), Decimal("1140.35"), fee=Decimal("11.80"), fee_tax=Decimal("1.80"), utr="UTR1"
    )
    voucher = payout_voucher(payout, LEDGERS)
    assert entries(voucher) == {
        "HDFC Bank": Decimal("-1140.35"),
        "Gateway Charges": Decimal("-10.00"),
        "Input GST": Decimal("-1.80"),
        "Razorpay": Decimal("1152.15"),
    }
    assert (voucher.reference, voucher.of_party) == ("UTR1", 0)
    assert "PARTYLEDGERNAME" not in "".join(tally.vouchers_xml([voucher], company=""))


def test_a_cancellation_undoes_every_entry():
    booked = document_voucher(document(), LEDGERS)
    undone = cancellation(booked, key=UUID(int=2), day=date(2026, 10, 9), reason="typed twice")
    assert entries(undone) == {ledger: -amount for ledger, amount in entries(booked).items()}
    assert (undone.kind, undone.number, undone.day) == (VoucherKind.JOURNAL, "A2627-0001/X", date(2026, 10, 9))


HOSTILE = 'Evil </LEDGERNAME><!ENTITY "x"> & "Söhne" \u0915'


def test_tally_reads_debits_as_negative_and_text_as_text():
    vouchers = [document_voucher(document(party=HOSTILE), LEDGERS), receipt_voucher(receipt(), LEDGERS)]
    text = "".join(tally.vouchers_xml(vouchers, company=HOSTILE))
    root = ElementTree.fromstring(text)
    assert root.findtext("HEADER/TALLYREQUEST") == "Import Data"
    assert root.findtext("BODY/IMPORTDATA/REQUESTDESC/STATICVARIABLES/SVCURRENTCOMPANY") == HOSTILE
    first, second = root.iterfind(".//VOUCHER")
    assert first.attrib["VCHTYPE"] == "Sales"
    assert first.attrib["REMOTEID"] == str(ID)
    assert first.findtext("DATE") == "20261005"
    rows = [
        (row.findtext("LEDGERNAME"), row.findtext("ISDEEMEDPOSITIVE"), row.findtext("AMOUNT"))
        for row in first.iterfind("ALLLEDGERENTRIES.LIST")
    ]
    assert rows == [
        (HOSTILE, "Yes", "-1457.00"),
        ("Sales Hosting", "No", "1234.57"),
        ("Output CGST", "No", "111.11"),
        ("Output SGST", "No", "111.11"),
        ("Round Off", "No", "0.21"),
    ]
    assert first.findtext(".//BILLALLOCATIONS.LIST/BILLTYPE") == "New Ref"
    assert second.findtext(".//BILLALLOCATIONS.LIST/BILLTYPE") == "Agst Ref"


def test_a_new_customers_ledger_is_a_master():
    party = tally.PartyMaster(HOSTILE, "Karnataka", "India", "29AAACB5678B1ZP", ("1 MG Road",), "560001")
    root = ElementTree.fromstring("".join(tally.masters_xml([party], company="")))
    ledger = root.find(".//LEDGER")
    assert ledger.attrib == {"NAME": HOSTILE, "ACTION": "Create"}
    assert ledger.findtext("PARENT") == "Sundry Debtors"
    assert ledger.findtext("PARTYGSTIN") == "29AAACB5678B1ZP"


def test_zohos_payment_stands_once_and_is_applied_to_each_invoice():
    paid = receipt(placed={"A1": Decimal(100_000), "A2": Decimal(10_000)})
    rows = list(zoho.payment_rows(paid, currency="INR", deposit_to="HDFC Bank", tax_account="TDS Receivable"))
    amounts = [dict(zip(zoho.PAYMENT_COLUMNS, row, strict=True)) for row in rows]
    assert [row["Amount"] for row in amounts] == ["108000.00", "", ""]
    assert [row["Withholding Tax Amount"] for row in amounts] == ["10000.00", "", ""]
    applied = [(row["Invoice Number"], row["Amount Applied to Invoice"]) for row in amounts]
    assert applied == [("A1", "100000.00"), ("A2", "10000.00"), ("", "8000.00")]


def test_a_voucher_is_balanced_or_is_not():
    with pytest.raises(UnbalancedVoucher):
        Voucher(ID, VoucherKind.JOURNAL, "1", date(2026, 1, 1), "A", (Entry("A", Decimal(1)),))
