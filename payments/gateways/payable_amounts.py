"""What Razorpay takes: its currencies and smallest amounts. Pure rules, so that a hopeless request is never sent."""

from __future__ import annotations

from billing_platform.lib.money import exponent

# Razorpay's table of supported currencies; those no longer in circulation are left out.
CURRENCIES = frozenset(
    """
    AED ALL AMD AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BZD CAD CHF CLP CNY COP CRC CUP CVE
    CZK DJF DKK DOP DZD EGP ETB EUR FJD GBP GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD ISK JMD JOD JPY
    KES KGS KHR KMF KRW KWD KYD KZT LAK LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO
    NOK NPR NZD OMR PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SCR SEK SGD SOS SVC SZL THB TND TRY TTD TWD TZS
    UAH UGX USD UYU UZS VND VUV XAF XOF XPF YER ZAR ZMW
    """.split()  # noqa: SIM905  (a table reads better than a hundred quoted words)
)


MINIMUM = 1  # of the currency itself: ₹1, $1
TWO_OF_THREE_DECIMALS = frozenset(code for code in CURRENCIES if exponent(code) == 3)  # the last digit must be 0


def why_not_payable(amount_minor: int, currency: str) -> str:
    """The reason Razorpay would refuse this amount, as a sentence; "" when it takes it."""
    if currency not in CURRENCIES:
        return f"Razorpay does not take payments in {currency}: collect this amount by bank transfer."
    places = exponent(currency)
    if amount_minor < MINIMUM * 10**places:
        return f"The amount is below Razorpay's minimum of {currency} {MINIMUM}."
    if currency in TWO_OF_THREE_DECIMALS and amount_minor % 10:
        return f"Razorpay takes {currency} with two decimals only; collect this amount offline."
    return ""
