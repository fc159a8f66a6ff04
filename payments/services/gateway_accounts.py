"""Which of Razorpay's accounts a call goes to, and changing a seller's keys.

A seller's own account comes first, then the keys of the environment. What was asked for with an account goes on with
it, whatever the seller uses by now: Razorpay knows an order under one account only.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from billing_platform.lib import clock, sealing
from billing_platform.lib.errors import InvalidInput, NotFound
from billing_platform.lib.sealing import seal
from organisations import audit
from organisations.models import BillingEntity
from payments.gateways import (
    GatewayError,
    GatewayNotConfigured,
    GatewayRefused,
    RazorpayGateway,
    gateway_of_environment,
    is_configured,
)
from payments.models import GatewayAccount, PaymentOrder, Refund
from payments.selectors import account_in_use

logger = logging.getLogger(__name__)

PREVIOUS_LASTS = timedelta(hours=48)
"""Razorpay retries a message for 24 hours, with the signature of the first try."""
WRONG_KEYS = (400, 401)
"""Razorpay's documentation has both."""
SECRETS = ("key_secret", "webhook_secret", "previous_webhook_secret")


def gateway_for(seller_id: UUID) -> RazorpayGateway:
    """What new requests of a seller go to. Raises GatewayNotConfigured."""
    account = account_in_use(seller_id)
    return account.gateway if account is not None else gateway_of_environment()


def gateway_of(order: PaymentOrder) -> RazorpayGateway:
    """What a payment request was made with. Keys that moved from the environment to the seller are found there.

    Raises GatewayNotConfigured.
    """
    if order.gateway_account is not None:
        return order.gateway_account.gateway
    return gateway_of_environment() if is_configured() else gateway_for(order.invoice.billing_entity_id)


def gateways_in_use(*, since: datetime) -> list[RazorpayGateway]:
    """Each account that requests went to since, once: the environment's and the sellers' own."""
    found = [gateway_of_environment()] if is_configured() else []
    for account in GatewayAccount.objects.in_use_since(since):
        try:
            found.append(account.gateway)
        except GatewayNotConfigured as error:
            logger.warning("account can't be used", extra={"account": account.key_id, "reason": error.message})
    return list({gateway.key_id: gateway for gateway in found}.values())


def gateways_of_day(start: datetime, end: datetime) -> list[RazorpayGateway]:
    """Each account that money may have moved through from `start` until before `end`, once: those in use then, and
    those that gave money back though they were retired. Raises GatewayNotConfigured where a secret can't be read."""
    refunded = Refund.objects.filter(sent_at__gte=start, sent_at__lt=end).values("payment__order__gateway_account")
    accounts = GatewayAccount.objects.in_use_since(start) | GatewayAccount.objects.filter(pk__in=refunded)
    found = [gateway_of_environment()] if is_configured() else []
    found += [account.gateway for account in accounts.order_by("created_at")]
    return list({gateway.key_id: gateway for gateway in found}.values())


def asked_through(gateway: RazorpayGateway, path: str = "") -> Q:
    """Which payment requests Razorpay knows under an account: what `gateway_of` says of one, for the database.

    `path` leads to the request, such as `payment__order__`; rows without a request are to be left out by the caller.
    """
    known = Q(**{f"{path}gateway_account__key_id": gateway.key_id})
    of_environment = Q(**{f"{path}gateway_account__isnull": True})
    if is_configured():
        return known | of_environment if gateway.key_id == settings.RAZORPAY_KEY_ID else known
    sellers = GatewayAccount.objects.in_use().filter(key_id=gateway.key_id).values("billing_entity")
    return known | of_environment & Q(**{f"{path}invoice__billing_entity__in": sellers})


def paid_out_by(gateway: RazorpayGateway) -> Q:
    """Which payouts are an account's."""
    known = Q(gateway_account__key_id=gateway.key_id)
    is_environment = is_configured() and gateway.key_id == settings.RAZORPAY_KEY_ID
    return known | Q(gateway_account__isnull=True) if is_environment else known


