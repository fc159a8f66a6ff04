"""On a seller's page: its keys of Razorpay, whether they move real money, and whether Razorpay takes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from billing_platform.lib.admin.base import ActionForm, Extension, extends, facts, object_action
from billing_platform.lib.admin.display import badge, when
from billing_platform.lib.errors import DomainError
from organisations.models import BillingEntity
from payments import gateways
from payments.models import GatewayAccount, PaymentOrder
from payments.selectors import account_in_use, webhook_address
from payments.services import gateway_accounts

DOTS = "••••"


class SecretField(forms.CharField):
    """Typed, never shown again. A trailing space is a known cause of “Authentication failed”: it is taken off."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"})
        super().__init__(widget=widget, required=False, max_length=200, **kwargs)


class KeysForm(ActionForm):
    key_id = forms.CharField(
        label="Key id",
        max_length=60,
        help_text="rzp_test_… or rzp_live_…: Razorpay dashboard → Account & Settings → API keys.",
    )
    key_secret = SecretField(label="Key secret")
    webhook_secret = SecretField(
        label="Webhook secret", help_text="What you typed, or will type, in Razorpay's dashboard → Webhooks."
    )
    is_another_account = forms.BooleanField(
        label="Another account at Razorpay",
        required=False,
        help_text="Not new keys of the same account: what the old account began then goes on with its old keys.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = account_in_use(self.obj.pk)
        if account is None:
            del self.fields["is_another_account"]
            return
        self.fields["key_id"].initial = account.key_id
        for name in ("key_secret", "webhook_secret"):
            unchanged = f"Empty: it stays {DOTS}{getattr(account, f'{name}_ending')}."
            self.fields[name].help_text = f"{unchanged} {self.fields[name].help_text}".strip()


def mode_badge(*, is_live: bool) -> SafeString:
    return badge("LIVE: real money", "danger") if is_live else badge("TEST: no real money", "warning")


def account_facts(seller: BillingEntity) -> Iterator[tuple[str, Any]]:
    account = account_in_use(seller.pk)
    if account is None and not gateways.is_configured():
        yield "Keys", "None: this seller's invoices can't be paid online."
        return
    key_id = account.key_id if account else settings.RAZORPAY_KEY_ID
    yield "Mode", mode_badge(is_live=key_id.startswith("rzp_live_"))
    yield "Key id", key_id
    if account is None:
        yield "From", "The environment, for every seller without keys of its own"
    else:
        yield "Key secret", f"{DOTS}{account.key_secret_ending}"
        yield "Webhook secret", f"{DOTS}{account.webhook_secret_ending}"
        if account.previous_until:
            yield "Previous webhook secret", format_html("accepted until {}", when(account.previous_until))
    yield "Webhook address", format_html('<span class="break-all">{}</span>', webhook_address(account))
    if outage := _outage(account):
        yield "Now", badge(outage, "danger")


def _outage(account: GatewayAccount | None) -> str:
    try:
        gateway = account.gateway if account else gateways.gateway_of_environment()
    except DomainError as error:
        return error.message
    return str(gateway.outage or "")


def keys_facts(_request: HttpRequest, seller: BillingEntity) -> Iterator[tuple[str, Any]]:
    yield from account_facts(seller)


def keys_warnings(_request: HttpRequest, seller: BillingEntity) -> Iterator[str]:
    open_ones = PaymentOrder.objects.live().filter(invoice__billing_entity=seller).count()
    if open_ones:
        yield (
            f"{open_ones:,} open payment requests were made with the keys above. With keys of another account or of "
            "the other mode they are withdrawn, and customers are asked anew."
        )


def has_account(seller: BillingEntity) -> bool:
    return account_in_use(seller.pk) is not None


def has_keys(seller: BillingEntity) -> bool:
    return gateways.is_configured() or has_account(seller)


@extends(BillingEntity)
class GatewayOfSeller(Extension):
    def fieldsets(self, request: HttpRequest, obj: Any, shown: list[Any]) -> list[Any]:
        if obj is None or not request.user.has_perm("payments.view_gatewayaccount"):
            return shown
        # The page has a form, in which only fields of the model may stand.
        words = format_html("{}“Set Razorpay keys” above changes them.", facts(account_facts(obj)))
        return [*shown[:1], ("Online payments", {"fields": (), "description": words}), *shown[1:]]

    @object_action(
        label="Set Razorpay keys",
        permission="payments.change_gatewayaccount",
        form=KeysForm,
        confirm="This seller's invoices are paid into this account. Secrets are stored encrypted, never to be shown.",
        facts=keys_facts,
        warnings=keys_warnings,
        icon="key",
    )
    def set_razorpay_keys(self, request: HttpRequest, seller: BillingEntity, **answers: Any) -> str:
        account, problem = gateway_accounts.check_and_set_keys(seller=seller, **answers)
        checked = f"Check them later: {problem}" if problem else "Razorpay takes them."
        return f"The keys are stored. {checked} Webhooks of this account go to {webhook_address(account)}"

    @object_action(
        label="Check the keys",
        permission="payments.change_gatewayaccount",
        when=has_keys,
        confirm="Asks Razorpay one question that changes nothing.",
        facts=keys_facts,
        icon="verified",
    )
    def check_razorpay_keys(self, request: HttpRequest, seller: BillingEntity) -> str:
        gateway = gateway_accounts.gateway_for(seller.pk)
        if problem := gateway_accounts.why_keys_fail(gateway):
            raise DomainError(f"Razorpay does not take the keys {gateway.key_id}: {problem}", code="KEYS_REFUSED")
        return f"Razorpay takes the keys {gateway.key_id}."

    @object_action(
        label="Stop using these keys",
        permission="payments.change_gatewayaccount",
        when=has_account,
        confirm="New requests use the environment's keys, if there are any. What these keys began goes on with them, so"
        " leave them valid at Razorpay.",
        facts=keys_facts,
        warnings=keys_warnings,
        danger=True,
        icon="key_off",
    )
    def retire_razorpay_keys(self, request: HttpRequest, seller: BillingEntity) -> str:
        gateway_accounts.retire_account(seller=seller)
        return "The keys are not used for new requests any more."
