"""A fault while a message is made refuses nothing: it is seen, and the message is sent in order once it is mended."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.client import Client
from django.urls import reverse
from rest_framework.utils.encoders import JSONEncoder

from billing_platform.lib import clock
from invoicing.api import webhook_payloads
from invoicing.api.serializers import InvoiceDetailSerializer
from invoicing.services import drafting, issuing
from organisations.backoffice import BACKOFFICE
from organisations.models import Organisation, WebhookDelivery, WebhookMessage
from organisations.webhooks.endpoints import create_endpoint
from organisations.webhooks.frozen_rows import freeze, thaw
from organisations.webhooks.sending import send_due
from payments.services.offline import record_offline_payment
from tests.organisations.webhooks.receivers import receiver
from tests.payments.test_announcing import LINES

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]


def _breaks(_serializer: Any, _invoice: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")  # the transaction would be lost with it
    return ""


@pytest.mark.parametrize("fault", [_breaks, lambda *_: object()], ids=["raises in the database", "is no JSON"])
def test_an_invoice_is_issued_though_its_message_can_not_be_made(
    acme: Organisation,
    api: Client,
    client: Client,
    admin_user: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[..., Any],
) -> None:
    settings.WEBHOOKS_TO_THIS_MACHINE = True
    with receiver() as made:
        create_endpoint(organisation=None, url=made.url("/"), event_types=["invoice.finalized", "invoice.paid"])
        create_endpoint(organisation=None, url=made.url("/thin"), event_types=["invoice.finalized"], payload="thin")
        draft = drafting.create_one_off_draft(organisation=acme, lines=LINES)
        with monkeypatch.context() as broken:
            broken.setattr(InvoiceDetailSerializer, "get_pdf_url", fault)
            invoice = issuing.finalize_invoice(invoice_id=draft.pk)
            assert send_due() == 1  # the one with the id alone needs nothing made
        assert made.got[0]["data"] == {"id": str(invoice.pk)}
        issued = api.get(f"/api/v1/admin/invoices/{invoice.pk}").json()
        record_offline_payment(
            invoice_id=invoice.pk,
            amount=Decimal("1180.00"),
            method="bank_transfer",
            reference="UTR 1",
            received_on=clock.today(acme.time_zone),
        )
        assert send_due() == 0  # that it is paid waits until that it was issued was told

        waits = WebhookDelivery.objects.unmade().get()
        (attention,) = (each for each in BACKOFFICE.waits if each.kind == "webhook_message_unmade")
        assert attention.rows(admin_user).get() == waits
        assert waits.last_failure.startswith("The message could not be made: ")
        client.force_login(admin_user)
        page = client.get(reverse("admin:organisations_webhookdelivery_change", args=[waits.pk])).content.decode()
        assert "It could not be made" in page
        replay = reverse("admin:organisations_webhookdelivery_action", args=[waits.pk, "replay"])
        once = client.get(replay).context["form"]["once"].value()
        client.post(replay, {"post": "yes", "once": once})
        send_due()
        send_due()
        assert [each["type"] for each in made.got[1:]] == ["invoice.finalized", "invoice.paid"]
        told, paid = made.got[1]["data"], made.got[2]["data"]
        assert (told["amount_paid"], paid["amount_paid"]) == ("0.00", "1180.00")
        assert told == issued  # as it stood then, though it is paid by now


def test_a_fault_that_stays_is_tried_again_and_given_up(acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    create_endpoint(organisation=None, url="https://hooks.example.com/", event_types=["invoice.drafted"])
    monkeypatch.setattr(InvoiceDetailSerializer, "get_fingerprint", lambda *_: object())
    begun = clock.now()
    drafting.create_one_off_draft(organisation=acme, lines=LINES)
    for hour in range(0, 8 * 12, 8):
        with clock.standing_at(begun + timedelta(hours=hour, minutes=5)):
            assert send_due() == 0
    delivery = WebhookDelivery.objects.get()
    assert (delivery.status, delivery.tries.count()) == ("failed", 0)
    assert delivery.endpoint.failing_since is None  # it is not the receiver's fault


def test_what_was_told_never_changes_and_what_is_missing_says_why(acme: Organisation) -> None:
    create_endpoint(organisation=None, url="https://hooks.example.com/", event_types=["invoice.drafted"])
    drafting.create_one_off_draft(organisation=acme, lines=LINES)
    for changes in ({"payload": {"id": "other"}}, {"payload": None, "failure": "It is gone."}):
        with pytest.raises(Exception, match="never changes"), transaction.atomic():
            WebhookMessage.objects.update(**changes)
    message = WebhookMessage.objects.get()
    nothing = WebhookMessage(type=message.type, object_id=message.object_id, dedupe_key="another", payload=None)
    with pytest.raises(IntegrityError, match="says_why_not"), transaction.atomic():
        nothing.save()


def test_rows_that_were_stored_look_as_they_did(acme: Organisation, django_assert_num_queries: Any) -> None:
    maker = webhook_payloads.INVOICES
    draft = drafting.create_one_off_draft(organisation=acme, lines=LINES)
    issuing.finalize_invoice(invoice_id=draft.pk)
    row = maker.rows().get()
    stored = json.loads(json.dumps(freeze(row), cls=JSONEncoder))
    before = maker.shape(row)
    with django_assert_num_queries(0):
        assert maker.shape(thaw(stored)) == before
