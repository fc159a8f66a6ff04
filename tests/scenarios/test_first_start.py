"""The first start makes demo data that needs the running platform: a failed payment, and what Razorpay knows."""

from __future__ import annotations

from tests.scenarios.running import Platform, wait_for

OF_A_SCRIPT = """
    base_url sandbox_url admin_key project_key organisation_id project_id receiver_url webhook_secret logins
"""


def test_the_first_start_makes_a_payment_fail_through_the_gateway(platform: Platform) -> None:
    webhooks = "SELECT count(*) FROM payments_inboundwebhook WHERE event_type = 'payment.failed' AND outcome <> ''"
    wait_for(lambda: platform.scalar(webhooks) == 1, seconds=30, what="the webhook", log=platform.log)
    failed = """SELECT count(*) FROM payments_payment JOIN payments_paymentorder asked ON asked.id = order_id
                WHERE asked.kind = 'order' AND payments_payment.status = 'failed'"""  # beside a debit of the demo's
    assert platform.scalar(failed) == 1
    assert set(platform.facts) == set(OF_A_SCRIPT.split())


def test_razorpay_agrees_with_the_past_of_the_demo(platform: Platform) -> None:
    paid = """SELECT (paid_at AT TIME ZONE 'UTC')::date FROM payments_payment
              WHERE kind = 'gateway' AND paid_at IS NOT NULL ORDER BY paid_at"""
    begun = "SELECT (begun_at AT TIME ZONE 'UTC')::date FROM payments_payout ORDER BY begun_at"
    for check, day in (("gateway", paid), ("payouts", begun)):
        said = platform.manage("reconcile", "--check", check, "--from", str(platform.scalar(day)))
        assert ": 0 compared" not in said
        assert ", 0 do not agree" in said
