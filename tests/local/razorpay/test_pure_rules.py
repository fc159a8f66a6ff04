"""Fees, amounts on screen, identifiers and signatures: no process needed."""

from __future__ import annotations

import pytest

from billing_platform.local.razorpay import currencies, fees, identifiers, signatures

SECRET = "test_secret_123"


@pytest.mark.parametrize(
    ("amount", "fee", "tax"),
    [
        (100000, 2360, 360),
        (1000, 24, 4),  # 20 + 3.60
        (100, 2, 0),  # 2 + 0.36
        (125, 4, 1),  # 2.50 rounds up to 3, its GST 0.54 to 1
        (12345678, 291359, 44445),  # 246913.56 rounds to 246914, its GST 44444.52 to 44445
    ],
)
def test_fee_holds_its_tax(amount: int, fee: int, tax: int) -> None:
    assert fees.fee_and_tax(amount) == (fee, tax)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (123456789, "INR", "₹12,34,567.89"),
        (100, "INR", "₹1.00"),
        (123456789, "USD", "$1,234,567.89"),
        (5000, "JPY", "JPY 5,000"),
        (99990, "KWD", "KWD 99.990"),
    ],
)
def test_amounts_are_shown_in_their_currency(amount: int, currency: str, shown: str) -> None:
    assert currencies.display_amount(amount, currency) == shown


def test_identifiers_have_fourteen_letters_or_digits() -> None:
    assert identifiers.is_valid(identifiers.new_order_id(), "order")
    assert not identifiers.is_valid("order_short", "order")
    assert not identifiers.is_valid(identifiers.new_payment_id(), "order")


def test_checkout_signature_vector() -> None:
    signature = signatures.sign_checkout("order_IluGWxBm9U8zJ8", "pay_IluHDLxTq0aDpX", SECRET)
    assert signature == "85a967c4e08ebbad591e3831169d4dca0adebb8d40bb4f02c781f904d102c266"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("TSsd1989", "9257e1a9e746d27ce01d4ad175e3c4978e2c504c326088ab32c3092aa6fac389"),
        ("", "ca4cfe904100dfd75dd4f935577eb03fd63c43519bda2ebe46627cec1dda742e"),
    ],
)
def test_payment_link_signature_vectors(reference: str, expected: str) -> None:
    signature = signatures.sign_payment_link("plink_Fc8lXILABzQL7M", reference, "paid", "pay_Fc8mUeDrEKf08Y", SECRET)
    assert signature == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"entity":"event","event":"payment.captured"}',
            "c0a001608994ad76baf83ec52fb3290edfabca1d36bfb6f65efff5c53a6a342e",
        ),
        (
            b'{"entity": "event", "event": "payment.captured"}',
            "7eace7070892d4555864331a663d7da5894cf66ca9d276682daec546a3eaa439",
        ),
    ],
)
def test_webhook_signature_is_over_the_raw_bytes(body: bytes, expected: str) -> None:
    assert signatures.sign_webhook(body, "whsec_local") == expected
