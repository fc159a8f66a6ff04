"""The life of an invoice and its money, as an endpoint hears of it: each thing once, as the API would answer."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test.client import Client

from billing_platform.lib import clock
from events.models import DeadLetter
from events.services.announcing import announce_dead_letters
from invoicing.computing.credit_notes import Wanted
from invoicing.models import Invoice
from invoicing.services import delivery, drafting, issuing
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.overdue import announce_overdue
from invoicing.services.prices import price_book
from invoicing.services.voiding import void_invoice
from organisations.models import Organisation, Project, WebhookDelivery, WebhookMessage
from organisations.webhooks.endpoints import create_endpoint
from organisations.webhooks.replaying import replay_since
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.refunds import record_refund
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]
LINES = [{"description": "Set-up", "quantity": "1", "unit_price": "1000"}]


def told() -> list[str]:
    return list(WebhookMessage.objects.order_by("pk").values_list("type", flat=True))


def pay(invoice: Invoice, amount: str, reference: str, **more: Any) -> Any:
    today = clock.today(invoice.organisation.time_zone)
    return record_offline_payment(
        invoice_id=invoice.pk,
        amount=Decimal(amount),
        method="bank_transfer",
        reference=reference,
        received_on=today,
        **more,
    )


def test_an_endpoint_hears_the_life_of_an_invoice(acme: Organisation, api: Client) -> None:
    drafting.create_one_off_draft(organisation=acme, lines=LINES)  # nobody listens yet
    assert told() == []
    create_endpoint(organisation=None, url="https://hooks.example.com/")
    draft = drafting.create_one_off_draft(organisation=acme, lines=LINES)
    invoice = issuing.finalize_invoice(invoice_id=draft.pk)
    delivery.deliver(invoice_id=invoice.pk)
    assert told() == ["invoice.drafted", "invoice.finalized", "invoice.sent"]
    shown = api.get(f"/api/v1/admin/invoices/{invoice.pk}").json()
    assert WebhookMessage.objects.latest("pk").payload == shown

    first = pay(invoice, "180.00", "UTR 1")
    note = issue_credit_note(
        invoice_id=invoice.pk, lines=[Wanted(1, amount=Decimal("100.00"))], why=Why("other", "Too dear")
    )
    second = pay(invoice, "900.00", "UTR 2", accept_overpayment=True)
    refund = record_refund(
        payment_id=second.pk,
        amount=Decimal("18.00"),
        reference="UTR back",
        refunded_on=clock.today(acme.time_zone),
    )
    reverse_payment(payment_id=first.pk, reason="It was another customer's.")
    assert told()[3:] == [
        "invoice.partially_paid", "payment.captured", "credit_note.issued", "invoice.paid", "payment.captured",
        "refund.processed", "invoice.partially_paid", "payment.reversed",
    ]  # fmt: skip
    by_type = {each.type: each for each in WebhookMessage.objects.order_by("-pk")}
    assert by_type["payment.reversed"].payload == api.get(f"/api/v1/admin/payments/{first.pk}").json()
    assert by_type["refund.processed"].payload == api.get(f"/api/v1/admin/refunds/{refund.pk}").json()
    assert by_type["credit_note.issued"].payload["number"] == note.number
    assert by_type["invoice.paid"].payload["amount_due"] == "0.00"
    assert by_type["invoice.paid"].organisation == acme


def test_it_hears_of_voided_and_overdue_invoices_and_of_prices(acme: Organisation) -> None:
    create_endpoint(organisation=None, url="https://hooks.example.com/")
    void, late = (drafting.create_one_off_draft(organisation=acme, lines=LINES) for _ in range(2))
    void_invoice(invoice_id=issuing.finalize_invoice(invoice_id=void.pk, send=False).pk, reason="A mistake")
    issued = issuing.finalize_invoice(invoice_id=late.pk, send=False)
    assert issued.due_date is not None
    after = clock.now() + (issued.due_date - clock.today("Asia/Kolkata")) + timedelta(days=1)
    for _ in range(2):
        assert announce_overdue() == 0
        with clock.standing_at(after):
            assert announce_overdue() == 1
    price = {"model": "per_unit", "unit_price": "2.50"}
    rule = price_book.create_pricing_rule(
        metric_name="calls", unit="call", currency="INR", price=price, effective_from=date(2026, 1, 1)
    )
    price_book.update_pricing_rule(rule_id=rule.pk, price={**price, "unit_price": "3"})
    price_book.delete_pricing_rule(rule_id=rule.pk)
    counted = Counter(told())
    assert (counted["invoice.voided"], counted["invoice.overdue"], counted["price.changed"]) == (1, 1, 3)
    assert WebhookMessage.objects.latest("pk").payload == {"id": str(rule.pk), "deleted": True}
    assert not WebhookMessage.objects.filter(type="price.changed", organisation__isnull=False).exists()


def test_a_price_for_all_customers_is_told_to_those_for_whom_it_may_hold(acme: Organisation) -> None:
    pays_it, has_its_own, other_currency, hears_of_invoices, _silent = (
        factories.organisation(name, currency="USD" if name == "Dollars" else "INR")
        for name in ("Initech", "Hooli", "Dollars", "Umbrella", "Stark")
    )
    for number, each in enumerate((pays_it, has_its_own, other_currency)):
        create_endpoint(organisation=each, url=f"https://hooks.example.com/{number}")
    create_endpoint(organisation=hears_of_invoices, url="https://hooks.example.com/", event_types=["invoice.paid"])
    terms: dict[str, Any] = {"metric_name": "calls", "unit": "call", "currency": "INR"}
    price = {"model": "per_unit", "unit_price": "2.50"}
    days = [(date(2026, 1, 1), date(2026, 6, 1)), (date(2026, 6, 1), None)]
    own = [
        price_book.create_pricing_rule(
            **terms, organisation=has_its_own, price=price, effective_from=first, effective_to=until
        )
        for first, until in days
    ]
    rule = price_book.create_pricing_rule(**terms, price=price, effective_from=date(2026, 2, 1))
    about_it = WebhookDelivery.objects.filter(object_id=rule.pk)
    assert [each.endpoint.organisation for each in about_it] == [pays_it]
    message = about_it.get().message
    assert (message.organisation, message.audience) == (None, [pays_it.pk])
    price_book.delete_pricing_rule(rule_id=own[1].pk)
    price_book.delete_pricing_rule(rule_id=rule.pk)
    assert {each.endpoint.organisation for each in about_it.all()} == {pays_it, has_its_own}

    late = create_endpoint(organisation=pays_it, url="https://hooks.example.com/late").endpoint
    other = create_endpoint(organisation=other_currency, url="https://hooks.example.com/late").endpoint
    day_before = clock.now() - timedelta(days=1)
    assert [replay_since(endpoint_id=each.pk, since=day_before).count for each in (late, other)] == [2, 0]


def test_dead_letters_are_told_once_a_minute_for_each_project(acme: Organisation, project: Project) -> None:
    def letter(number: int) -> None:
        now = clock.now()
        DeadLetter.objects.create(
            organisation=acme, project=project, event_id=f"e{number}", reason="METRIC_UNKNOWN", message="Unknown",
            accepted_event={}, batch_id=project.pk, first_seen_at=now, last_seen_at=now,
        )  # fmt: skip

    begin = clock.now().replace(second=0, microsecond=0)
    with clock.standing_at(begin):
        letter(1)
        assert announce_dead_letters() == 0  # nobody listens
        create_endpoint(organisation=acme, url="https://hooks.example.com/", event_types=["usage.dead_letter"])
        announce_dead_letters()
    with clock.standing_at(begin + timedelta(seconds=20)):
        letter(2)
        announce_dead_letters()
    assert [each["waiting"] for each in WebhookMessage.objects.values_list("payload", flat=True)] == [1]
    for minute in (1, 2):
        with clock.standing_at(begin + timedelta(minutes=minute)):
            announce_dead_letters()
    assert [each["waiting"] for each in WebhookMessage.objects.order_by("pk").values_list("payload", flat=True)] == [
        1,
        2,
    ]
