"""Mandates over HTTP: registered in November, debited in December, and all that keeps a debit from being made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from billing_platform.lib import law
from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from organisations.services.holds import place_hold
from payments import selectors, tasks
from payments.gateways import GatewayRefused
from payments.gateways.debit_failures import Remedy, remedy_of
from payments.models import Mandate, MandateCharge, Payment, PaymentOrder
from payments.services import collection
from payments.services.allocating import use_credit
from payments.services.dunning.pauses import note_promise
from payments.services.mandates import charging, registering, tokens
from payments.services.mandates.cancelling import cancel_charge
from payments.services.mandates.payers import payer_name
from payments.services.offline import record_offline_payment
from tests.payments.debits import NOVEMBER, Bank, announced, ask, asked, confirmed, mailed, run
from tests.payments.language import issued_invoice
from tests.payments.test_allocating import on_account


def test_registered_in_november_and_debited_in_december(bank: Bank, acme: Organisation) -> None:
    mandate = ask(acme)
    [invitation] = mailed("mandate_invitation")
    assert (mandate.status, invitation.recipients) == ("initiated", [acme.billing_email])
    assert mandate.short_url in invitation.text
    bank.razorpay.pay(mandate.razorpay_order_id or "", method="upi")
    bank.post(backwards=True)
    mandate.refresh_from_db()
    assert (mandate.status, bool(mandate.shown_as)) == ("confirmed", True)
    assert registering.process_mandate(mandate_id=mandate.pk)  # gives the rupee back
    mandate.refresh_from_db()
    assert (mandate.returned_at is not None, mandate.work_state) == (True, "done")
    assert Payment.objects.count() == 0

    bank.passes(days=5)
    invoice = issued_invoice(acme)
    assert selectors.invoices_to_debit() == [invoice.pk]
    charge = charging.collect_by_mandate(invoice_id=invoice.pk)
    assert charge is not None
    assert selectors.invoices_to_debit() == []
    [notice] = mailed("debit_notice")
    for said in ("₹1,180.00", invoice.number, acme.billing_entity.name, "2 Dec 2026, 13:00 IST"):
        assert said in notice.text, said
    run(charge)
    assert (charge.status, charge.order and charge.order.status) == ("announced", "open")
    bank.passes(hours=25)
    run(charge)
    assert charge.status == "asked"
    with pytest.raises(DomainError, match="has not answered"):  # nobody pays twice meanwhile
        collection.ensure_order(invoice_id=invoice.pk)
    bank.razorpay.control(f"payments/{charge.razorpay_payment_id}/debit", {"outcome": "captured"})
    bank.post()
    bank.post()
    charge.refresh_from_db()
    invoice.refresh_from_db()
    assert (charge.status, invoice.status, invoice.amount_paid) == ("captured", "paid", Decimal("1180.00"))
    [receipt] = mailed("payment_received")
    said_after = (
        "₹1,180.00",
        "2 Dec 2026, 13:00 IST",
        mandate.razorpay_token_id,
        "success@razorpay",
        "at least 24 hours",
    )
    for said in (*said_after, f"/debits/{charge.public_token}"):
        assert said in receipt.text, said
        assert said in receipt.html, said
    assert [each["filename"] for each in receipt.attachments] == [f"receipt-{charge.razorpay_payment_id}.pdf"]


@pytest.mark.parametrize(
    ("notified", "charged"),
    [
        (datetime(2026, 11, 26, 4, 0, tzinfo=UTC), datetime(2026, 11, 27, 7, 30, tzinfo=UTC)),  # 09:30 + 25 h: busy
        (datetime(2026, 11, 26, 3, 0, tzinfo=UTC), datetime(2026, 11, 27, 4, 0, tzinfo=UTC)),  # 09:30 is free
        (datetime(2026, 11, 26, 11, 30, tzinfo=UTC), datetime(2026, 11, 27, 16, 0, tzinfo=UTC)),  # until 21:30
    ],
)
def test_upi_is_debited_a_day_later_outside_its_busy_hours(notified: datetime, charged: datetime) -> None:
    assert charging.charge_time("upi", notified) == charged
    assert charging.charge_time("card", notified) == notified + timedelta(hours=25)


@pytest.mark.parametrize(
    ("most", "price", "code"), [(1_000, "1000", "MANDATE_LIMIT"), (99_999, "13000", "DEBIT_NEEDS_APPROVAL")]
)
def test_above_a_limit_the_customer_is_asked_to_pay_and_the_reason_stands(
    bank: Bank, acme: Organisation, most: int, price: str, code: str
) -> None:
    confirmed(bank, acme, max_amount=Decimal(most))
    invoice = issued_invoice(acme, price)
    with pytest.raises(DomainError) as caught:
        charging.charge_invoice(invoice_id=invoice.pk, cause="retry")
    assert caught.value.code == code
    for _twice in range(2):
        charging.collect_by_mandate(invoice_id=invoice.pk)
    charge = MandateCharge.objects.get()
    assert (charge.status, charge.failure_code) == ("refused", code)
    [mail] = mailed("not_debited")
    assert charge.reason in mail.text
    assert selectors.invoices_to_debit() == []


def test_the_database_refuses_a_debit_within_a_day_of_its_notice(bank: Bank, acme: Organisation) -> None:
    confirmed(bank, acme)
    charge = announced(issued_invoice(acme))
    sent = Notification.objects.get(kind="debit_notice").sent_at
    assert sent is not None
    early = sent + timedelta(hours=23, minutes=59)
    with pytest.raises(IntegrityError, match="no_debit_within_a_day"), transaction.atomic():
        MandateCharge.objects.filter(pk=charge.pk).update(status="asked", notified_at=sent, asked_at=early)
    with pytest.raises(IntegrityError, match="no_debit_within_a_day"), transaction.atomic():
        MandateCharge.objects.filter(pk=charge.pk).update(status="asked", asked_at=early + timedelta(days=9))


def test_the_database_refuses_a_debit_in_another_currency(invoice: Invoice) -> None:
    values = {"invoice": invoice, "kind": "debit", "amount": Decimal(10), "amount_minor": 1000, "currency": "USD"}
    with pytest.raises(IntegrityError, match="mandate_is_debited_in_rupees"), transaction.atomic():
        PaymentOrder.objects.create(**values)


def test_a_notice_that_leaves_late_moves_the_debit_and_one_that_never_leaves_cancels_it(
    bank: Bank, acme: Organisation
) -> None:
    confirmed(bank, acme, method="card")
    late, never = issued_invoice(acme), issued_invoice(acme, "100")
    first = charging.charge_invoice(invoice_id=late.pk, cause="issued")
    second = charging.charge_invoice(invoice_id=never.pk, cause="issued")
    run(first), run(second)
    bank.passes(hours=25, minutes=30)
    assert run(first).status == "announced"  # waits for its notice
    Notification.objects.filter(pk=first.notice_id).update(status="sent", sent_at=charging.clock.now())
    bank.passes(hours=10)
    assert run(first).status == "announced"  # a day after it left
    assert run(second).status == "cancelled"
    bank.passes(hours=15)
    assert run(first).status == "asked"


@pytest.mark.parametrize(
    ("change", "reason", "told"),
    [
        ("pay", "in another way", 0),
        ("switch", "switched off", 1),
        ("hold", "on hold", 0),
        ("promise", "Promised to pay by 30 Nov 2026", 0),
        ("pause", "paused", 1),
        ("revoke", "cancelled", 1),
        ("opt_out", "No, thank you", 0),
    ],
)
def test_what_happens_after_the_notice_stops_the_debit(
    bank: Bank, acme: Organisation, change: str, reason: str, told: int
) -> None:
    """The payer was told to do nothing: where nobody else says otherwise, it is told to pay itself."""
    mandate, invoice = confirmed(bank, acme), issued_invoice(acme)
    charge = announced(invoice)
    changes: dict[str, Callable[[], Any]] = {
        "pay": lambda: record_offline_payment(
            invoice_id=invoice.pk, amount=Decimal("1180.00"), method="bank_transfer", reference="UTR1",
            received_on=NOVEMBER.date(),
        ),
        "switch": lambda: registering.switch_auto_collect(organisation=acme, is_on=False),
        "hold": lambda: place_hold(organisation=acme, kind="no_collection", reason="Dispute", placed_by="olga"),
        "promise": lambda: note_promise(
            invoice_id=invoice.pk, last_day=date(2026, 11, 30), note="By transfer", placed_by="olga"
        ),
        "pause": lambda: bank.razorpay.control(f"tokens/{mandate.razorpay_token_id}/pause"),
        "revoke": lambda: bank.razorpay.control(f"tokens/{mandate.razorpay_token_id}/cancel"),
        "opt_out": lambda: cancel_charge(charge_id=charge.pk, reason="No, thank you"),
    }  # fmt: skip
    changes[change]()
    bank.passes(hours=26)
    run(charge)
    assert charge.status == "cancelled"
    assert reason in charge.reason
    assert charge.order is not None
    assert PaymentOrder.objects.get(pk=charge.order.pk).status == "superseded"
    assert bank.razorpay.client().order.payments(charge.order.razorpay_order_id)["items"] == []
    assert len(mailed("not_debited")) == told
    assert selectors.invoices_to_debit() == []


def test_a_debit_that_fails_frees_the_pay_page_and_may_be_tried_again(bank: Bank, acme: Organisation) -> None:
    confirmed(bank, acme)
    invoice = issued_invoice(acme)
    charge = asked(bank, invoice)
    answer = {"outcome": "failed", "reason": "insufficient_funds"}
    bank.razorpay.control(f"payments/{charge.razorpay_payment_id}/debit", answer)
    bank.post()
    charge.refresh_from_db()
    assert (charge.status, charge.failure_code) == ("failed", "insufficient_funds")
    [mail] = mailed("payment_failed")
    assert "enough money" in mail.text
    assert selectors.invoices_to_debit() == []  # what is next, dunning decides
    assert collection.ensure_order(invoice_id=invoice.pk).status == "open"
    assert charging.charge_invoice(invoice_id=invoice.pk, cause="retry").status == "announced"


def test_a_payer_who_revokes_at_the_bank_ends_the_mandate_whatever_the_order_of_messages(
    bank: Bank, acme: Organisation
) -> None:
    mandate = confirmed(bank, acme)
    for verb in ("pause", "resume", "cancel"):
        bank.razorpay.control(f"tokens/{mandate.razorpay_token_id}/{verb}")
    bank.post(backwards=True)
    mandate.refresh_from_db()
    assert mandate.status == "cancelled"
    with pytest.raises(DomainError, match="no confirmed mandate"):
        charging.charge_invoice(invoice_id=issued_invoice(acme).pk, cause="issued")
    assert list(Mandate.objects.all().ended_without_successor()) == [mandate]


@pytest.mark.parametrize("method", ["upi", "card"])
def test_an_operator_cancels_a_mandate_at_razorpay(bank: Bank, acme: Organisation, method: str) -> None:
    mandate = confirmed(bank, acme, method=method)
    registering.cancel_mandate(mandate_id=mandate.pk)
    assert not selectors.invoices_to_debit()
    registering.process_mandate(mandate_id=mandate.pk)
    mandate.refresh_from_db()
    assert (mandate.status, mandate.ended_at is not None) == ("cancelled", True)


@pytest.mark.usefixtures("no_repeats")
def test_a_debit_that_never_reached_razorpay_is_not_asked_for_again_once_the_invoice_is_paid(
    bank: Bank, acme: Organisation
) -> None:
    confirmed(bank, acme, method="card")
    invoice = issued_invoice(acme)
    charge = announced(invoice)
    bank.passes(hours=26)
    bank.razorpay.control("faults", {"match": "POST /v1/payments/create/recurring", "kind": "drop_before"})
    assert run(charge).status == "asked"
    record_offline_payment(
        invoice_id=invoice.pk, amount=Decimal("1180.00"), method="bank_transfer", reference="UTR1",
        received_on=NOVEMBER.date(),
    )  # fmt: skip
    bank.passes(minutes=5)
    assert run(charge).status == "cancelled"
    assert charge.order is not None
    assert bank.razorpay.client().order.payments(charge.order.razorpay_order_id)["items"] == []


def test_upi_is_asked_so_often_for_an_invoice_and_no_more(
    bank: Bank, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed(bank, acme)
    invoice = issued_invoice(acme)
    charge = asked(bank, invoice)
    bank.razorpay.control(f"payments/{charge.razorpay_payment_id}/debit", {"outcome": "failed"})
    bank.post()
    monkeypatch.setattr(law, "UPI_DEBITS", (law.Since(NOVEMBER.date(), 1, ""),))
    with pytest.raises(DomainError) as caught:
        charging.charge_invoice(invoice_id=invoice.pk, cause="operator")
    assert caught.value.code == "UPI_TRIES_USED_UP"


def test_a_customer_to_whom_nothing_may_be_e_mailed_is_not_debited(bank: Bank, acme: Organisation) -> None:
    confirmed(bank, acme)
    invoice = issued_invoice(acme)
    place_hold(organisation=acme, kind="no_email", reason="A new address comes", placed_by="olga")
    assert selectors.invoices_to_debit() == []
    with pytest.raises(DomainError) as caught:
        charging.charge_invoice(invoice_id=invoice.pk, cause="operator")
    assert caught.value.code == "NO_NOTICE_POSSIBLE"


def test_a_refusal_of_our_keys_ends_no_mandate(bank: Bank, acme: Organisation) -> None:
    """Razorpay says so with the status of a bad request; a cancelled mandate would never come back."""
    mandate = confirmed(bank, acme)

    class Refusing:
        def fetch_token(self, **_: str) -> Any:
            raise GatewayRefused(self.words)

        words = "Authentication failed"

    gateway: Any = Refusing()
    with pytest.raises(GatewayRefused):
        tokens.refresh_token(gateway, mandate)
    gateway.words = "The id provided does not exist"
    assert tokens.refresh_token(gateway, mandate).status == "cancelled"


def test_a_bank_account_is_named_by_the_payer_on_razorpays_page(bank: Bank, acme: Organisation) -> None:
    """We ask for no account number and pass none on; RBI's limit of UPI and cards is none here."""
    acme.name = "Müller & Söhne – Bau"  # Razorpay's customers have neither & nor –
    acme.save()
    mandate = confirmed(bank, acme, method="emandate", max_amount=Decimal(500_000))
    assert (mandate.owes_the_rupee, mandate.shown_as) == (False, "HDFC account ending in 1121")
    assert announced(issued_invoice(acme, "100000")).status == "announced"


