"""A month, from the first event to the receipt, over HTTP against the running processes."""

from __future__ import annotations

import email
import email.policy
import io
from pathlib import Path
from typing import Any

import requests
from pypdf import PdfReader

from tests.scenarios.customer import ADMIN, Customer
from tests.scenarios.running import Platform, wait_for

WEBHOOK = "/api/v1/webhooks/razorpay"


def test_usage_becomes_an_invoice_and_the_invoice_becomes_money(platform: Platform) -> None:
    acme = Customer.create(platform, "Month")

    # 5,000 events in ten batches; in each the last 50 repeat the first 50: 4,500 different ones
    for batch in range(10):
        numbers = [batch * 450 + offset for offset in range(450)]
        acme.report([acme.event(number) for number in [*numbers, *numbers[:50]]])
    acme.wait_until_counted(4_500)
    settled = platform.scalar(
        "SELECT jsonb_build_array(sum(event_count), sum(counted), sum(duplicates), sum(dead_lettered))"
        " FROM events_eventbatch WHERE organisation_id = %s AND status = 'settled'",
        acme.organisation_id,
    )
    assert settled == [5_000, 4_500, 500, 0]

    # 4,500 × 1.25 = 5,625 calls × ₹0.04 = ₹225.00; CGST 9 % and SGST 9 % = ₹20.25 each; total ₹265.50
    invoice = acme.invoice(acme.bill_last_month()["id"])
    assert (invoice["subtotal"], invoice["tax_total"], invoice["total"]) == ("225.00", "40.50", "265.50")
    assert {(tax["name"], tax["amount"]) for tax in invoice["taxes"]} == {("CGST", "20.25"), ("SGST", "20.25")}
    (line,) = invoice["line_items"]
    assert (line["quantity"].rstrip("0").rstrip("."), line["amount"]) == ("5625", "225.00")

    _check_pdf(_pdf(platform, invoice), invoice)
    order = _pay_in_sandbox(platform, invoice)
    paid = wait_for(lambda: _if_paid(acme, invoice["id"]), seconds=60, what="the payment", log=platform.log)
    assert (paid["amount_paid"], paid["amount_due"]) == ("265.50", "0.00")

    _webhooks_twice_and_tampered(platform, order["id"])
    assert acme.invoice(invoice["id"])["amount_paid"] == "265.50"
    wait_for(lambda: _mails(platform, invoice["number"]), seconds=60, what="the e-mails", log=platform.log)
    subjects = _mails(platform, invoice["number"])
    assert len([mail for mail in subjects if "payment" in mail.lower() or "receipt" in mail.lower()]) == 1
    assert len(acme.invoices()) == 1


def _if_paid(customer: Customer, invoice_id: str) -> dict[str, Any] | None:
    invoice = customer.invoice(invoice_id)
    return invoice if invoice["status"] == "paid" else None


def _pdf(platform: Platform, invoice: dict[str, Any]) -> bytes:
    def stored() -> bytes | None:
        answer = platform.request("GET", f"{ADMIN}/invoices/{invoice['id']}/pdf")
        return answer.content if answer.status_code == 200 else None

    return wait_for(stored, seconds=60, what="the PDF", log=platform.log)


def _check_pdf(content: bytes, invoice: dict[str, Any]) -> None:
    """CGST Rule 46: every field of a tax invoice for services inside one State."""
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())
    for field in [
        "Metrics Cloud Private Limited",  # (a) supplier: name, address, GSTIN
        "12 Residency Road",
        "29AAACA1234A1ZG",
        invoice["number"],  # (b)
        "Month Private Limited",  # (d) recipient: name, address, GSTIN
        "5 MG Road",
        "29AAGCB7383J1Z4",
        "998315",  # (g) SAC
        "225.00",  # (j), (k) value and taxable value
        "9%",  # (l) rate per head
        "20.25",  # (m) tax per head
        "CGST",
        "SGST",
        "29-Karnataka",  # (n) place of supply
        "Reverse charge",  # (p)
        "265.50",
        "₹",
    ]:
        assert field in text, f"{field} is not on the invoice: {text[:3000]}"
    assert "TAX INVOICE" in text.upper()


def _pay_in_sandbox(platform: Platform, invoice: dict[str, Any]) -> dict[str, Any]:
    first = platform.request("POST", "/api/v1/payments/orders", json={"invoice_id": invoice["id"]})
    again = platform.request("POST", "/api/v1/payments/orders", json={"invoice_id": invoice["id"]})
    assert first.status_code == 201, first.text
    order = dict(first.json()["order"])
    assert order == again.json()["order"]
    assert (order["amount"], order["currency"]) == (26_550, "INR")
    platform.sandbox(f"/_sim/orders/{order['id']}/pay?outcome=success")
    return order


def _webhooks_twice_and_tampered(platform: Platform, order_id: str) -> None:
    def delivered() -> list[dict[str, Any]]:
        items = platform.sandbox("/_sim/webhooks", method="GET")["items"]
        ours = [item for item in items if order_id in item["body"]]
        return ours if len(ours) >= 3 and all(item["status"] == "delivered" for item in ours) else []

    deliveries = wait_for(delivered, seconds=30, what="payment.authorized, payment.captured and order.paid")
    stored = "SELECT count(*) FROM payments_inboundwebhook"
    before = platform.scalar(stored)
    for item in deliveries:
        platform.sandbox(f"/_sim/webhooks/{item['id']}/redeliver")
    captured = next(item for item in deliveries if item["event"] == "payment.captured")
    tampered = captured["body"].replace("26550", "99999")
    answer = requests.post(
        platform.facts["base_url"] + WEBHOOK, data=tampered.encode(), headers=captured["headers"], timeout=30
    )
    assert tampered != captured["body"]
    assert answer.status_code == 400, answer.text
    assert platform.scalar(stored) == before


def _mails(platform: Platform, number: str) -> list[str]:
    """Subjects of the e-mails that speak of the invoice; nothing until the invoice and the receipt are both there."""
    found = []
    for file in Path(platform.var_dir / "mail").glob("*"):
        for part in file.read_text(errors="replace").split("-" * 79 + "\n"):
            message = email.message_from_string(part, policy=email.policy.default)
            body = message.get_body(("plain",))
            if number in part or (body is not None and number in body.get_content()):
                found.append(str(message["Subject"]))
    return found if len(found) >= 2 else []
