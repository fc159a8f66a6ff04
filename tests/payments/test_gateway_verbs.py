"""Each verb over HTTP with the real SDK: what is sent, and how the answers of Razorpay's documentation are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache

from billing_platform.lib import clock
from payments.gateways import GatewayRefused, GatewayUnclear, gateway_of_environment
from payments.gateways.values import GatewayRefund, MandateTerms, PayerDetails
from tests.local.razorpay.harness import SandboxProcess
from tests.payments.stub_razorpay import Asked, Reply, StubRazorpay, running_stub

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 30, tzinfo=UTC)
PAYER = PayerDetails(name="Gaurav Kumar", email="gaurav.kumar@example.com", phone="+919876543210")
TERMS = MandateTerms(method="upi", max_amount_minor=1500000, expires_at=UNTIL, frequency="monthly")
TOKEN = {
    "id": "token_HouA2OQR5Z2jTL",
    "entity": "token",
    "bank": None,
    "wallet": None,
    "method": "upi",
    "vpa": {"username": "gaurav", "handle": "okhdfc", "name": None},
    "recurring": True,
    "recurring_details": {"status": "confirmed", "failure_reason": None},
    "max_amount": 1500000,
    "expired_at": 2070000000,
    "used_at": 1629780123,
    "created_at": 1629779657,
}
REGISTRATION = {
    "id": "inv_FHrXGIpd3N17DX",
    "entity": "invoice",
    "receipt": "mandate-1",
    "customer_id": "cust_BMB3EwbqnqZ2EI",
    "order_id": "order_FHrXGJNngJyEAe",
    "payment_id": None,
    "status": "issued",
    "short_url": "https://rzp.io/i/VSriCfn",
    "notes": [],
    "created_at": 1595491014,
}
DISPUTE = {
    "id": "disp_AHfqOvkldwsbqt",
    "payment_id": "pay_EsyWjHrfzb59eR",
    "amount": 10000,
    "currency": "INR",
    "amount_deducted": 0,
    "reason_code": "chargeback",
    "respond_by": 1590604200,
    "status": "open",
    "phase": "chargeback",
    "created_at": 1590059211,
}
RECON_ROW = {
    "entity_id": "pay_DEXrnipqTmWVGE",
    "type": "payment",
    "debit": 0,
    "credit": 97100,
    "amount": 100000,
    "currency": "INR",
    "fee": 2900,
    "tax": 442,
    "on_hold": False,
    "settled": True,
    "created_at": 1567692556,
    "settled_at": 1568176960,
    "settlement_id": "setl_DGlQ1Rj8os78Ec",
    "notes": "Beam me up Scotty.",
    "payment_id": None,
    "settlement_utr": "1568176960vxp0rj",
    "order_id": "order_DEXrnRiR3SNDHA",
}


@pytest.fixture
def stub() -> Iterator[StubRazorpay]:
    cache.clear()
    with running_stub() as stub:
        yield stub


def _page(*items: Any) -> Reply:
    return Reply({"entity": "collection", "count": len(items), "items": list(items)})


def _payment(number: int) -> dict[str, Any]:
    return {
        "id": f"pay_{number:014}",
        "status": "captured",
        "amount": 100,
        "currency": "INR",
        "created_at": 1793500000 - number,
    }


# --- mandates ---------------------------------------------------------------------------------------------------------


def test_a_customer_is_found_again_rather_than_refused(stub: StubRazorpay) -> None:
    entity = {"id": "cust_1Aa00000000004", "name": PAYER.name, "email": PAYER.email, "contact": PAYER.phone}
    stub.one_by_one(Reply(None), Reply(entity | {"notes": []}))  # the first answer gets lost
    customer = stub.gateway().create_customer(payer=PAYER, notes={})
    assert (customer.id, customer.phone) == ("cust_1Aa00000000004", "+919876543210")
    assert [asked.body["fail_existing"] for asked in stub.asked] == ["0", "0"]


def test_a_registration_link_carries_the_terms_and_is_found_by_our_receipt(stub: StubRazorpay) -> None:
    stub.one_by_one(Reply(REGISTRATION), _page(REGISTRATION | {"receipt": "mandate-10"}, REGISTRATION))
    made = stub.gateway().create_registration_link(
        receipt="mandate-1",
        amount_minor=100,
        currency="INR",
        description="Monthly invoices",
        payer=PAYER,
        terms=TERMS,
        expires_at=UNTIL,
        notes={},
    )
    assert (made.id, made.order_id, made.customer_id) == (
        "inv_FHrXGIpd3N17DX", "order_FHrXGJNngJyEAe", "cust_BMB3EwbqnqZ2EI",
    )  # fmt: skip
    sent = stub.asked[0]
    assert (sent.method, sent.path) == ("POST", "/v1/subscription_registration/auth_links")
    assert sent.body["subscription_registration"] == {
        "method": "upi",
        "max_amount": 1500000,
        "expire_at": int(UNTIL.timestamp()),
        "frequency": "monthly",
    }
    assert stub.gateway().find_registration(receipt="mandate-1") == made
    assert stub.asked[1].query["receipt"] == "mandate-1"


def test_an_emandate_names_its_bank_account_and_no_frequency(stub: StubRazorpay) -> None:
    order = {"id": "order_1", "amount": 0, "currency": "INR", "status": "created", "receipt": "m-1"}
    stub.one_by_one(Reply(order))
    terms = MandateTerms(
        method="emandate",
        max_amount_minor=100,
        expires_at=UNTIL,
        auth_type="netbanking",
        account={"ifsc_code": "HDFC0000001"},
    )
    stub.gateway().create_authorisation_order(
        receipt="m-1", amount_minor=0, currency="INR", customer_id="cust_1", terms=terms, notes={}
    )
    body = stub.asked[0].body
    assert (body["customer_id"], body["method"], body["amount"]) == ("cust_1", "emandate", 0)
    assert body["token"] == {
        "max_amount": 100,
        "expire_at": int(UNTIL.timestamp()),
        "auth_type": "netbanking",
        "bank_account": {"ifsc_code": "HDFC0000001"},
    }


def test_the_order_of_a_charge_has_razorpay_notify_the_payer(stub: StubRazorpay) -> None:
    order = {"id": "order_1", "amount": 100, "currency": "INR", "status": "created", "receipt": "c-1"}
    stub.one_by_one(Reply(order))
    stub.gateway().create_recurring_order(
        receipt="c-1", amount_minor=100, currency="INR", notes={}, token_id="token_1", charge_after=UNTIL
    )
    body = stub.asked[0].body
    assert body["notification"] == {"token_id": "token_1", "payment_after": int(UNTIL.timestamp())}
    assert body["payment"]["capture"] == "automatic"


def test_a_charge_answers_with_the_payment_and_is_never_repeated(stub: StubRazorpay) -> None:
    def charge() -> str:
        return stub.gateway().charge(
            order_id="order_1",
            customer_id="cust_1",
            token_id="token_1",
            amount_minor=118000,
            currency="INR",
            payer=PAYER,
            description="Invoice 1",
            notes={},
        )

    stub.one_by_one(Reply(None), Reply({"razorpay_payment_id": "pay_1Aa00000000001"}))
    with pytest.raises(GatewayUnclear):
        charge()
    assert len(stub.asked) == 1
    assert charge() == "pay_1Aa00000000001"
    assert stub.asked[-1].path == "/v1/payments/create/recurring"
    assert stub.asked[-1].body["token"] == "token_1"
    assert stub.asked[-1].body["recurring"] is True


def test_a_token_says_whether_it_may_be_charged_and_what_people_know_it_by(stub: StubRazorpay) -> None:
    card = TOKEN | {
        "id": "token_card",
        "method": "card",
        "vpa": None,
        "card": {"network": "Visa", "last4": "1007", "expiry_month": "01"},
        "recurring_details": {"status": "rejected", "failure_reason": "card_declined"},
    }
    account = TOKEN | {"id": "token_bank", "vpa": [], "bank": "HDFC"}
    account |= {"bank_details": {"account_number": "11214311215411"}}
    stub.one_by_one(Reply(TOKEN), _page(card, account))
    token = stub.gateway().fetch_token(customer_id="cust_1", token_id=str(TOKEN["id"]))
    assert (token.is_confirmed, token.customer_id, token.shown_as) == (True, "cust_1", "gaurav@okhdfc")
    assert token.expires_at == datetime.fromtimestamp(2070000000, UTC)
    found = {each.id: each for each in stub.gateway().customer_tokens(customer_id="cust_1")}
    assert not found["token_card"].is_confirmed
    assert found["token_card"].failure_reason == "card_declined"
    assert [found[name].shown_as for name in ("token_card", "token_bank")] == [
        "Visa ending in 1007",
        "HDFC account ending in 5411",
    ]


def test_revoking_a_mandate_begins_at_razorpay(stub: StubRazorpay) -> None:
    stub.one_by_one(Reply({"status": "cancellation_initiated"}), Reply({"deleted": True}))
    stub.gateway().cancel_token(customer_id="cust_1", token_id="token_1")
    stub.gateway().delete_token(customer_id="cust_1", token_id="token_1")
    assert [(asked.method, asked.path) for asked in stub.asked] == [
        ("PUT", "/v1/customers/cust_1/tokens/token_1/cancel"),
        ("DELETE", "/v1/customers/cust_1/tokens/token_1"),
    ]


def test_a_mandate_from_its_registration_to_its_revocation(razorpay: SandboxProcess) -> None:
    gateway, now = gateway_of_environment(), clock.now()
    customer = gateway.create_customer(payer=PAYER, notes={})
    terms = replace(TERMS, expires_at=now + timedelta(days=365))
    registered = gateway.create_authorisation_order(
        receipt="m-1", amount_minor=100, currency="INR", customer_id=customer.id, terms=terms, notes={}
    )
    first = gateway.fetch_payment(payment_id=razorpay.pay(registered.id)["id"])
    token = gateway.fetch_token(customer_id=customer.id, token_id=first.token_id)
    assert (token.is_confirmed, token.method, token.max_amount_minor) == (True, "upi", 1500000)
    order = gateway.create_recurring_order(receipt="c-1", amount_minor=118000, currency="INR", notes={})
    charged = gateway.charge(
        order_id=order.id, customer_id=customer.id, token_id=token.id, amount_minor=118000, currency="INR",
        payer=PAYER, description="Invoice 1", notes={},
    )  # fmt: skip
    [payment] = gateway.order_payments(order_id=order.id)
    assert (payment.id, payment.status) == (charged, "created")
    found = {each.id for each in gateway.payments_between(now - timedelta(days=1), now + timedelta(days=1))}
    assert {first.id, charged} <= found
    gateway.cancel_token(customer_id=customer.id, token_id=token.id)
    assert not gateway.fetch_token(customer_id=customer.id, token_id=token.id).is_confirmed


# --- refunds ----------------------------------------------------------------------------------------------------------


def _refund(razorpay: SandboxProcess, payment: str, key: str, amount: int = 500) -> GatewayRefund:
    return gateway_of_environment().create_refund(payment_id=payment, amount_minor=amount, key=key, receipt="r-1")


@pytest.fixture
def paid(razorpay: SandboxProcess) -> str:
    order = gateway_of_environment().create_order(receipt="r-1", amount_minor=1000, currency="INR", notes={})
    return str(razorpay.pay(order.id)["id"])


@pytest.mark.parametrize(
    "kind", ["timeout_after_commit", "drop_before", "drop_after_commit", "502_html", "500", "gateway_error", "429_json"]
)
def test_a_refund_whose_answer_is_lost_is_made_once(razorpay: SandboxProcess, paid: str, kind: str) -> None:
    razorpay.control("faults", {"match": "POST /v1/payments/*/refund", "kind": kind, "seconds": 2})
    refund = _refund(razorpay, paid, "refund-0001")
    assert _refund(razorpay, paid, "refund-0001") == refund
    assert gateway_of_environment().payment_refunds(payment_id=paid) == (refund,)
    assert gateway_of_environment().fetch_refund(refund_id=refund.id).amount_minor == 500
    assert gateway_of_environment().fetch_payment(payment_id=paid).amount_refunded_minor == 500


def test_the_key_of_a_refund_takes_no_other_amount(razorpay: SandboxProcess, paid: str) -> None:
    _refund(razorpay, paid, "refund-0001")
    with pytest.raises(GatewayRefused, match="Different request") as caught:
        _refund(razorpay, paid, "refund-0001", amount=400)
    assert not caught.value.transient
    with pytest.raises(GatewayRefused) as caught:
        _refund(razorpay, paid, "refund-0002", amount=501)
    assert not caught.value.transient


def test_a_repeated_refund_has_the_same_bytes_and_the_same_key(stub: StubRazorpay) -> None:
    entity = {"id": "rfnd_1", "payment_id": "pay_1", "amount": 500, "currency": "INR", "status": "pending"}
    entity |= {"created_at": 1597078866, "acquirer_data": {"arn": "74012"}}
    in_progress = "Another request with the same idempotency key is still in progress."
    stub.one_by_one(
        Reply({"error": {"code": "BAD_REQUEST_ERROR", "description": in_progress}}, status=409), Reply(entity)
    )
    refund = stub.gateway().create_refund(
        payment_id="pay_1", amount_minor=500, key="refund-0001", receipt="r-1", notes={"invoice": "INV/1"}
    )
    assert (refund.status, refund.bank_reference) == ("pending", "74012")
    first, second = stub.asked
    assert first.raw == second.raw
    assert {asked.headers["x-refund-idempotency"] for asked in stub.asked} == {"refund-0001"}


# --- lists, payouts, disputes -------------------------------------------------------------------------------------


def test_a_list_is_read_page_by_page_and_each_row_once_though_rows_move(stub: StubRazorpay) -> None:
    rows = [_payment(number) for number in range(1, 131)]

    def answer(asked: Asked) -> Reply:
        skip, count = int(asked.query["skip"]), int(asked.query["count"])
        page = rows[skip : skip + count]
        del rows[:5]  # five payments leave the list: the next page begins five rows later than it did
        return _page(*page)

    stub.answer = answer
    found = [payment.id for payment in stub.gateway().payments_between(SINCE, UNTIL)]
    assert found == [f"pay_{number:014}" for number in range(1, 131)]
    assert {(asked.query["from"], asked.query["to"]) for asked in stub.asked} == {
        (str(int(SINCE.timestamp())), str(int(UNTIL.timestamp())))
    }
    assert [asked.query["skip"] for asked in stub.asked] == ["0", "90"]


def test_a_payout_and_its_movements(stub: StubRazorpay) -> None:
    payout = {"id": "setl_1", "amount": 97100, "status": "processed", "fees": 0, "tax": 0}
    payout |= {"utr": "1568176960vxp0rj", "created_at": 1568176960}
    adjustment = {
        "entity_id": "adj_1", "type": "adjustment", "debit": 1000, "credit": 0, "amount": 1000, "currency": "INR",
        "fee": 0, "tax": 0, "on_hold": False, "settled": True, "created_at": 1567692556, "settled_at": None,
        "settlement_id": "setl_DGlQ1Rj8os78Ec", "settlement_utr": None, "dispute_id": "disp_1",
    }  # fmt: skip
    stub.one_by_one(Reply(payout), _page(RECON_ROW, adjustment))
    assert stub.gateway().fetch_payout(payout_id="setl_1").utr == "1568176960vxp0rj"
    payment, other = stub.gateway().recon_rows(date(2026, 6, 1))
    assert stub.asked[1].query == {"year": "2026", "month": "06", "day": "01", "count": "1000", "skip": "0"}
    assert (payment.payment_id, payment.credit_minor, payment.fee_minor, payment.tax_minor) == (
        "pay_DEXrnipqTmWVGE", 97100, 2900, 442,
    )  # fmt: skip
    assert (other.dispute_id, other.debit_minor, other.utr, other.paid_out_at) == ("disp_1", 1000, "", None)


def test_a_dispute_is_contested_with_evidence_or_accepted(stub: StubRazorpay) -> None:
    stub.one_by_one(
        Reply({"id": "doc_1", "entity": "document"}), Reply(DISPUTE | {"status": "under_review"}),
        Reply(DISPUTE | {"status": "lost", "amount_deducted": 10000}), _page(DISPUTE),
    )  # fmt: skip
    gateway = stub.gateway()
    document = gateway.upload_evidence(name="proof.pdf", content=b"%PDF-1.7", content_type="application/pdf")
    assert b'filename="proof.pdf"' in stub.asked[0].raw
    assert b"Content-Type: application/pdf" in stub.asked[0].raw
    proofs = {"billing_proof": [document], "others": [document]}
    contested = gateway.contest_dispute(
        dispute_id="disp_AHfqOvkldwsbqt", amount_minor=10000, summary="Delivered", documents=proofs
    )
    assert stub.asked[1].body["billing_proof"] == ["doc_1"]
    assert stub.asked[1].body["others"] == [{"type": "evidence", "document_ids": ["doc_1"]}]
    assert contested.status == "under_review"
    assert (stub.asked[1].method, stub.asked[1].body["action"]) == ("PATCH", "submit")
    assert gateway.accept_dispute(dispute_id="disp_AHfqOvkldwsbqt").amount_deducted_minor == 10000
    (found,) = gateway.disputes_between(SINCE, UNTIL)
    assert found.respond_by == datetime.fromtimestamp(1590604200, UTC)


def test_a_row_that_makes_no_sense_is_no_answer(stub: StubRazorpay) -> None:
    stub.one_by_one(_page(RECON_ROW | {"credit": "97100"}))
    with pytest.raises(GatewayUnclear, match="makes no sense"):
        list(stub.gateway().recon_rows(date(2026, 6, 1)))