@pytest.mark.parametrize(
    ("name", "taken"),
    [("Müller & Söhne – Bau", "Müller Söhne Bau"), ("X", "Customer X"), ("A_b" + "c" * 90, "A b" + "c" * 47)],
)
def test_names_are_written_as_razorpay_takes_them(name: str, taken: str) -> None:
    assert payer_name(name) == taken


def test_one_request_waits_for_a_payer_at_a_time(bank: Bank, acme: Organisation) -> None:
    ask(acme)
    with pytest.raises(DomainError, match="not answered"):
        ask(acme)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"max_amount": Decimal(15_001), "method": "card"}, "max_amount"),
        ({"method": "cash"}, "method"),
    ],
)
def test_what_razorpay_would_refuse_is_not_asked(
    bank: Bank, acme: Organisation, terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask(acme, **terms)
    assert list(caught.value.details) == [field]
    assert not Mandate.objects.exists()


def test_a_bank_that_rejects_says_why(bank: Bank, acme: Organisation) -> None:
    bank.razorpay.control("settings", {"mandate_outcome": "rejected"})
    mandate = ask(acme)
    bank.razorpay.pay(mandate.razorpay_order_id or "", method="upi")
    bank.post()
    mandate.refresh_from_db()
    assert (mandate.status, mandate.failure_reason) == ("rejected", "Rejected by bank")


def test_a_late_message_is_not_missed(bank: Bank, acme: Organisation) -> None:
    """Neither the token's messages nor the debit's arrive: what waits is looked up."""
    mandate, invoice = ask(acme, method="card"), issued_invoice(acme)
    bank.razorpay.pay(mandate.razorpay_order_id or "", method="card")
    bank.passes(hours=7)
    tasks.collect_by_mandates()
    registering.process_mandate(mandate_id=mandate.pk)
    mandate.refresh_from_db()
    assert mandate.status == "confirmed"
    charge = asked(bank, invoice)
    bank.razorpay.control(f"payments/{charge.razorpay_payment_id}/debit", {"outcome": "captured"})
    bank.passes(hours=4)
    assert run(charge).status == "captured"


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        ("mandate_cancelled", Remedy.NEW_MANDATE),
        ("mandate_paused", Remedy.ASK_PAYER),
        ("mandate_current_cycle_allowed_debit_exceeds", Remedy.NEXT_CYCLE),
        ("insufficient_funds", Remedy.RETRY_LATER),
        ("something_new", Remedy.RETRY_LATER),
    ],
)
def test_each_failure_names_what_helps(reason: str, remedy: Remedy) -> None:
    assert remedy_of(reason) is remedy


