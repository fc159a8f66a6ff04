"""What a new installation needs to be paid online."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from billing_platform.lib.admin.contributions import list_address
from billing_platform.lib.admin.display import action_url
from billing_platform.lib.admin.set_up import Stage, State, Step, step
from organisations.set_up import first_seller
from payments import gateways
from payments.models import GatewayAccount, InboundWebhook
from payments.selectors import webhook_address


def steps() -> Iterator[Step]:
    """In a constant number of queries; Razorpay is not asked."""
    account = GatewayAccount.objects.in_use().order_by("created_at").first()
    key_id = account.key_id if account else settings.RAZORPAY_KEY_ID if gateways.is_configured() else ""
    yield _keys(key_id)
    yield _messages(webhook_address(account), has_keys=bool(key_id))


def _keys(key_id: str) -> Step:
    seller = first_seller()
    mode = "test: no money moves" if "_test_" in key_id else "live: money moves"
    verb = "check_razorpay_keys" if key_id else "set_razorpay_keys"
    url = action_url(seller, verb) if seller else ""
    if key_id:
        return Step(Stage.PAYMENTS, "Razorpay keys", State.DONE, f"{key_id} ({mode}).", "Check the keys", url)
    sentence = "Without keys customers pay by transfer only. They are checked with Razorpay when you save them."
    return Step(Stage.PAYMENTS, "Razorpay keys", State.MISSING, sentence, "Set Razorpay keys", url)


def _messages(address: str, *, has_keys: bool) -> Step:
    title = "Razorpay's messages"
    if not has_keys:
        return Step(Stage.PAYMENTS, title, State.NOT_NEEDED, "There are no keys yet.")
    return step(
        Stage.PAYMENTS,
        title,
        is_done=InboundWebhook.objects.exists(),
        done="A signed message came: the webhook's secret is right.",
        missing=f"No signed message came yet. At Razorpay, let webhooks go to {address}, with the same secret.",
        button="Messages",
        url=list_address(InboundWebhook),
    )
