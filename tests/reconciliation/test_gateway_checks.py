"""Our payments and Razorpay's, over HTTP: each planted fault is found, mended and gone; moving lists deceive nobody."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice
from organisations.models import Organisation
from payments.gateways import RazorpayGateway
from payments.models import Payment, PaymentOrder
from payments.services import collection
from reconciliation.checks.gateway import reading
from reconciliation.findings import FindingKind
from reconciliation.models import CheckName
from reconciliation.services.repairs import REPAIRS, next_step
from reconciliation.services.running import do_check
from tests.local.razorpay.harness import KEY_ID, SandboxProcess
from tests.payments.language import hand_over, issued_invoice, open_order
from tests.reconciliation.language import check_run, found, run, states, tamper
from tests.reconciliation.razorpay_language import closed_by_itself, closed_by_repair, found_once, later, lose, there

pytestmark = pytest.mark.django_db

GATEWAY = CheckName.GATEWAY
Mend = Callable[[], object] | None


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SECONDS_BETWEEN_LOOKS", 0)


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,180.00."""
    return issued_invoice(acme)


@pytest.fixture
def order(razorpay: SandboxProcess, invoice: Invoice) -> PaymentOrder:
    return collection.ensure_order(invoice_id=invoice.pk)


@pytest.fixture
def payment(razorpay: SandboxProcess, order: PaymentOrder) -> Payment:
    """Captured, and reported."""
    razorpay.pay(order.razorpay_order_id or "")
    hand_over(razorpay.deliveries())
    return Payment.objects.get()


def _told(razorpay: SandboxProcess) -> None:
    hand_over(razorpay.deliveries())


# --- what only Razorpay knows -----------------------------------------------------------------------------------------


