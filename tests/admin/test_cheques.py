"""Pages of cheques and certificates: recorded on the invoice, cleared, bounced; asked for, uploaded, added up."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import Client
from django.urls import reverse

from invoicing.models import Invoice, RecurringFee
from organisations.models import Organisation
from payments.models import BankLine, Cheque, Payment, Payout, WithheldTax
from payments.services.banking.importing import import_statement
from payments.services.banking.payouts import join_payouts
from tests.admin.bulk import confirmed, outcomes
from tests.admin.test_object_actions import action_url, token
from tests.admin.test_payments import text_of
from tests.payments.language import issued_invoice
from tests.payments.test_bank_statements import HEADER, row
from tests.payments.test_withheld_tax import short


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,180.00."""
    return issued_invoice(acme)


def line_of(organisation: Organisation, *rows: str) -> BankLine:
    cells = [each.split(",") for each in (HEADER + "".join(rows)).splitlines()]
    import_statement(seller=organisation.billing_entity, cells=cells)
    return BankLine.objects.get()


def test_a_cheque_is_recorded_deposited_cleared_and_bounces(invoice: Invoice, as_operator: Client) -> None:
    url = action_url(invoice, "record_cheque")
    sent = {"number": "000123", "bank": "HDFC Bank", "dated": "2026-11-20", "received_on": "2026-11-20"}
    assert as_operator.post(url, {"once": token(as_operator, url), "amount": "1,180", **sent}).status_code == 302
    cheque = Cheque.objects.get()
    listed = reverse("admin:payments_cheque_changelist")
    assert "Cheque 000123" in text_of(as_operator.get(listed))
    many = reverse("admin:payments_cheque_list_action", args=["deposit_many"]) + f"?pk__in={cheque.pk}"
    assert "1: It is dated later: no bank takes it before." in text_of(as_operator.get(f"{many}&answer-day=2026-11-19"))
    too_late = "1: It is out of date on that day: no bank takes it."
    shown = [text_of(as_operator.get(f"{many}&answer-day=2027-02-{day}")) for day in ("20", "21")]
    assert [too_late in each for each in shown] == [False, True]
    assert outcomes(confirmed(as_operator, many, day="2026-11-20")) == {"Cheque 000123": ("done", "")}
    clear = action_url(cheque, "clear")
    answer = as_operator.post(clear, {"once": token(as_operator, clear), "day": "2026-11-21"}, follow=True)
    assert "Cheque recorded" in text_of(answer)
    assert Payment.objects.get().status == "captured"
    bounce = action_url(cheque, "bounce")
    assert "its payment is reversed" in text_of(as_operator.get(bounce))
    charged = {"reason": "Funds insufficient", "charge": "500", "charge_sac": "999799"}
    wrong = {"once": token(as_operator, bounce), "day": "2026-11-19", **charged}
    assert "can't be earlier" in text_of(as_operator.post(bounce, wrong))
    answer = as_operator.post(bounce, wrong | {"day": "2026-11-24"}, follow=True)
    assert "₹500.00 stand on the next invoice" in text_of(answer)
    assert (Payment.objects.get().status, RecurringFee.objects.get().sac) == ("reversed", "999799")
    assert "Cheque 000123" not in text_of(as_operator.get(listed))


def test_a_certificate_is_asked_for_uploaded_and_added_up(acme: Organisation, as_operator: Client) -> None:
    short(issued_invoice(acme, "100000"))
    tax = WithheldTax.objects.get()
    ask = action_url(tax, "ask")
    assert "26-27 Q3" in text_of(as_operator.get(ask))
    assert as_operator.post(ask, {"once": token(as_operator, ask)}).status_code == 302
    assert "asked today already" in text_of(as_operator.get(ask))
    url = action_url(tax, "record_certificate")
    sent = {"certificate_number": "ABC", "certificate_on": "2026-11-25", "certificate_amount": "10,000.00"}
    bad = {**sent, "file": SimpleUploadedFile("form.pdf", b"<html>")}
    assert "is no PDF" in text_of(as_operator.post(url, {"once": token(as_operator, url), **bad}))
    good = {**sent, "file": SimpleUploadedFile("form 131.pdf", b"%PDF-1.7")}
    assert as_operator.post(url, {"once": token(as_operator, url), **good}).status_code == 302
    download = as_operator.get(action_url(tax, "download"))
    assert (download.content, download["Content-Disposition"]) == (b"%PDF-1.7", 'attachment; filename="form 131.pdf"')
    sums = reverse("admin:payments_withheldtax_list_action", args=["sums"])
    year = {"year": "2026"}
    assert "₹10,000.00" in text_of(as_operator.get(sums, year))
    rows = b"".join(as_operator.get(sums, {**year, "format": "csv"}).streaming_content).decode().splitlines()  # type: ignore[attr-defined]  # streamed
    assert rows[1].startswith("Acme,")
    assert (
        ",1027,INV/26-27/000001,INR,100000.00,10,10000.00,Received,131,2027-02-15,ABC,2026-11-25,10000.00," in rows[1]
    )


def test_a_line_is_booked_on_account_or_as_its_cheque(acme: Organisation, invoice: Invoice, as_admin: Client) -> None:
    line = line_of(acme, row("NEFT-SOMEBODY", "700.00", "1"))
    url = action_url(line, "book")
    once = token(as_admin, url)
    assert "No customer is called" in text_of(as_admin.post(url, {"once": once, "customer": "Nobody"}))
    both = {"once": once, "customer": "acme", "invoice": invoice.number}
    assert "Say either which invoices" in text_of(as_admin.post(url, both))
    assert as_admin.post(url, {"once": once, "customer": "acme"}).status_code == 302
    payment = Payment.objects.get()
    assert (payment.invoice, payment.unallocated, payment.bank_line) == (None, Decimal(700), line)


def test_a_payout_is_known_by_its_number_now_or_later(acme: Organisation, as_admin: Client) -> None:
    number = "RATNN52026112000042"
    line = line_of(acme, row(f"NEFT CR-{number}-RAZORPAY SOFTWARE", "25310.00", "1", number=number))
    assert line.is_waiting
    assert "don't book it twice" in text_of(as_admin.get(action_url(line, "book"))).replace("’", "'")
    payout = Payout.objects.create(
        razorpay_payout_id="setl_1", status="processed", amount=Decimal(25310), utr=number,
        begun_at=datetime(2026, 11, 19, 6, tzinfo=UTC),
    )  # fmt: skip
    assert (join_payouts(), join_payouts()) == (1, 0)
    line.refresh_from_db()
    assert (line.state, line.payout, BankLine.objects.waiting().count()) == ("payout", payout, 0)
    page = text_of(as_admin.get(reverse("admin:payments_payout_change", args=[payout.pk])))
    assert "On 20 Nov 2026" in page
