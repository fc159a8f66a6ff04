"""Every limit of typed or sent values, each with its reason; docs/limits.md lists them for people.

Forms, serializers, services and columns use these constants, so that admin and API have the same limits. A limit that
only one mechanism uses (how often a delivery is tried) is defined beside the mechanism.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

# --- money ----------------------------------------------------------------------------------------------------------

MONEY_DIGITS = 19  # of a money column, decimals included: room for 100 times MAX_MONEY
MONEY_PLACES = 4  # of a money column: no currency has more than three decimals
MAX_MONEY = Decimal(10) ** 13  # every amount and unit price stays below it: with tax, a sum still fits its column
PRICE_DIGITS = 24  # of a unit price column, decimals included
UNIT_PRICE_PLACES = 10  # decimals of a unit price: a millionth of a paisa
MAX_PERCENT = Decimal(100)  # of a tax rate: nothing is taxed at more than its value
MAX_CHANGE_PERCENT = Decimal(50_000)  # of a total against the usual: five hundred times as much

# --- quantities -----------------------------------------------------------------------------------------------------

QUANTITY_DIGITS = 28  # of a quantity column, decimals included
QUANTITY_PLACES = 8  # decimals of a quantity
QUANTITY_INTEGER_DIGITS = QUANTITY_DIGITS - QUANTITY_PLACES  # digits of a quantity before its point
FACTOR_DIGITS = 30  # of a metric's multiplier or divisor, decimals included: 2^60 bytes are an EiB
FACTOR_PLACES = 10  # decimals of either; what they can't say together nobody converts by
MAX_EVENT_COUNT = 2**63 - 1  # the greatest number that a counter (bigint) holds

# --- lists and texts ------------------------------------------------------------------------------------------------

MAX_LINES = 1000  # of an invoice: as many as an e-invoice takes
MAX_PRICE_DIMENSIONS = 10  # of a price rule: they are part of the constraint that compares rules
PRICE_DIMENSION_LENGTH = 100  # characters of one dimension's name or value
METRIC_NAME_LENGTH = 100  # characters: a metric's name is part of index entries
UNIT_LENGTH = 50  # characters: a unit is part of index entries
FEE_NAME_LENGTH = 200  # characters of a recurring fee's or discount's name: one line of a document, or two
DESCRIPTION_LENGTH = 2000  # characters of a one-off line's description: it must fit on a page
REASON_LENGTH = 500  # characters of a reason that is stored for the log
NOTES_LENGTH = 2000  # characters of the notes on an invoice: they must fit on a page
PURCHASE_ORDER_LENGTH = 50  # characters of a customer's order number: it stands in a narrow column
REFERENCE_LENGTH = 100  # characters of a transfer's, cheque's or certificate's number

# --- days -----------------------------------------------------------------------------------------------------------

FIRST_BUSINESS_DAY = date(2017, 7, 1)  # GST began on it: no document, payment, price or rate here is older
YEARS_AHEAD = 10  # of business dates: beyond lies a mistyped year
EXCHANGE_RATE_WARN_DAYS = 7  # nothing is published on holidays, but one that is older than a week is worth a look
EXCHANGE_RATE_MAX_DAYS = 31  # one that is older than a month is not the day's rate (CGST Rule 34)
MAX_PAYMENT_TERMS_DAYS = 365  # due within a year
MAX_LINK_DAYS = 180  # Razorpay's payment links end after six months at the latest
MIN_PAY_PAGE_DAYS = 30  # after the due date: reminders and late payers still need the link
MAX_PAY_PAGE_DAYS = 3650  # as long as books are asked for
MAX_DRAFT_DAYS = 25  # an invoice is due within 30 days of the supply (CGST Rule 47), and a run may be late

MOST_OFFERED = 200  # metrics in a menu; the chosen one stands there as well, and all are valid