def check_and_set_keys(
    *, seller: BillingEntity, key_id: str, key_secret: str, **rest: Any
) -> tuple[GatewayAccount, str]:
    """`set_keys`, unless Razorpay refuses the keys: InvalidInput then, and the old ones stay.

    Returns the account, and why the keys could not be checked: "" if Razorpay takes them. Call it outside transactions.
    """
    problem = ""
    if key_secret.strip():
        gateway = GatewayAccount(key_id=key_id.strip(), key_secret=seal(key_secret.strip())).gateway
        try:
            gateway.check_keys()
        except GatewayRefused as error:
            if error.details["gateway_status"] in WRONG_KEYS:
                raise InvalidInput.field("key_secret", f"Razorpay does not take these keys: {error.message}") from error
            problem = error.message
        except GatewayError as error:
            problem = error.message
    return set_keys(seller=seller, key_id=key_id, key_secret=key_secret, **rest), problem


@transaction.atomic
def set_keys(
    *, seller: BillingEntity, key_id: str, key_secret: str, webhook_secret: str, is_another_account: bool = False
) -> GatewayAccount:
    """Give a seller keys of its own, or replace those that it has.

    New keys of the same account at Razorpay take the place of the old ones. Those of another account, or of the other
    mode (test, live), begin a new row: the old account is retired, and goes on with what it began. A secret that is
    left empty stays as it is. Spaces at both ends are not part of a key. Raises InvalidInput.
    """
    BillingEntity.objects.select_for_update(no_key=True).get(pk=seller.pk)  # two at once: one after the other
    given = {"key_id": key_id.strip(), "key_secret": key_secret.strip(), "webhook_secret": webhook_secret.strip()}
    account = GatewayAccount.objects.in_use().filter(billing_entity=seller).first()
    new = GatewayAccount(billing_entity=seller, key_id=given["key_id"])
    if account is None or is_another_account or account.is_live != new.is_live:
        if account is not None:
            _retire(account)
        return _create(new, given)
    return _replace(account, given)


@transaction.atomic
def retire_account(*, seller: BillingEntity) -> None:
    """The seller has no account of its own any more: new requests use the environment's keys, if there are any."""
    BillingEntity.objects.select_for_update(no_key=True).get(pk=seller.pk)
    account = GatewayAccount.objects.in_use().filter(billing_entity=seller).first()
    if account is None:
        raise NotFound("The seller has no Razorpay account of its own.")
    _retire(account)


def why_keys_fail(gateway: RazorpayGateway) -> str:
    """What Razorpay says against the keys; "" if it takes them. Asks one harmless question."""
    try:
        gateway.check_keys()
    except GatewayError as error:
        return error.message
    return ""


@transaction.atomic
def seal_anew() -> int:
    """Encrypt every stored secret with the newest of ENCRYPTION_KEYS. Returns how many accounts; raises SealBroken."""
    accounts = list(GatewayAccount.objects.select_for_update())
    for account in accounts:
        for name in SECRETS:
            if sealed := getattr(account, name):
                setattr(account, name, sealing.seal_anew(sealed))
        account.save(update_fields=[*SECRETS, "updated_at"])
    return len(accounts)


def _create(account: GatewayAccount, given: Mapping[str, str]) -> GatewayAccount:
    for name in ("key_secret", "webhook_secret"):
        if not given[name]:
            raise InvalidInput.field(name, "A new account needs this secret.")
        setattr(account, name, seal(given[name]))
    account.full_clean(exclude=SECRETS)
    account.save()
    return account


def _replace(account: GatewayAccount, given: Mapping[str, str]) -> GatewayAccount:
    if given["key_id"] != account.key_id and not given["key_secret"]:
        raise InvalidInput.field("key_secret", "A new key id comes with a new secret.")
    account.key_id = given["key_id"]
    replaced = []
    if given["key_secret"]:
        account.key_secret = seal(given["key_secret"])
        replaced.append("key secret")
    if given["webhook_secret"] and not sealing.holds(account.webhook_secret, given["webhook_secret"]):
        account.previous_webhook_secret = account.webhook_secret
        account.previous_until = clock.now() + PREVIOUS_LASTS
        account.webhook_secret = seal(given["webhook_secret"])
        replaced.append("webhook secret")
    account.full_clean(exclude=SECRETS)
    account.save()
    if replaced:
        audit.note(account, secrets=("", f"new {' and '.join(replaced)}"))
    return account


def _retire(account: GatewayAccount) -> None:
    account.retired_at = clock.now()
    account.save(update_fields=["retired_at", "updated_at"])
