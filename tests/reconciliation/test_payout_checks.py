"""Payouts and payments: each planted fault, here or at Razorpay, is found; what can be read again is mended."""

from __future__ import annotations

from typing import Any

import pytest

from billing_platform.lib import clock
from invoicing.models import Invoice
from organisations.models import Organisation
from payments.models import Payment, Payout, PayoutLine
from payments.services import collection
from payments.services.payouts.fetching import fetch_payouts
from reconciliation.checks.gateway import reading
from reconciliation.findings import FindingKind
from reconciliation.models import CheckName
from reconciliation.services.repairs import REPAIRS, next_step
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.language import hand_over, issued_invoice
from tests.reconciliation.language import check_run, found, run, states, tamper
from tests.reconciliation.razorpay_language import closed_by_itself, closed_by_repair, found_once, later, there

pytestmark = pytest.mark.django_db

PAYOUTS = CheckName.PAYOUTS


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SECONDS_BETWEEN_LOOKS", 0)


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,180.00."""
    return issued_invoice(acme)


@pytest.fixture
def payout(razorpay: SandboxProcess, invoice: Invoice) -> Payout:
    """Two payments of ₹1,180.00, a refund of ₹500.00 and a lost dispute about ₹300.00, all fetched."""
    first = _paid(razorpay, invoice)
    second = _paid(razorpay, issued_invoice(invoice.organisation))
    razorpay.control(f"payments/{first}/refund", {"amount": 50000})
    dispute = razorpay.control(f"payments/{second}/dispute", {"amount": 30000})
    razorpay.control(f"disputes/{dispute['id']}/lose")
    hand_over(razorpay.deliveries())
    razorpay.control("settlements", {})
    fetch_payouts()
    return Payout.objects.get()


def _paid(razorpay: SandboxProcess, invoice: Invoice) -> str:
    order = collection.ensure_order(invoice_id=invoice.pk)
    return str(razorpay.pay(order.razorpay_order_id or "")["id"])


def test_a_payout_that_was_fetched_agrees(payout: Payout, acme: Organisation) -> None:
    with later(1):
        assert found(PAYOUTS, payout.begun_at.date()) == []
        assert found(PAYOUTS, payout.begun_at.date(), organisation_id=acme.pk) == []
        assert check_run(run(payout.begun_at.date(), None, PAYOUTS), PAYOUTS).compared == 5


LINE = (
    "UPDATE payments_payoutline SET {} WHERE entity_id ="
    " (SELECT min(entity_id) FROM payments_payoutline WHERE kind = '{}')"
)
HERE = [
    ("DELETE FROM payments_payoutline WHERE kind = 'refund'", FindingKind.PAYOUT_LINE_MISSING),
    (LINE.format("payment_id = NULL", "payment"), FindingKind.PAYOUT_LINE_APART),
    (LINE.format("refund_id = NULL", "refund"), FindingKind.PAYOUT_LINE_APART),
    ("UPDATE payments_payout SET utr = ''", FindingKind.PAYOUT_BEHIND),
    ("UPDATE payments_payout SET utr = 'HDFCN52026'", FindingKind.PAYOUT_BEHIND),
    ("UPDATE payments_payout SET status = 'created'", FindingKind.PAYOUT_BEHIND),
    ("UPDATE payments_payout SET amount = amount + 10", FindingKind.PAYOUT_DIFFERS),
    (LINE.format("credit = credit + 10", "payment"), FindingKind.PAYOUT_LINE_NET),
    (LINE.format("debit = debit + 10", "refund"), FindingKind.PAYOUT_LINE_NET),
    (LINE.format("debit = debit + 10, amount = amount + 10, dispute_id = NULL", "adjustment"),
     FindingKind.PAYOUT_LINE_DIFFERS),
    ("UPDATE payments_payment SET fee = fee + 1 WHERE amount_refunded > 0", FindingKind.PAYOUT_LINE_AMOUNT),
    ("UPDATE payments_payment SET amount = 1200 WHERE amount_refunded > 0", FindingKind.PAYOUT_LINE_AMOUNT),
    ("UPDATE payments_refund SET amount = 400", FindingKind.PAYOUT_LINE_AMOUNT),
    ("UPDATE payments_dispute SET amount = 400, amount_deducted = 400", FindingKind.PAYOUT_LINE_AMOUNT),
    ("INSERT INTO payments_payoutline (id, created_at, updated_at, payout_id, kind, entity_id, amount, credit, debit,"
     " fee, tax, description, happened_at) SELECT gen_random_uuid(), now(), now(), payout_id, 'adjustment', 'adj_1',"
     " 10, 10, 0, 0, 0, '', now() FROM payments_payoutline LIMIT 1", FindingKind.PAYOUT_LINE_UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "kind"), HERE)
def test_a_row_that_was_changed_here_is_found(
    payout: Payout, statement: str, kind: FindingKind, admin_user: Any
) -> None:
    tamper(statement)
    discrepancy = found_once(PAYOUTS, kind)
    if kind in REPAIRS:
        assert closed_by_repair(discrepancy, admin_user) == "repaired"
    else:
        assert next_step(kind)


def test_a_payout_that_nobody_fetched_is_found_and_read(
    razorpay: SandboxProcess, invoice: Invoice, admin_user: Any
) -> None:
    _paid(razorpay, invoice)
    hand_over(razorpay.deliveries())
    razorpay.control("settlements", {})
    discrepancy = found_once(PAYOUTS, FindingKind.PAYOUT_MISSING_HERE)
    assert closed_by_repair(discrepancy, admin_user) == "repaired"
    assert PayoutLine.objects.get().payment == Payment.objects.get()


def test_a_payout_that_razorpay_does_not_know_is_found_and_is_gone_once_it_is_known(
    razorpay: SandboxProcess, payout: Payout
) -> None:
    rename = "UPDATE {settlement} SET public_id = ? WHERE public_id = ?"
    others = "setl_Somewhere0001"
    there(razorpay, rename + " AND created_at > 0", others, payout.razorpay_payout_id)
    there(razorpay, "UPDATE {settlement} SET created_at = created_at - 200000")
    discrepancy = found_once(PAYOUTS, FindingKind.PAYOUT_MISSING_THERE)
    there(razorpay, "UPDATE {settlement} SET created_at = created_at + 200000")
    there(razorpay, rename, payout.razorpay_payout_id, others)
    assert closed_by_itself(discrepancy) == "gone"


def test_a_report_that_is_not_complete_yet_is_not_judged(razorpay: SandboxProcess, payout: Payout) -> None:
    """Razorpay's lines follow the payout by up to a day; one of ours was lost meanwhile."""
    tamper("DELETE FROM payments_payoutline WHERE kind = 'refund'")
    there(razorpay, "UPDATE razorpay_sandbox_balanceentry SET settlement_id = NULL WHERE kind = 'adjustment'")
    with later(1):
        assert found(PAYOUTS, payout.begun_at.date()) == []


@pytest.mark.usefixtures("no_repeats")
def test_a_report_that_cannot_be_read_fails_the_check_and_finds_nothing(
    razorpay: SandboxProcess, payout: Payout
) -> None:
    tamper("UPDATE payments_payout SET utr = ''")
    razorpay.control("faults", [{"match": "GET /v1/settlements/recon/*", "kind": "503"}])
    with later(1):
        failed = check_run(run(payout.begun_at.date(), None, PAYOUTS), PAYOUTS)
    assert ("could not be read to the end" in failed.last_failure, states(PAYOUTS)) == (True, [])


def test_without_an_account_the_lines_still_have_to_add_up(payout: Payout, settings: Any) -> None:
    settings.RAZORPAY_KEY_ID = settings.RAZORPAY_KEY_SECRET = ""
    day = payout.begun_at.date()
    assert found(PAYOUTS, day) == []
    tamper("DELETE FROM payments_payoutline WHERE kind = 'refund'")
    (finding,) = found(PAYOUTS, day)
    assert (finding.kind, str(finding.worth)) == (FindingKind.PAYOUT_SUM, "500.0000")
    assert clock.now().date() >= day