def _payment_untold(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    razorpay.pay(order.razorpay_order_id or "")


def _capture_untold(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    made = razorpay.pay(order.razorpay_order_id or "", "authorize_only")
    _told(razorpay)
    razorpay.client().payment.capture(made["id"], made["amount"], {"currency": "INR"})


def _late_success_untold(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    made = razorpay.pay(order.razorpay_order_id or "", "fail")
    _told(razorpay)
    razorpay.control(f"payments/{made['id']}/late_authorize")


def _link_payment_untold(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    """Razorpay makes the order of a link when somebody opens the link: we never heard of it."""
    link = collection.create_payment_link(invoice_id=order.invoice_id)
    razorpay.http.get(link.short_url, timeout=5)
    opened = razorpay.client().payment_link.fetch(link.razorpay_link_id)
    razorpay.pay(opened["order_id"])


def _fee_changed(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    razorpay.pay(order.razorpay_order_id or "")
    _told(razorpay)
    there(razorpay, "UPDATE {payment} SET fee = fee + 118, tax = tax + 18")


def _sum_changed_here(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    razorpay.pay(order.razorpay_order_id or "")
    _told(razorpay)
    tamper("UPDATE payments_payment SET amount_refunded = 80")


def _refund_untold(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    made = razorpay.pay(order.razorpay_order_id or "")
    _told(razorpay)
    razorpay.control(f"payments/{made['id']}/refund", {"amount": 50000})


def _processed_untold(razorpay: SandboxProcess, order: PaymentOrder) -> None:
    razorpay.control("settings", {"refund_outcome": "pending"})
    made = razorpay.pay(order.razorpay_order_id or "")
    refund = razorpay.control(f"payments/{made['id']}/refund", {"amount": 50000})
    _told(razorpay)
    razorpay.control(f"refunds/{refund['id']}/process")


UNTOLD = [
    (_payment_untold, FindingKind.PAYMENT_MISSING_HERE, "paid"),
    (_link_payment_untold, FindingKind.PAYMENT_MISSING_HERE, "paid"),
    (_capture_untold, FindingKind.PAYMENT_BEHIND, "paid"),
    (_late_success_untold, FindingKind.PAYMENT_BEHIND, "paid"),
    (_fee_changed, FindingKind.PAYMENT_FEE, "paid"),
    (_sum_changed_here, FindingKind.PAYMENT_REFUNDED, "paid"),
    (_refund_untold, FindingKind.REFUND_MISSING_HERE, "partially_refunded"),
    (_processed_untold, FindingKind.REFUND_BEHIND, "partially_refunded"),
]


@pytest.mark.parametrize(("plant", "kind", "afterwards"), UNTOLD)
def test_what_no_message_told_is_found_and_read_from_razorpay(
    razorpay: SandboxProcess, order: PaymentOrder, plant: Any, kind: FindingKind, afterwards: str, admin_user: Any
) -> None:
    plant(razorpay, order)
    discrepancy = found_once(GATEWAY, kind)
    assert discrepancy.organisation == order.invoice.organisation
    assert [label for label, _value in REPAIRS[kind].shows(discrepancy)] == ["Invoice now"]
    assert (" at Razorpay" in discrepancy.expected, discrepancy.found[-5:]) == (True, " here")
    assert closed_by_repair(discrepancy, admin_user) == "repaired"
    order.invoice.refresh_from_db()
    assert order.invoice.status == afterwards
    _told(razorpay)  # the messages arrive after all
    assert closed_by_itself(discrepancy) == "repaired"
    order.invoice.refresh_from_db()
    assert (order.invoice.status, Payment.objects.count()) == (afterwards, 1)


# --- what nothing mends by itself -------------------------------------------------------------------------------------


def _change(column: str, planted: object, table: str = "payment") -> Callable[[SandboxProcess, Payment], Mend]:
    def plant(razorpay: SandboxProcess, payment: Payment) -> Mend:
        sdk = razorpay.client()
        name, resource = {
            "payment": lambda: (payment.razorpay_payment_id, sdk.payment),
            "order": lambda: (payment.razorpay_order_id, sdk.order),
            "refund": lambda: (_refund(razorpay, payment), sdk.refund),
        }[table]()
        value = resource.fetch(name)[column]
        statement = f"UPDATE {{{table}}} SET {column} = ? WHERE public_id = ?"
        there(razorpay, statement, planted, name)
        return lambda: there(razorpay, statement, value, name)

    return plant


def _refund(razorpay: SandboxProcess, payment: Payment) -> str:
    razorpay.control(f"payments/{payment.razorpay_payment_id}/refund", {"amount": 50000})
    _told(razorpay)
    return payment.refunds.get().razorpay_refund_id or ""


def _payment_lost(razorpay: SandboxProcess, payment: Payment) -> Mend:
    return lose(razorpay, "payment", payment.razorpay_payment_id or "")


def _refund_lost(razorpay: SandboxProcess, payment: Payment) -> Mend:
    return lose(razorpay, "refund", _refund(razorpay, payment))


def _order_lost(razorpay: SandboxProcess, payment: Payment) -> Mend:
    other = collection.ensure_order(invoice_id=issued_invoice(payment.organisation).pk)
    return lose(razorpay, "order", other.razorpay_order_id or "")


def _link_lost(razorpay: SandboxProcess, payment: Payment) -> Mend:
    link = collection.create_payment_link(invoice_id=issued_invoice(payment.organisation).pk)
    return lose(razorpay, "paymentlink", link.razorpay_link_id or "")


OTHERWISE = [
    (_payment_lost, FindingKind.PAYMENT_MISSING_THERE),
    (_change("amount", 100000), FindingKind.PAYMENT_AMOUNT),
    (_change("currency", "USD"), FindingKind.PAYMENT_AMOUNT),
    (_change("status", "authorized"), FindingKind.PAYMENT_AHEAD),
    (_refund_lost, FindingKind.REFUND_MISSING_THERE),
    (_change("amount", 40000, "refund"), FindingKind.REFUND_AMOUNT),
    (_change("status", "pending", "refund"), FindingKind.REFUND_AHEAD),
    (_order_lost, FindingKind.REQUEST_MISSING_THERE),
    (_link_lost, FindingKind.REQUEST_MISSING_THERE),
    (_change("amount", 100000, "order"), FindingKind.REQUEST_AMOUNT),
]


@pytest.mark.parametrize(("plant", "kind"), OTHERWISE)
def test_what_razorpay_says_otherwise_is_found_and_is_gone_once_it_is_mended(
    razorpay: SandboxProcess, payment: Payment, plant: Any, kind: FindingKind
) -> None:
    mend = plant(razorpay, payment)
    discrepancy = found_once(GATEWAY, kind)
    assert kind not in REPAIRS
    assert next_step(kind)
    mend()
    assert closed_by_itself(discrepancy) == "gone"


# --- many, moving, and cut off ----------------------------------------------------------------------------------------

STRANGERS, OF_OURS = 2_900, 100


def test_thousands_of_payments_that_move_while_they_are_read(
    razorpay: SandboxProcess, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """30 pages. Before each page a payment comes in late, one of ours changes its place, and one leaves the list; two
    pages fail once. Of our hundred payments one is not recorded, one has
    another amount there, and one is missing there."""
    start = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    recorded = _hundred_payments(acme, start)
    _tell_sandbox(razorpay, start, recorded)
    names = [payment.razorpay_payment_id or "" for payment in recorded]
    unrecorded = _one_more(razorpay, recorded[0], start)
    there(razorpay, "UPDATE {payment} SET amount = amount + 100 WHERE public_id = ?", names[10])
    lose(razorpay, "payment", names[20])
    _move_between_pages(razorpay, monkeypatch, start, names)
    razorpay.control("faults", [{"match": "GET /v1/payments", "kind": kind} for kind in ("502_html", "429_json")])
    findings = {(each.kind, each.subject) for each in found(GATEWAY, start.date())}
    assert findings == {
        (FindingKind.PAYMENT_MISSING_HERE, unrecorded),
        (FindingKind.PAYMENT_AMOUNT, names[10]),
        (FindingKind.PAYMENT_MISSING_THERE, names[20]),
    }


def _hundred_payments(acme: Organisation, start: datetime) -> list[Payment]:
    """Of one invoice, which nobody credits: what is compared is the payment."""
    order = open_order(issued_invoice(acme))
    payments = [
        Payment(
            organisation=acme, invoice=order.invoice, order=order, razorpay_payment_id=f"pay_Ours{number:010}",
            razorpay_order_id=order.razorpay_order_id, method="upi", status="captured", amount=order.amount,
            currency="INR", fee=Decimal("27.85"), tax=Decimal("4.25"), attempted_at=start + timedelta(seconds=number),
            paid_at=start + timedelta(seconds=number),
        )
        for number in range(0, 80_000, 80_000 // OF_OURS)
    ]  # fmt: skip
    return list(Payment.objects.bulk_create(payments))


def _tell_sandbox(razorpay: SandboxProcess, start: datetime, recorded: list[Payment]) -> None:
    """Ours lie scattered among those of another system."""
    order = {"id": recorded[0].razorpay_order_id, "amount": 118000, "currency": "INR", "created_at": _seconds(start)}
    other = order | {"id": "order_Strangers00001"}
    ours = [_entity(payment.razorpay_payment_id or "", order["id"], payment.attempted_at) for payment in recorded]
    theirs = [
        _entity(f"pay_Them{number:010}", other["id"], start + timedelta(seconds=number))
        for number in range(0, STRANGERS * 27, 27)
    ]
    razorpay.control("past", {"orders": [order, other], "payments": ours + theirs})


def _entity(name: str, order_id: Any, at: datetime, **changes: Any) -> dict[str, Any]:
    return {
        "id": name, "order_id": order_id, "amount": 118000, "currency": "INR", "status": "captured", "method": "upi",
        "fee": 2785, "tax": 425, "created_at": _seconds(at),
    } | changes  # fmt: skip


def _seconds(at: datetime) -> int:
    return int(at.timestamp())


def _one_more(razorpay: SandboxProcess, like: Payment, start: datetime) -> str:
    name = "pay_Ours000000Untold"[:18]
    razorpay.control("past", {"payments": [_entity(name, like.razorpay_order_id, start + timedelta(hours=9))]})
    return name


def _move_between_pages(
    razorpay: SandboxProcess, monkeypatch: pytest.MonkeyPatch, start: datetime, names: list[str]
) -> None:
    """Of ours, the oldest, which come last, go to pages that were read already."""
    ask, asked = RazorpayGateway._get, itertools.count()

    def moving(gateway: RazorpayGateway, *arguments: Any) -> Any:
        number = next(asked)
        late = start + timedelta(hours=23, minutes=number % 50)
        razorpay.control("past", {"payments": [_entity(f"pay_Late{number:010}", "order_Strangers00001", late)]})
        there(razorpay, "UPDATE {payment} SET created_at = created_at + 50000 WHERE public_id = ?", names[number])
        there(razorpay, "UPDATE {payment} SET created_at = created_at - 90000 WHERE public_id = ?",
              f"pay_Them{27 * (2_700 - number):010}")  # fmt: skip
        return ask(gateway, *arguments)

    monkeypatch.setattr(RazorpayGateway, "_get", moving)


@pytest.mark.usefixtures("no_repeats")
def test_an_account_that_fails_half_way_fails_the_check_and_closes_nothing(
    razorpay: SandboxProcess, order: PaymentOrder
) -> None:
    _payment_untold(razorpay, order)
    discrepancy = found_once(GATEWAY, FindingKind.PAYMENT_MISSING_HERE)
    _told(razorpay)  # all agrees, if only somebody could ask
    other = collection.ensure_order(invoice_id=issued_invoice(order.invoice.organisation).pk)
    razorpay.pay(other.razorpay_order_id or "")
    razorpay.control("faults", [{"match": "GET /v1/refunds", "kind": "503"}])
    with later(2):
        failed = check_run(run(discrepancy.day, None, GATEWAY), GATEWAY)
    assert failed.status == "waiting"
    assert failed.last_failure.startswith(f"Account {KEY_ID} could not be read to the end: Razorpay answered 503")
    assert states(GATEWAY) == ["open"]
    with later(3):
        do_check(check_id=failed.pk)
    assert sorted(states(GATEWAY)) == ["gone", "open"]


def test_what_belongs_to_others_or_is_too_young_is_not_judged(
    razorpay: SandboxProcess, order: PaymentOrder, globex: Organisation
) -> None:
    """Another system's payment; a failed attempt nobody told us of; a payment of minutes ago; another customer's."""
    with later(0):
        razorpay.pay(order.razorpay_order_id or "", "fail")
        other = razorpay.client().order.create({"amount": 100, "currency": "INR", "receipt": "somebody-else"})
        razorpay.pay(other["id"])
        today = clock.now().date()
    razorpay.pay(order.razorpay_order_id or "")
    assert found(GATEWAY, today) == []
    with later(1):
        assert found(GATEWAY, today, organisation_id=globex.pk) == []
        assert [each.kind for each in found(GATEWAY, today)] == [FindingKind.PAYMENT_MISSING_HERE]


def test_a_key_that_cannot_be_read_fails_the_check(razorpay: SandboxProcess, invoice: Invoice, settings: Any) -> None:
    settings.RAZORPAY_KEY_SECRET = "wrong"
    with later(1), pytest.raises(DomainError, match="could not be read to the end: Authentication failed"):
        found(GATEWAY, clock.now().date())


def test_without_an_account_nothing_is_compared(acme: Organisation) -> None:
    open_order(issued_invoice(acme))
    assert found(GATEWAY, date(2026, 11, 30)) == []