def test_the_payer_says_no_to_one_debit_on_the_page_of_its_notice(
    bank: Bank, acme: Organisation, client: Client
) -> None:
    confirmed(bank, acme)
    charge = announced(issued_invoice(acme))
    page = f"/debits/{charge.public_token}"
    assert "Do not make this debit" in client.get(page).content.decode()
    assert "will be debited" in client.get(f"/pay/{charge.invoice.public_token}").content.decode()
    assert "is not made" in client.post(page).content.decode()
    charge.refresh_from_db()
    assert charge.status == "cancelled"
    assert client.post(page).status_code == 200  # twice is once
    assert client.get("/debits/nobody").status_code == 404


def test_the_payer_ends_the_mandate_on_the_page_of_a_debit(bank: Bank, acme: Organisation, client: Client) -> None:
    mandate = confirmed(bank, acme)
    charge = announced(issued_invoice(acme))
    page = f"/debits/{charge.public_token}"
    assert "is being ended" in client.post(page, {"what": "mandate"}).content.decode()
    assert selectors.invoices_to_debit() == []
    bank.passes(hours=26)
    registering.process_mandate(mandate_id=mandate.pk)
    assert "has ended" in client.get(page).content.decode()
    assert client.post(page, {"what": "mandate"}).status_code == 409
    mandate.refresh_from_db()
    assert (mandate.status, run(charge).status, len(mailed("not_debited"))) == ("cancelled", "cancelled", 1)


