"""What keeps test customers and test sellers apart from real ones, by the database.

A test customer is one of a test seller, for ever. A test seller's documents have a GSTIN that no real seller has, so
that they are in none of its number series and returns, and their name begins with TEST.
"""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

TEST_NAME = "TEST "
"""How the legal name of a test seller begins: it stands at the head of each of its documents."""

TEST_SELLER_SAYS_SO = models.CheckConstraint(
    condition=Q(is_test=False) | Q(legal_name__startswith=TEST_NAME, is_default=False, e_invoices_from__isnull=True),
    name="test_seller_says_so",
    violation_error_message=f"The legal name of a test seller begins with {TEST_NAME.strip()}, as it stands on its "
    "documents; it is not the default seller, and makes no e-invoices.",
)

SELLER_TRIGGERS = [
    pgtrigger.ReadOnly(name="a_test_seller_stays_one", fields=["is_test"]),
    pgtrigger.Trigger(
        name="test_sellers_have_gstins_of_their_own",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("gstin"),  # type: ignore[no-untyped-call]
        func="""
            IF NEW.gstin <> '' AND EXISTS (
                SELECT FROM organisations_billingentity
                WHERE gstin = NEW.gstin AND is_test <> NEW.is_test AND id <> NEW.id
            ) THEN
                RAISE EXCEPTION 'A GSTIN is of real sellers or of test sellers.';
            END IF;
            RETURN NEW;
        """,
    ),
]

CUSTOMER_TRIGGERS = [
    pgtrigger.ReadOnly(name="a_test_customer_stays_one", fields=["is_test"]),
    pgtrigger.Trigger(
        name="test_customers_are_of_test_sellers",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("billing_entity_id"),  # type: ignore[no-untyped-call]
        func="""
            IF NOT EXISTS (
                SELECT FROM organisations_billingentity WHERE id = NEW.billing_entity_id AND is_test = NEW.is_test
            ) THEN
                RAISE EXCEPTION 'Test customers are of test sellers, and others are not.';
            END IF;
            RETURN NEW;
        """,
    ),
]
