"""Currencies Razorpay takes, their minor units, and how the sandbox prints an amount."""

from __future__ import annotations

# ruff: noqa: SIM905 (a table reads better than a hundred quoted words)
ZERO_DECIMAL = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
THREE_DECIMAL = frozenset("BHD IQD JOD KWD OMR TND".split())
TWO_DECIMAL = frozenset(
    """
    AED ALL AMD AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BZD CAD CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ETB EUR FJD GBP GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS
    INR JMD KES KGS KHR KYD KZT LAK LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR
    MZN NAD NGN NIO NOK NPR NZD PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SCR SEK SGD SLL SOS SVC
    SZL THB TRY TTD TWD TZS UAH USD UYU UZS YER ZAR ZMW
    """.split()
)
SUPPORTED = ZERO_DECIMAL | TWO_DECIMAL | THREE_DECIMAL
SYMBOLS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}

# Rupees per unit. Round numbers on purpose: nobody should mistake them for market rates.
SANDBOX_RATES = {"INR": 1, "USD": 85, "EUR": 95, "GBP": 110}


def exponent(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def base_amount(amount: int, currency: str) -> int | None:
    """The amount in paise; None where the sandbox has no rate."""
    rate = SANDBOX_RATES.get(currency)
    return None if rate is None else amount * rate


def display_amount(amount: int, currency: str) -> str:
    """123456789 INR is ₹12,34,567.89; other currencies group by thousands."""
    digits = exponent(currency)
    whole, fraction = divmod(amount, 10**digits)
    grouped = _group_indian(whole) if currency == "INR" else f"{whole:,}"
    decimals = f".{fraction:0{digits}d}" if digits else ""
    symbol = SYMBOLS.get(currency, f"{currency} ")
    return f"{symbol}{grouped}{decimals}"


def _group_indian(whole: int) -> str:
    head, tail = str(whole)[:-3], str(whole)[-3:]
    pairs: list[str] = []
    while head:
        pairs.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*pairs, tail])
