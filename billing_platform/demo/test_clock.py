"""A test customer of a test seller, whose clock has passed the end of a month: nothing of it is in any total."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from billing_platform.lib import clock
from billing_platform.lib.law import INDIAN_TIME
from billing_platform.lib.periods import BillingPeriod, start_of_day
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.services import onboarding
from organisations.services.sellers import create_seller
from payments.services.test_clocks import advancing

TEST_SELLER = {
    "name": "Metrics Cloud (test)",
    "legal_name": "TEST Metrics Cloud",
    "email": "billing@metrics-cloud.example",
    "address_line1": "12 Residency Road",
    "city": "Bengaluru",
    "postal_code": "560025",
    "state_code": "29",
    "invoice_prefix": "TEST",
    "credit_note_prefix": "TCN",
    "number_width": 5,
    "is_test": True,
}
TEST_CUSTOMER = {
    "name": "Test customer",
    "legal_name": "Test customer",
    "billing_email": "nobody@test-customer.example",
    "address_line1": "12 Residency Road",
    "city": "Bengaluru",
    "postal_code": "560025",
    "state_code": "29",
    "payment_terms_days": 15,
}


def let_months_pass() -> None:
    """Its month has ended by its own clock, a week from the real one's end of the month."""
    customer = onboarding.create_organisation(**TEST_CUSTOMER, billing_entity=create_seller(**TEST_SELLER))
    month = BillingPeriod.of(clock.today(INDIAN_TIME))
    add_recurring_fee(
        organisation=customer, description="Platform fee", amount=Decimal(4900), effective_from=month.start
    )
    onboarding.create_project(organisation=customer, name="Trial")
    to = start_of_day(month.end + timedelta(days=7), customer.zone)
    row = advancing.advance(organisation=customer, to=to, by="demo")
    advancing.go_on(clock_id=row.pk)
