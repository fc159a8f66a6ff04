"""The dashboard adds up only the user's organisations, and each currency separately."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.test.client import Client
from django.urls import reverse
from django.utils.html import strip_tags

from billing_platform.backoffice import dashboard
from billing_platform.lib import clock
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, EventBatch
from events.services.accepting import Form, accept_events
from events.services.settling.chunks import settle_pending
from invoicing.models import ExchangeRate, Invoice
from invoicing.services import drafting, issuing
from organisations.models import Notification, Organisation, Project
from payments.gateways.circuit_breaker import FAILURES_TO_OPEN, CircuitBreaker
from payments.models import PaymentOrder
from payments.services.gateway_accounts import set_keys
from payments.services.offline import record_offline_payment
from tests import factories
from tests.admin.conftest import signed_in
from tests.events.language import event
from tests.invoicing.language import at
from tests.payments.language import open_order


def issue(organisation: Organisation, price: str) -> Invoice:
    line = {"description": "Set-up", "quantity": "1", "unit_price": price}
    draft = drafting.create_one_off_draft(organisation=organisation, lines=[line])
    return issuing.finalize_invoice(invoice_id=draft.pk)


def pay(invoice: Invoice, amount: str) -> None:
    record_offline_payment(
        invoice_id=invoice.pk,
        amount=Decimal(amount),
        method="bank_transfer",
        reference="UTR 1",
        received_on=clock.today(invoice.organisation.time_zone),
    )


def kpi(user: Any, label: str) -> dashboard.Tile:
    return next(kpi for kpi in dashboard.of(user).kpis if kpi.label == label)


def change_of(user: Any, label: str) -> list[str]:
    return [" ".join(strip_tags(change).split()) for change in kpi(user, label).changes]


def test_tiles_tell_the_change_against_the_same_days_of_the_month_before(acme: Organisation, admin_user: Any) -> None:
    """October: 1,000 and, after the 20th, 5,000, each with 18%. By 20 November 1,235: 23.5% more than 1,000."""
    with at("2026-10-05 10:00"):
        pay(issue(acme, "1000"), "400.00")
    with at("2026-10-25 10:00"):
        issue(acme, "5000")
    with at("2026-11-20 12:00"):
        assert change_of(admin_user, "Billed this month") == ["↓Down 100% against 1–20 Oct 2026"]
        pay(issue(acme, "1235"), "300.00")
        assert change_of(admin_user, "Billed this month") == ["↑Up 23.5% against 1–20 Oct 2026"]
        assert change_of(admin_user, "Collected this month") == ["↓Down 25% against 1–20 Oct 2026"]
    with at("2026-10-06 10:00"):
        assert change_of(admin_user, "Billed this month") == ["New (nothing 1–6 Sep 2026)"]


def test_what_is_due_and_overdue_is_compared_with_the_same_day_of_the_month_before(
    acme: Organisation, admin_user: Any
) -> None:
    """On 20 October 1,180 were due and late and 2,360 in time: 3,540. On 20 November 1,180 and 1,770 are, both late:
    2,950, which is 16.7% less in all, and 150% more late. What came meanwhile is no part of October."""
    with at("2026-10-01 10:00"):
        issue(acme, "1000")  # due on the 16th
    with at("2026-10-10 10:00"):
        second = issue(acme, "2000")
        assert change_of(admin_user, "Outstanding") == ["New (nothing 10 Sep 2026)"]
        assert change_of(admin_user, "Overdue") == []
    with at("2026-11-02 10:00"):
        pay(second, "2360.00")
        issue(acme, "1500")
    with at("2026-11-20 12:00"):
        assert kpi(admin_user, "Outstanding").values == ("₹2,950.00",)
        assert change_of(admin_user, "Outstanding") == ["↓Down 16.7% against 20 Oct 2026"]
        assert change_of(admin_user, "Overdue") == ["↑Up 150% against 20 Oct 2026"]


def test_the_same_days_of_a_shorter_month_end_with_it() -> None:
    assert dashboard.same_days_before(date(2026, 3, 31)) == (date(2026, 2, 1), date(2026, 2, 28))
    assert dashboard.same_days_before(date(2026, 1, 1)) == (date(2025, 12, 1), date(2025, 12, 1))


def test_rupees_and_dollars_stand_side_by_side(acme: Organisation, globex: Organisation, admin_user: Any) -> None:
    ExchangeRate.objects.create(base="USD", target="INR", rate=Decimal(84), as_of=clock.now().date(), source="test")
    pay(issue(acme, "1000"), "500.00")  # 1,000 + 18% GST = 1,180.00
    issue(globex, "20")  # an export under LUT: no tax
    outstanding = kpi(admin_user, "Outstanding")
    assert outstanding.values == ("₹680.00", "$20.00")
    assert outstanding.note == "2 invoices"
    assert kpi(admin_user, "Collected this month").values == ("₹500.00",)


def test_another_organisations_money_is_not_counted(acme: Organisation, viewer: Any) -> None:
    issue(acme, "1000")
    issue(factories.organisation("Initech"), "5000")
    assert kpi(viewer, "Outstanding").values == ("₹1,180.00",)


def test_overdue_is_what_its_due_date_has_passed(acme: Organisation, viewer: Any) -> None:
    with clock.standing_at(clock.now() - timedelta(days=acme.payment_terms_days + 2)):
        issue(acme, "1000")
    issue(acme, "100")
    overdue = kpi(viewer, "Overdue")
    assert (overdue.values, overdue.note, overdue.tone) == (("₹1,180.00",), "1 invoice", "danger")
    assert overdue.href.endswith("?attention=overdue")


def test_what_is_overdue_or_was_not_billed_waits_for_a_person(project: Project, viewer: Any) -> None:
    with clock.standing_at(clock.now() - timedelta(days=60)):
        issue(project.organisation, "1000")  # due after 15 days
    event = {"event_id": "e1", "metric_name": "unpriced", "metric_value": "1", "unit": "file"}
    accept_events(project=project, body=msgspec.json.encode(event), form=Form.SINGLE)
    settle_pending()
    period = BillingPeriod.containing(clock.now(), project.organisation.zone)
    drafting.create_draft(organisation=project.organisation, period=period)
    waiting = {item.label: item.count for item in dashboard.of(viewer).attention}
    assert waiting == {
        "invoice overdue": 1,
        "invoice with warnings": 1,
        "metric with usage and no price this month": 1,
    }


def test_usage_appears_once_it_is_settled(project: Project, viewer: Any) -> None:
    event = {"event_id": "1", "metric_name": "api_calls", "metric_value": 3, "unit": "call"}
    accept_events(project=project, body=msgspec.json.encode(event), form=Form.SINGLE)
    assert kpi(viewer, "Waiting to be counted").values == ("1 batch",)
    settle_pending()
    found = dashboard.of(viewer)
    assert found.usage is not None
    # yesterday's, if it is before 00:30 UTC: the hour began in India then
    assert (len(found.usage.points), sum(found.usage.points[-2:])) == (30, 1)
    assert kpi(viewer, "Waiting to be counted").values == ("0 batches",)


def test_what_waits_for_a_person_leads_to_its_list(acme: Organisation, viewer: Any, client: Client) -> None:
    assert dashboard.of(viewer).attention == ()
    Notification.objects.create(
        organisation=acme, kind="test", dedupe_key="1", recipients=["a@acme.example"], subject="Lost", text="Hello",
        status=Notification.Status.FAILED, next_attempt_at=clock.now(),
    )  # fmt: skip
    (item,) = dashboard.of(viewer).attention
    assert (item.label, item.count) == ("e-mail failed", 1)
    client.force_login(viewer)
    assert "Lost" in client.get(item.href).content.decode()


def test_every_number_leads_to_a_list_that_opens(acme: Organisation, admin_user: Any, client: Client) -> None:
    issue(acme, "1000")
    client.force_login(admin_user)
    found = dashboard.of(admin_user)
    links = [kpi.href for kpi in found.kpis] + [found.usage.href if found.usage else ""]
    assert len(links) == 10
    for link in links:
        assert client.get(link).status_code == 200, link


def test_somebody_unknown_gets_nothing(db: None) -> None:
    found = dashboard.of(AnonymousUser())
    assert (found.kpis, found.usage, found.attention, found.run) == ((), None, (), None)


def test_the_usage_page_adds_up_each_metric_apart(project: Project, viewer: Any, client: Client) -> None:
    for number, (metric, unit, value) in enumerate([("storage", "GB", 2), ("storage", "GB", 3), ("storage", "TB", 4)]):
        event = {"event_id": str(number), "metric_name": metric, "metric_value": value, "unit": unit}
        accept_events(project=project, body=msgspec.json.encode(event), form=Form.SINGLE)
    settle_pending()
    client.force_login(viewer)
    page = client.get(reverse("admin:events_usageaggregate_changelist")).context["page"]
    assert [[cell.text for cell in line.cells] for line in page.lines] == [["5 GB", "2"], ["4 TB", "1"]]
    assert ": 3 events</title>" in page.picture


def test_an_accepted_event_is_on_the_usage_page_once_settled(project: Project, viewer: Any, client: Client) -> None:
    event = {"event_id": "fresh-1", "metric_name": "api_calls", "metric_value": 3, "unit": "call"}
    accept_events(project=project, body=msgspec.json.encode(event), form=Form.SINGLE)
    settle_pending()
    client.force_login(viewer)
    usage = client.get(reverse("admin:events_usageaggregate_changelist")).content.decode()
    assert "api_calls" in usage
    drill_down = next(part.split('"')[0] for part in usage.split('href="') if "usageevent/?" in part)
    assert "fresh-1" in client.get(drill_down.replace("&amp;", "&")).content.decode()
    assert "fresh-1" in client.get(reverse("admin:events_usageevent_changelist")).content.decode()


def test_a_known_id_with_another_body_is_shown_to_operators(
    project: Project, operator: Any, as_operator: Client
) -> None:
    for value in ("5", "6"):
        accept_events(project=project, body=msgspec.json.encode({"events": [event("a", value)]}))
        settle_pending()
    item = next(item for item in dashboard.of(operator).attention if item.kind == "conflicts")
    assert (item.label, item.count) == ("request with a known id but another body", 1)
    page = as_operator.get(item.href).content.decode()
    batch, other = EventBatch.objects.get(conflicts=1), EventBatch.objects.get(conflicts=0)
    assert str(batch.pk) in page
    assert str(other.pk) not in page
    assert "&quot;a&quot;" in as_operator.get(f"/admin/events/eventbatch/{batch.pk}/change/").content.decode()


def test_while_razorpay_cant_be_reached_the_front_page_says_so_and_what_waits(
    settings: Any, acme: Organisation, viewer: Any
) -> None:
    """Five calls without an answer open the circuit. The request of a seller with keys of its own goes on."""
    breaker = CircuitBreaker(base_url=settings.RAZORPAY_BASE_URL, key_id=settings.RAZORPAY_KEY_ID)
    order = open_order(issue(acme, "1000"))
    seller = factories.billing_entity(name="Other", gstin="", is_default=False)
    account = set_keys(seller=seller, key_id="rzp_test_own000000001", key_secret="x" * 24, webhook_secret="y" * 24)
    paid = open_order(issue(acme, "500"), "order_Test0000000002")
    PaymentOrder.objects.filter(pk=paid.pk).update(status="paid")
    other = issue(acme, "700")
    PaymentOrder.objects.create(
        invoice=other, kind="order", amount=826, amount_minor=82600, currency="INR", gateway_account=account
    )
    with time_machine.travel(datetime(2026, 11, 26, 8, 32, tzinfo=UTC), tick=False):
        for _ in range(FAILURES_TO_OPEN):
            assert not [item for item in dashboard.of(viewer).attention if item.kind == "gateway_outage"]
            breaker.note(is_outage=True, reason="timed out")
    try:
        [line] = [item for item in dashboard.of(viewer).attention if item.kind == "gateway_outage"]
        text = signed_in(viewer).get(reverse("admin:index")).content.decode()
        listed = signed_in(viewer).get(line.href).context["cl"].result_list
    finally:
        breaker.forget()
    assert (line.count, line.label) == (1, "payment request waits: Razorpay can't be reached")
    assert "since 26 Nov 2026, 14:02" in text
    assert list(listed) == [order]
    assert not [item for item in dashboard.of(viewer).attention if item.kind == "gateway_outage"]


def test_numbers_that_should_be_nought_say_how_many_came_whatever_became_of_them(
    acme: Organisation, viewer: Any
) -> None:
    project = factories.project(acme)

    def arrive(event_id: str, days_ago: int, **state: Any) -> None:
        DeadLetter.objects.create(
            organisation=acme, project=project, event_id=event_id, reason="METRIC_UNKNOWN", message="?",
            batch_id=acme.pk, accepted_event={}, first_seen_at=clock.now() - timedelta(days=days_ago), **state,
        )  # fmt: skip

    assert kpi(viewer, "Dead letters").more == ("none came in 14 days",)
    arrive("a", 1)
    arrive("b", 2, status="replayed", resolved_at=clock.now())
    arrive("c", 10, status="discarded", resolved_at=clock.now())
    arrive("d", 15)

    shown = kpi(viewer, "Dead letters")

    assert (shown.values, shown.more) == (("2",), ("2 came in 7 days, 1 in the 7 before",))
    assert kpi(viewer, "Failed payments").more == ("none came in 14 days",)
    assert kpi(viewer, "Metrics without a price").more == ()