def test_a_payer_can_no_longer_stop_what_the_bank_was_asked_for(bank: Bank, acme: Organisation, client: Client) -> None:
    confirmed(bank, acme)
    charge = asked(bank, issued_invoice(acme))
    assert client.post(f"/debits/{charge.public_token}").status_code == 409
    page = client.get(f"/pay/{charge.invoice.public_token}").content.decode()
    assert "being debited" in page
    assert "data-order-url" not in page
    on_account(acme, "500")  # credit waits too: the bank's money would come on top
    assert (use_credit(invoice_id=charge.invoice_id), selectors.invoices_that_credit_may_pay()) == (0, [])


def test_a_customer_sets_up_automatic_payment_from_the_pay_page(bank: Bank, acme: Organisation, client: Client) -> None:
    invoice = issued_invoice(acme)
    page = f"/pay/{invoice.public_token}/mandate"
    assert page in client.get(f"/pay/{invoice.public_token}").content.decode()
    wrong = client.post(page, {"method": "card", "phone": "+919876543210", "max_amount": "20000"})
    assert "15,000.00" in wrong.content.decode()
    answer = client.post(page, {"method": "upi", "phone": "+91 98765 43210", "max_amount": "9000"})
    mandate = Mandate.objects.get()
    assert mandate.short_url in answer.content.decode()
    assert mandate.asked_by == "the payer"
    bank.razorpay.pay(mandate.razorpay_order_id or "", method="upi")
    bank.post()
    assert client.get(page).status_code == 404  # one stands
