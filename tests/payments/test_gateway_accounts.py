"""Keys of a seller: what is asked for with them, what goes on with older ones, who may sign, and who sees them."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test.client import Client
from django.urls import reverse
from django.utils import timezone

from billing_platform.lib import hmac_signatures, sealing
from billing_platform.lib.errors import InvalidInput
from invoicing.models import Invoice
from organisations.models import AuditEntry, BillingEntity, Organisation
from payments import selectors
from payments.gateways import GatewayNotConfigured
from payments.inbox.processing import process_webhook
from payments.models import GatewayAccount, InboundWebhook, Payment, PaymentOrder
from payments.services import checkout, collection, gateway_accounts
from tests import factories
from tests.admin.conftest import signed_in
from tests.local.razorpay.harness import KEY_ID, KEY_SECRET, WEBHOOK_SECRET, SandboxProcess
from tests.payments.language import open_order, payment_entity

SECRET, WEBHOOK = "sEcReT0fAcmeSeller1a2b", "whsec_acme_9f3c"
URL = "/api/v1/webhooks/razorpay"


@pytest.fixture
def seller(invoice: Invoice) -> BillingEntity:
    return invoice.billing_entity


@pytest.fixture
def as_admin(admin_user: Any) -> Client:
    return signed_in(admin_user)


@pytest.fixture
def as_operator(operator: Any) -> Client:
    return signed_in(operator)


def keys(seller: BillingEntity, **changes: Any) -> GatewayAccount:
    values = {"key_id": "rzp_test_AcmeSeller0001", "key_secret": SECRET, "webhook_secret": WEBHOOK}
    return gateway_accounts.set_keys(seller=seller, **values | changes)


def event(order: PaymentOrder, status: str = "captured", **changes: Any) -> bytes:
    payload = {"payment": {"entity": payment_entity(order, status, **changes)}}
    return json.dumps({"event": f"payment.{status}", "payload": payload}).encode()


def deliver(client: Client, body: bytes, secret: str, path: str = URL) -> Any:
    signature = hmac_signatures.sign(body, secret)
    return client.post(path, body, content_type="application/json", headers={"X-Razorpay-Signature": signature})


# --- storing ----------------------------------------------------------------------------------------------------------


def test_secrets_are_encrypted_and_shown_by_their_last_four_characters(seller: BillingEntity) -> None:
    account = keys(seller, key_id=" rzp_live_AcmeSeller0001 ", key_secret=f" {SECRET}\n")
    assert (account.key_id, account.is_live, account.key_secret_ending) == ("rzp_live_AcmeSeller0001", True, "1a2b")
    row = GatewayAccount.objects.values().get()
    assert SECRET not in str(row)
    assert WEBHOOK not in str(row)
    assert sealing.unseal(row["key_secret"]) == SECRET


def test_the_table_refuses_a_secret_in_clear_and_a_second_account_in_use(seller: BillingEntity) -> None:
    account = keys(seller)
    with pytest.raises(IntegrityError, match="gateway_secrets_are_sealed"), transaction.atomic():
        GatewayAccount.objects.filter(pk=account.pk).update(key_secret=SECRET)
    account.pk = None
    account._state.adding = True
    with pytest.raises(IntegrityError, match="one_gateway_account_in_use_per_seller"), transaction.atomic():
        GatewayAccount.objects.bulk_create([account])


def test_the_audit_log_tells_that_secrets_changed_and_none_of_them(seller: BillingEntity) -> None:
    keys(seller)
    keys(seller, key_id="rzp_test_AcmeSeller0002", key_secret="another5678", webhook_secret="")
    changes = [str(entry.changes) for entry in AuditEntry.objects.filter(object_repr__startswith="rzp_")]
    assert any("new key secret" in change for change in changes)
    assert any("rzp_test_AcmeSeller0002" in change for change in changes)
    for secret in (SECRET, WEBHOOK, "another5678", sealing.BEGINNING):
        assert not any(secret in change for change in changes)


def test_new_keys_of_the_same_account_replace_the_old_ones(seller: BillingEntity) -> None:
    first = keys(seller)
    second = keys(seller, key_id="rzp_test_AcmeSeller0002", key_secret="another5678", webhook_secret="")
    assert (second.pk, second.webhook_secret_ending) == (first.pk, "9f3c")
    with pytest.raises(InvalidInput, match="new secret"):
        keys(seller, key_id="rzp_test_AcmeSeller0003", key_secret="")


@pytest.mark.parametrize("change", [{"key_id": "rzp_live_AcmeSeller0001"}, {"is_another_account": True}])
def test_the_other_mode_or_another_account_begins_a_new_row(seller: BillingEntity, change: dict[str, Any]) -> None:
    first = keys(seller)
    second = keys(seller, **change)
    first.refresh_from_db()
    assert second.pk != first.pk
    assert first.retired_at is not None
    assert selectors.account_in_use(seller.pk) == second
    with pytest.raises(InvalidInput, match="needs this secret"):
        keys(seller, is_another_account=True, webhook_secret="")


def test_the_newest_key_seals_and_older_ones_still_open(seller: BillingEntity, settings: Any) -> None:
    account = keys(seller)
    before = account.key_secret
    settings.ENCRYPTION_KEYS = ["new" * 20, *settings.ENCRYPTION_KEYS]
    call_command("reseal_secrets", verbosity=0)
    account.refresh_from_db()
    assert account.key_secret != before
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]
    assert account.gateway.key_id == account.key_id
    settings.ENCRYPTION_KEYS = ["lost" * 20]
    assert account.key_secret_ending == "?"
    assert not account.confirms_webhook(body=b"{}", signature=hmac_signatures.sign(b"{}", WEBHOOK))
    with pytest.raises(GatewayNotConfigured, match="ENCRYPTION_KEYS lacks"):
        _ = account.gateway
    assert keys(seller).gateway.key_id == account.key_id  # typed in again


# --- asking -----------------------------------------------------------------------------------------------------------


def test_a_request_is_made_and_followed_with_the_sellers_own_keys(
    razorpay: SandboxProcess, invoice: Invoice, seller: BillingEntity, settings: Any
) -> None:
    settings.RAZORPAY_KEY_ID = settings.RAZORPAY_KEY_SECRET = ""
    assert selectors.invoices_to_collect() == []
    account = keys(seller, key_id=KEY_ID, key_secret=KEY_SECRET)
    assert selectors.invoices_to_collect() == [invoice.pk]
    order = collection.ensure_order(invoice_id=invoice.pk)
    assert order.gateway_account == account
    # the keys of the account that is in use by now would not be taken
    keys(seller, key_id="rzp_live_AcmeSeller0001")
    paid = razorpay.pay(order.razorpay_order_id or "", "authorize_only")
    [payment] = checkout.refresh_order(order_id=order.pk)
    assert (payment.razorpay_payment_id, payment.status) == (paid["id"], "authorized")
    assert checkout.capture_payment(payment_id=payment.pk).status == "captured"


def test_a_request_of_an_account_that_the_seller_left_is_withdrawn(invoice: Invoice, seller: BillingEntity) -> None:
    order = open_order(invoice)
    assert list(selectors.orders_to_retire()) == []
    keys(seller)
    assert list(selectors.orders_to_retire()) == [order]
    collection.retire_orders()
    order.refresh_from_db()
    assert order.status == "superseded"
    assert selectors.invoices_to_collect() == [invoice.pk]


def test_keys_that_moved_from_the_environment_are_found_at_the_seller(
    invoice: Invoice, seller: BillingEntity, settings: Any
) -> None:
    order = open_order(invoice)
    keys(seller)
    assert gateway_accounts.gateway_of(order).key_id == settings.RAZORPAY_KEY_ID
    settings.RAZORPAY_KEY_ID = settings.RAZORPAY_KEY_SECRET = ""
    assert gateway_accounts.gateway_of(order).key_id == "rzp_test_AcmeSeller0001"
    gateway_accounts.retire_account(seller=seller)
    with pytest.raises(GatewayNotConfigured):
        gateway_accounts.gateway_of(order)


# --- pages ------------------------------------------------------------------------------------------------------------


def _action(seller: BillingEntity, name: str) -> str:
    return reverse("admin:organisations_billingentity_action", args=[seller.pk, name])


def _post(client: Client, seller: BillingEntity, name: str, **answers: str) -> str:
    page = client.post(_action(seller, name), {"once": str(uuid.uuid4()), **answers}, follow=True)
    assert page.status_code == 200
    return page.content.decode()


def test_the_sellers_page_says_loudly_whether_money_is_real_and_never_a_secret(
    razorpay: SandboxProcess, seller: BillingEntity, as_admin: Client
) -> None:
    page = _post(
        as_admin, seller, "set_razorpay_keys", key_id=f" {KEY_ID}", key_secret=f"{KEY_SECRET} ", webhook_secret=WEBHOOK
    )
    account = GatewayAccount.objects.get()
    assert "The keys are stored. Razorpay takes them." in page
    assert f"/api/v1/webhooks/razorpay/{account.pk}" in page
    assert "TEST: no real money" in page
    assert "••••9f3c" in page
    asking = as_admin.get(_action(seller, "set_razorpay_keys")).content.decode()
    for shown in (page, asking):
        assert KEY_SECRET not in shown
        assert WEBHOOK not in shown
    assert "Razorpay takes the keys" in _post(as_admin, seller, "check_razorpay_keys")

    live = {"key_id": "rzp_live_AcmeSeller0001", "webhook_secret": WEBHOOK}
    assert "A new account needs this secret." in _post(as_admin, seller, "set_razorpay_keys", **live)
    page = _post(as_admin, seller, "set_razorpay_keys", **live, key_secret="wrong_secret")
    assert "Razorpay does not take these keys" in page
    assert "wrong_secret" not in page
    assert 'type="password"' in page
    assert selectors.account_in_use(seller.pk) == account
    razorpay.control("faults", {"match": "GET /v1/orders", "kind": "502_html"})
    page = _post(as_admin, seller, "set_razorpay_keys", **live, key_secret="unchecked_secret")
    assert "The keys are stored. Check them later: Razorpay answered 502" in page
    assert "LIVE: real money" in page
    assert "does not take the keys" in _post(as_admin, seller, "check_razorpay_keys")
    assert "not used for new requests" in _post(as_admin, seller, "retire_razorpay_keys")
    assert selectors.account_in_use(seller.pk) is None


def test_an_operator_sees_the_mode_and_changes_no_keys(seller: BillingEntity, as_operator: Client) -> None:
    keys(seller)
    assert as_operator.get(_action(seller, "set_razorpay_keys")).status_code == 403
    assert as_operator.post(_action(seller, "retire_razorpay_keys"), {"once": str(uuid.uuid4())}).status_code == 403


# --- webhooks ---------------------------------------------------------------------------------------------------------


def test_each_address_takes_its_own_secrets(client: Client, invoice: Invoice, seller: BillingEntity) -> None:
    account = keys(seller)
    order = open_order(invoice)
    own = f"{URL}/{account.pk}"
    statuses = [
        deliver(client, event(order, amount=1), WEBHOOK).status_code,
        deliver(client, event(order, amount=2), WEBHOOK, own).status_code,
        deliver(client, event(order, amount=3), WEBHOOK_SECRET).status_code,
        deliver(client, event(order, amount=4), WEBHOOK_SECRET, own).status_code,
        deliver(client, event(order, amount=5), "whsec_wrong").status_code,
        deliver(client, event(order, amount=6), WEBHOOK, f"{URL}/{invoice.pk}").status_code,
    ]
    assert statuses == [200, 200, 200, 400, 400, 404]
    signers = InboundWebhook.objects.order_by("received_at").values_list("gateway_account", flat=True)
    assert list(signers) == [account.pk, account.pk, None]


def test_the_previous_webhook_secret_counts_for_two_days(
    client: Client, seller: BillingEntity, invoice: Invoice
) -> None:
    account = keys(seller)
    keys(seller, key_secret="", webhook_secret="whsec_new")
    body = event(open_order(invoice))
    own = f"{URL}/{account.pk}"
    with time_machine.travel(timezone.now() + timedelta(hours=47)):
        assert deliver(client, body, WEBHOOK, own).status_code == 200
        assert deliver(client, body, "whsec_new", own).status_code == 200
    with time_machine.travel(timezone.now() + timedelta(hours=49)):
        assert deliver(client, body, WEBHOOK, own).status_code == 400


def test_a_sellers_secret_says_nothing_about_another_sellers_orders(
    client: Client, invoice: Invoice, seller: BillingEntity, globex: Organisation
) -> None:
    other = factories.billing_entity(name="Other", is_default=False, invoice_prefix="OTH", credit_note_prefix="OCN")
    foreign = keys(other, key_id="rzp_test_OtherSeller01", webhook_secret="whsec_other")
    order = open_order(invoice)
    assert deliver(client, event(order), "whsec_other", f"{URL}/{foreign.pk}").status_code == 200
    webhook = InboundWebhook.objects.get()
    process_webhook(webhook_id=webhook.pk)
    webhook.refresh_from_db()
    assert (webhook.status, Payment.objects.count()) == ("ignored", 0)
    assert "another seller" in webhook.outcome
