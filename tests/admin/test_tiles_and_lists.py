"""Each number of the dashboard equals the number of rows in its list, in every time zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test.client import Client
from django.urls import reverse

from billing_platform.backoffice import attention, dashboard
from billing_platform.lib import clock, slow_answers
from billing_platform.lib.number_formats import format_money
from billing_platform.lib.periods import BillingPeriod
from events.models import DeadLetter, EventBatch, HotLogDay, UsagePeriod
from invoicing.models import BillingRun, BillingRunItem, ExchangeRate, Invoice, LetterOfUndertaking
from invoicing.services import drafting, issuing
from organisations.models import BillingEntity, Notification, Organisation, Project, SeenAttention
from organisations.operators_clock import on_operators_clock
from payments.models import InboundWebhook, Payment
from payments.services.offline import record_offline_payment
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.language import per_unit, used
from tests.payments.language import open_order

ZONES = ["Asia/Kolkata", "America/New_York"]
JUST_AFTER_MIDNIGHT = timedelta(minutes=10)


@pytest.fixture(params=ZONES)
def month_begins(request: pytest.FixtureRequest, acme: Organisation, globex: Organisation) -> Iterator[ZoneInfo]:
    """The seller is there, and it is ten minutes past the midnight with which November began."""
    BillingEntity.objects.update(time_zone=request.param)
    zone = ZoneInfo(request.param)
    with time_machine.travel(datetime(2026, 11, 1, tzinfo=zone) + JUST_AFTER_MIDNIGHT, tick=False):
        yield zone


def issue(organisation: Organisation, price: str) -> Invoice:
    line = {"description": "Set-up", "quantity": "1", "unit_price": price}
    draft = drafting.create_one_off_draft(organisation=organisation, lines=[line])
    return issuing.finalize_invoice(invoice_id=draft.pk)


def pay(invoice: Invoice, amount: str, reference: str, on: date) -> Payment:
    return record_offline_payment(
        invoice_id=invoice.pk, amount=Decimal(amount), method="bank_transfer", reference=reference, received_on=on
    )


@pytest.fixture
def something_of_everything(month_begins: ZoneInfo, acme: Organisation, globex: Organisation, project: Project) -> None:
    """Rows on both sides of the month's first minute, on the seller's clock and in UTC; one of each kind."""
    today = clock.today(month_begins)
    with time_machine.travel(datetime(2026, 9, 1, 6, tzinfo=month_begins), tick=False):
        ExchangeRate.objects.create(base="USD", target="INR", rate=Decimal(84), as_of=date(2026, 9, 1), source="test")
        old, abroad, settled = issue(acme, "1000"), issue(globex, "20"), issue(acme, "3000")
    with time_machine.travel(datetime(2026, 10, 17, 23, 55, tzinfo=month_begins), tick=False):
        due_on_the_first = issue(acme, "500")
    assert due_on_the_first.due_date == today
    issue(acme, "10")
    pay(settled, "100.00", "October", date(2026, 10, 31))
    pay(settled, "200.00", "November", min(today, clock.today(acme.time_zone)))
    order = open_order(settled)
    for minutes in (-300, -11, -9, -1):  # around midnight in the seller's zone, as a gateway tells it
        moment = clock.now() + timedelta(minutes=minutes)
        payment = Payment.objects.create(
            organisation=acme, invoice=settled, order=order, razorpay_payment_id=f"pay_{-minutes}", method="upi",
            status="captured", amount=Decimal(10), currency="INR", attempted_at=moment, paid_at=moment,
        )  # fmt: skip
    refused = open_order(due_on_the_first, "order_refused")
    Payment.objects.create(
        organisation=acme, invoice=due_on_the_first, order=refused, razorpay_payment_id="pay_no",
        method="upi", status="failed", amount=Decimal(590), currency="INR", attempted_at=clock.now(),
    )  # fmt: skip
    Payment.objects.filter(pk=payment.pk).update(problem="Ten rupees are not credited.")
    used(project, 5, on="2026-10-31", metric="unpriced", unit="file")
    drafting.create_draft(organisation=acme, period=BillingPeriod.of(date(2026, 10, 1)))
    with time_machine.travel(clock.now() + timedelta(hours=12), tick=False):
        used(project, 7, on="2026-11-02", metric="unpriced", unit="file")
    per_unit("1", organisation=acme, metric_name="ends", unit="day", effective_to=today + timedelta(days=3))
    LetterOfUndertaking.objects.update(valid_to=today + timedelta(days=30))
    run = BillingRun.objects.create(period_start=date(2026, 9, 1), requested_by="test")
    for organisation, status in ((acme, "parked"), (globex, "failed")):
        BillingRunItem.objects.create(run=run, organisation=organisation, status=status, finished_at=clock.now())
    late = {"next_attempt_at": clock.now()}
    Notification.objects.create(
        organisation=acme, kind="test", dedupe_key="1", recipients=["a@acme.example"], subject="Lost", status="failed",
        **late,
    )  # fmt: skip
    InboundWebhook.objects.create(event_id="evt_1", event_type="payment.failed", body=b"{}", status="failed", **late)
    Invoice.objects.filter(pk=old.pk).update(pdf_state="failed")
    assert abroad.currency == "USD"
    HotLogDay.objects.create(day=date(2026, 9, 9), retained_because="3 batches are not settled.")
    batch = EventBatch.objects.order_by("received_at").first()
    assert batch is not None
    EventBatch.objects.filter(pk=batch.pk).update(conflicts=1, received_at=clock.now() - timedelta(hours=3))
    DeadLetter.objects.create(
        organisation=acme, project=project, event_id="dead", reason="metric_unknown", message="?", accepted_event={},
        batch_id=batch.pk,
    )  # fmt: skip
    assert UsagePeriod.objects.count() == 2


def rows_of(client: Client, href: str) -> Any:
    """What the list behind a number shows, all of its pages."""
    page = client.get(href)
    assert page.status_code == 200, href
    return page.context["cl"].get_queryset(page.wsgi_request)


def test_each_number_is_that_of_its_list(something_of_everything: None, admin_user: Any) -> None:
    client = signed_in(admin_user)
    with on_operators_clock():
        found = dashboard.of(admin_user)
        numbers = {kpi.label: (kpi.count, kpi.href) for kpi in found.kpis}
        numbers |= {item.kind: (item.count, item.href) for item in found.attention}
        listed = {name: rows_of(client, href).count() for name, (_count, href) in numbers.items()}
    assert listed == {name: count for name, (count, _href) in numbers.items()}
    empty = {name for name, count in listed.items() if not count}
    assert empty == {"Waiting to be counted", "Discrepancies"}
    expected = {
        "overdue", "not_placed", "unpriced_on_invoice", "item_parked", "item_failed", "unpriced", "price_ends",
        "no_rate", "lut_ends", "webhook_failed", "email_failed", "conflicts", "day_retained",
        "dead_letters", "not_delivered",
    }  # fmt: skip
    assert {item.kind for item in found.attention} >= expected


def test_sums_of_tiles_are_those_of_their_lists(something_of_everything: None, admin_user: Any) -> None:
    client = signed_in(admin_user)
    with on_operators_clock():
        tiles = {kpi.label: kpi for kpi in dashboard.of(admin_user).kpis}
        for label in ("Outstanding", "Overdue"):
            sums: dict[str, Decimal] = {}
            for invoice in rows_of(client, tiles[label].href):
                sums[invoice.currency] = sums.get(invoice.currency, Decimal(0)) + invoice.amount_due
            assert tiles[label].values == tuple(format_money(sums[code], code) for code in sorted(sums)), label
        collected = sum(payment.amount for payment in rows_of(client, tiles["Collected this month"].href))
    # ₹200 typed for today, and two of ₹10 at one and at nine minutes past midnight, which nobody has credited
    assert (collected, tiles["Collected this month"].values) == (220, ("₹220.00",))
    assert tiles["Collected this month"].more == ("₹20.00 not yet credited",)


def test_tax_withheld_and_money_not_credited_stand_beside_what_was_collected(acme: Organisation, viewer: Any) -> None:
    invoice = issue(acme, "1000")  # 1,180.00 with 18% GST
    today = clock.today(acme.time_zone)
    paid: dict[str, Any] = {"invoice_id": invoice.pk, "received_on": today}
    record_offline_payment(amount=Decimal(100), method="tds", reference="16A", **paid)
    record_offline_payment(
        amount=Decimal(1200), method="bank_transfer", reference="UTR", accept_overpayment=True, **paid
    )  # 1,080.00 is still due
    tile = next(kpi for kpi in dashboard.of(viewer).kpis if kpi.label == "Collected this month")
    assert (tile.values, tile.count) == (("₹1,200.00",), 1)
    assert tile.more == ("+ ₹100.00 TDS", "₹120.00 not yet credited")


def test_the_sidebar_counts_what_the_front_page_counts(something_of_everything: None, admin_user: Any) -> None:
    client = signed_in(admin_user)
    for page in ("admin:index", "admin:invoicing_invoice_changelist"):
        context = client.get(reverse(page)).context
        badges = {
            str(item["link"]): item["badge"]
            for group in context["sidebar_navigation"]
            for item in group["items"]
            if item.get("badge")
        }
        with on_operators_clock():
            assert badges == attention.of(admin_user).badges, page


def test_a_line_that_was_seen_is_left_out_for_oneself_until_its_rows_change(
    acme: Organisation, viewer: Any, operator: Any
) -> None:
    def fail(key: str) -> None:
        Notification.objects.create(
            organisation=acme, kind="test", dedupe_key=key, recipients=["a@acme.example"], subject="Lost",
            status="failed", next_attempt_at=clock.now(),
        )  # fmt: skip

    fail("1")
    (item,) = dashboard.of(viewer).attention
    client, url = signed_in(viewer), reverse("admin:attention", args=[item.kind])
    assert client.get(url).status_code == 405
    assert client.post(url, {"fingerprint": item.fingerprint}).status_code == 302
    assert dashboard.of(viewer).attention == ()
    assert "1 seen" in client.get(reverse("admin:index")).content.decode()
    assert [seen.kind for seen in dashboard.of(viewer).waiting.seen] == ["email_failed"]
    assert [(each.kind, each.count) for each in dashboard.of(operator).attention] == [(item.kind, item.count)]
    fail("2")
    assert [(again.count, again.kind) for again in dashboard.of(viewer).attention] == [(2, "email_failed")]
    client.post(url, {"fingerprint": dashboard.of(viewer).attention[0].fingerprint})
    client.post(url)  # show it again
    assert len(dashboard.of(viewer).attention) == 1
    assert not SeenAttention.objects.exists()


def test_what_is_overdue_says_how_much_and_since_when(acme: Organisation, viewer: Any) -> None:
    with time_machine.travel(datetime(2026, 11, 1, 12, tzinfo=acme.zone), tick=False):
        issue(acme, "1000")  # 1,180.00 with 18% GST, due on 16 November
    with time_machine.travel(datetime(2026, 12, 11, 0, 5, tzinfo=acme.zone), tick=False):
        (item,) = dashboard.of(viewer).waiting.billing
    assert (item.label, item.facts) == ("invoice overdue", ("₹1,180.00", "25 days"))


def test_the_events_of_the_front_page_are_those_of_the_customers_explorers(
    acme: Organisation, globex: Organisation, admin_user: Any
) -> None:
    tokyo = factories.organisation("Tokyo", time_zone="Asia/Tokyo")
    now = datetime(2026, 11, 25, 21, 23, tzinfo=ZoneInfo("UTC"))  # the 26th in India and Japan, the 25th in New York
    for organisation in (acme, globex, tokyo):
        project = factories.project(organisation)
        for edge in (30, 29, 0, -1):  # first hours: of the day before the 30 days, of the first, of today, of tomorrow
            with time_machine.travel(now, tick=False):
                day = clock.today(organisation.zone) - timedelta(days=edge)
            first_hour = datetime(day.year, day.month, day.day, 0, 30, tzinfo=organisation.zone)
            used_at(project, first_hour)
    client = signed_in(admin_user)
    with time_machine.travel(now, tick=False):
        front = client.get(reverse("admin:index")).context["dashboard"].usage
        choice = client.get(front.href).context["organisations"]
        assert [row["events"] for row in choice] == ["2", "2", "2"]
        totals = []
        for row in choice:
            page = client.get(front.href + row["url"]).context
            totals.append(page["page"].total)
            assert [preset["label"] for preset in page["form"].presets if preset["chosen"]] == ["Last 30 days"]
    assert totals == ["2 events"] * 3
    assert (front.total, front.points[0], front.points[-1], sum(front.points)) == ("6", 3, 3, 6)


def used_at(project: Project, moment: datetime) -> None:
    with time_machine.travel(moment, tick=False):
        used(project, 1, on=moment.date().isoformat(), happened=moment.isoformat())


def test_a_dashboard_that_takes_long_is_remembered_until_its_user_does_something(
    acme: Organisation, viewer: Any, operator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow_answers, "SLOW_SECONDS", 0)
    monkeypatch.setattr(slow_answers, "TIMES_AS_LONG", 1_000_000)
    index = reverse("admin:index")
    client, other = signed_in(viewer), signed_in(operator)
    assert [person.get(index).context["dashboard"].attention for person in (client, other)] == [(), ()]
    Notification.objects.create(
        organisation=acme, kind="test", dedupe_key="1", recipients=["a@acme.example"], subject="Lost",
        status="failed", next_attempt_at=clock.now(),
    )  # fmt: skip
    assert client.get(index).context["dashboard"].attention == ()

    client.post(reverse("admin:attention", args=["email_failed"]))

    counts = [len(person.get(index).context["dashboard"].attention) for person in (client, other)]
    assert counts == [1, 0]
