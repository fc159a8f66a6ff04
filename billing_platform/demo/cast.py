"""The demo's data: a seller, its customers, their usage, prices and payments."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

SELLER = {
    "name": "Metrics Cloud",
    "legal_name": "Metrics Cloud Private Limited",
    "email": "billing@metrics-cloud.example",
    "phone": "+91 80 4000 0000",
    "cin": "U72900KA2020PTC123456",
    "udyam": "UDYAM-KA-03-0012345",
    "address_line1": "12 Residency Road",
    "city": "Bengaluru",
    "postal_code": "560025",
    "state_code": "29",
    "gstin": "29AAACA1234A1ZG",
    "bank_name": "Example Bank, Residency Road",
    "bank_account_number": "000123456789",
    "bank_ifsc": "EXMP0000123",
    "bank_swift": "EXMPINBB",
    "bank_address": "12 Residency Road, Bengaluru 560025, India",
    "correspondent_bank": "Example Bank New York, EXMPUS33, account 0001-234567",
    "upi_id": "metricscloud@example",
    "is_default": True,
}


@dataclass(frozen=True)
class Customer:
    """One customer of the demo, and its usage: metric → (unit, quantity of a usual day).

    A new customer uses nothing in the first of the invoiced months; `surge` is how many times as much is used in the
    second one.
    """

    fields: dict[str, Any]
    usage: dict[str, dict[str, tuple[str, int]]]
    is_new: bool = False
    surge: int = 1


TEST_PROJECT = "Fleet API test"
"""A test project of Nandi Logistics: its usage is on no invoice."""

MISTYPED_METRIC = "api_call"
"""A metric that is not defined. Konkan Retail accepts defined metrics only, so its event becomes a dead letter."""

CUSTOMERS = [
    Customer(
        fields={
            "name": "Nandi Logistics",
            "legal_name": "Nandi Logistics Private Limited",
            "billing_email": "accounts@nandi-logistics.example",
            "address_line1": "4th Floor, 88 Mysore Road",
            "city": "Bengaluru",
            "postal_code": "560026",
            "state_code": "29",
            "gstin": "29AABCN4321K1ZF",
            "payment_terms_days": 15,
        },
        usage={
            "Fleet API": {"api_calls": ("call", 180_000), "sms": ("message", 900)},
            "Driver app": {"api_calls": ("call", 60_000)},
        },
    ),
    Customer(
        fields={
            "name": "Konkan Retail",
            "legal_name": "Konkan Retail LLP",
            "billing_email": "finance@konkan-retail.example",
            "address_line1": "21 Senapati Bapat Marg",
            "city": "Mumbai",
            "postal_code": "400013",
            "state_code": "27",
            "gstin": "27AAEFK5678L1ZP",
            "payment_terms_days": 30,
            "strict_metrics": True,
            "language": "hi",
        },
        usage={"Storefront": {"api_calls": ("call", 240_000), "sms": ("message", 2_500), "pdf_exports": ("file", 40)}},
    ),
    Customer(
        fields={
            "name": "Lakeside Software",
            "legal_name": "Lakeside Software Inc.",
            "billing_email": "ap@lakeside.example",
            "address_line1": "500 Lake Street",
            "city": "Madison, WI",
            "postal_code": "53703",
            "country": "US",
            "currency": "USD",
            "time_zone": "America/Chicago",
            "payment_terms_days": 45,
        },
        usage={"Platform": {"api_calls": ("call", 320_000)}},
    ),
    Customer(  # its first invoice waits for approval
        fields={
            "name": "Deccan Press",
            "legal_name": "Deccan Press Private Limited",
            "billing_email": "accounts@deccan-press.example",
            "address_line1": "7 Tank Bund Road",
            "city": "Hyderabad",
            "postal_code": "500003",
            "state_code": "36",
            "gstin": "36AABCD7788E1ZE",
            "approve_first": True,
        },
        usage={"Editorial": {"api_calls": ("call", 20_000)}},
        is_new=True,
    ),
    Customer(  # its second month is far above the first, and is parked for review
        fields={
            "name": "Malabar Foods",
            "legal_name": "Malabar Foods Private Limited",
            "billing_email": "billing@malabar-foods.example",
            "address_line1": "3 Marine Drive",
            "city": "Kochi",
            "postal_code": "682011",
            "state_code": "32",
            "gstin": "32AAGCM9911B1ZT",
        },
        usage={"Order desk": {"api_calls": ("call", 15_000)}},
        surge=6,
    ),
]

# (metric, unit): name on invoices, unit in the singular, unit in the plural.
METRICS = {
    ("api_calls", "call"): ("API calls", "call", "calls"),
    ("sms", "message"): ("Text messages", "message", "messages"),
    ("pdf_exports", "file"): ("PDF exports", "file", "files"),
    ("disk", "GB"): ("Disk", "GB", "GB"),
}

LEVEL = ("disk", "GB")
"""A metric that is a level: Konkan Retail pays for each GB and hour."""

LEVEL_AT_FIRST = 200
LEVEL_CHANGES = {10: 25, 22: -15}
"""By how much the level goes up or down in each month, by day."""

# (organisation or None for all, metric, unit, currency, unit price). pdf_exports has no price, so that the dashboard
# has usage without a price to show.
PRICES = [
    (None, "api_calls", "call", "INR", "0.0150"),
    (None, "sms", "message", "INR", "0.18"),
    (None, "disk", "GB", "INR", "0.0050"),
    ("Konkan Retail", "api_calls", "call", "INR", "0.0125"),
    (None, "api_calls", "call", "USD", "0.00025"),
]


@dataclass(frozen=True)
class Receipt:
    """A payment of an invoice: customer, month, part of the total (None: the amount due), and method."""

    customer: str
    months_ago: int
    share: Decimal | None
    method: str = "bank_transfer"
    withheld: str = ""  # the code under which the customer withholds tax of it, at the code's rate


# Invoices without an entry stay unpaid. Konkan Retail paid a part; Lakeside Software paid too much and got a refund.
RECEIPTS = [
    Receipt("Nandi Logistics", months_ago=2, share=Decimal("1")),
    Receipt("Nandi Logistics", months_ago=1, share=None, withheld="1027"),
    Receipt("Konkan Retail", months_ago=2, share=Decimal("0.6")),
    Receipt("Lakeside Software", months_ago=2, share=Decimal("1.05")),
]
