"""Test clocks: a test customer's months pass in seconds, and nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import time_machine
from django.apps import apps
from django.core.cache import cache
from django.db import IntegrityError, ProgrammingError, transaction
from django.db.models import Model

from billing_platform.backoffice import attention, digest
from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.periods import BillingPeriod
from events.services.accepting import Form, accept_events
from events.usage import recent
from invoicing.models import Invoice, NumberSequence
from invoicing.returns.period import ReturnPeriod
from invoicing.selectors.billed import billed_by_month
from invoicing.selectors.due_returns import returns_due
from invoicing.selectors.final_documents import contents_of, counts_of, gstins, ledger_of
from invoicing.selectors.indian_deadlines import open_invoices_to_credit, unpaid_exports
from invoicing.selectors.invoiced import invoiced_by_month, top_customers
from invoicing.selectors.price_coverage import unpriced_usage
from invoicing.selectors.receivables import receivables
from invoicing.selectors.revenue_leak import Asking, revenue_leak
from invoicing.services.runs import billing_run
from invoicing.services.terms.recurring_fees import add_recurring_fee
from organisations.models import BillingEntity, Notification, Organisation, Project, TestClock, WebhookMessage, now_of
from organisations.models.test_clock import ClockStatus
from organisations.notifications.outbox import OF_A_TEST_CUSTOMER
from organisations.notifications.sending_again import resend
from organisations.scoping import TenantModel
from organisations.selectors import customers_to_check
from organisations.services.onboarding import update_organisation
from organisations.webhooks.endpoints import create_endpoint
from organisations.webhooks.sending import claim_due
from organisations.webhooks.signing import body_of
from payments.models import PaymentOrder, Reminder
from payments.receivables.ageing import ageing
from payments.selectors import collected, invoices_to_collect
from payments.services.collection import ensure_order
from payments.services.dunning import reminders
from payments.services.offline import record_offline_payment
from payments.services.test_clocks import advancing, living
from reconciliation.proof.content import Tree
from reconciliation.proving.trees import blocks
from tests import factories
from tests.invoicing.language import per_unit
from tests.payments.language import issued_invoice

INDIA = ZoneInfo("Asia/Kolkata")


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=INDIA)


@pytest.fixture
def today() -> Iterator[Any]:
    """The real time stands still: what passes is the test customer's."""
    with time_machine.travel(on("2026-01-10 12:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def lab(today: Any, acme: Organisation) -> Organisation:
    """A test customer who pays a monthly fee, beside Acme."""
    customer = factories.organisation("Lab", billing_entity=factories.sandbox_seller(), payment_terms_days=10)
    fee(customer)
    return customer


def fee(customer: Organisation) -> None:
    add_recurring_fee(
        organisation=customer, description="Support", amount=Decimal(1000), effective_from=date(2026, 1, 1)
    )


def advance(customer: Organisation, to: str) -> TestClock:
    row = advancing.advance(organisation=customer, to=on(to), by="somebody")
    advancing.go_on(clock_id=row.pk)
    row.refresh_from_db()
    return row


def used(project: Project, event_id: str, value: int, when: str) -> None:
    event = {"event_id": event_id, "metric_name": "api_calls", "metric_value": value, "unit": "call"}
    event["timestamp"] = on(when).isoformat()
    accept_events(project=project, body=msgspec.json.encode(event), form=Form.SINGLE)


def invoices(customer: Organisation) -> list[Invoice]:
    return list(Invoice.objects.filter(organisation=customer).order_by("period_start"))


def test_three_months_of_usage_invoices_and_reminders(lab: Organisation) -> None:
    """Usage of January and February is billed on the first of the next month, by its own series; nobody pays."""
    per_unit("2", effective_from=date(2026, 1, 1))
    project = factories.project(lab)
    used(project, "january", 100, "2026-01-10 11:00")
    clock = advance(lab, "2026-02-05 09:00")
    assert (clock.status, clock.now, clock.last_failure) == (ClockStatus.READY, on("2026-02-05 09:00"), "")
    (january,) = invoices(lab)
    assert (january.number, january.issue_date, january.total) == ("TST/25-26/000001", date(2026, 2, 1), Decimal(1416))

    used(project, "february", 50, "2026-02-04 18:00")  # weeks ahead of the real time, and yesterday by its own
    advance(lab, "2026-03-02 00:00")
    february = invoices(lab)[1]
    assert (february.subtotal, february.issue_date) == (Decimal(1100), date(2026, 3, 1))
    assert january.due_date == date(2026, 2, 11)
    steps = Reminder.objects.filter(invoice=january, status="sent").order_by("step")
    assert [(row.step, row.created_at.astimezone(INDIA).date()) for row in steps] == [
        (-3, date(2026, 2, 8)),
        (0, date(2026, 2, 11)),
        (3, date(2026, 2, 14)),
        (7, date(2026, 2, 18)),
        (14, date(2026, 2, 25)),
    ]


def test_service_periods_end_with_the_months(lab: Organisation) -> None:
    """The golden of monthly clocks: from 31 January to 28 February, to 31 March, to 30 April."""
    advance(lab, "2026-03-12 00:00")
    advance(lab, "2026-05-02 00:00")
    last_days = [invoice.period_end - timedelta(days=1) for invoice in invoices(lab)]
    assert last_days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert [invoice.issue_date for invoice in invoices(lab)] == [
        date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)
    ]  # fmt: skip
    assert [invoice.number[-6:] for invoice in invoices(lab)] == ["000001", "000002", "000001", "000002"]


def test_letters_are_kept_and_not_sent(lab: Organisation, mailbox: Any) -> None:
    advance(lab, "2026-02-20 00:00")
    letters = list(Notification.objects.filter(organisation=lab))
    assert {letter.kind for letter in letters} >= {"invoice_issued", "reminder"}
    assert all((row.status, row.not_sent_because) == ("not_sent", OF_A_TEST_CUSTOMER) for row in letters)
    assert all(row.recipients == [lab.billing_email] and row.text for row in letters)
    assert not mailbox.messages
    with pytest.raises(DomainError, match="none of its e-mails"):
        resend(notification_id=letters[0].pk)


def test_receivers_are_told_now_and_that_it_is_a_test(lab: Organisation, today: Any) -> None:
    create_endpoint(organisation=lab, url="https://hooks.example/in", event_types=["invoice.finalized"])
    advance(lab, "2026-02-02 00:00")
    message = WebhookMessage.objects.get(organisation=lab)
    assert message.created_at == on("2026-02-01 06:00")
    (delivery,) = claim_due(5)  # due by the real time, three weeks earlier
    said = msgspec.json.decode(body_of(delivery))
    assert said["test"] is True
    assert said["data"]["number"] == "TST/25-26/000001"


@pytest.fixture
def neighbours(today: Any, acme: Organisation, project: Project) -> Organisation:
    """Acme is in the middle of everything: usage, an invoice that is late, an e-mail that waits."""
    fee(acme)
    per_unit("3", effective_from=date(2026, 1, 1))
    used(project, "acme-1", 7, "2026-01-10 10:00")
    advancing.chunks.settle_pending()
    issued_invoice(acme)
    return acme


def rows_of_others() -> dict[str, set[str]]:
    """Every row of every table of customers that is no test customer's."""
    found: dict[str, set[str]] = {}
    for model in apps.get_models():
        if issubclass(model, TenantModel) and not model._meta.proxy:
            rows: Any = model.objects
            found[model._meta.label] = {repr(row) for row in rows.real().values_list()}
    return found


def test_no_row_of_anybody_else_changes(neighbours: Organisation, lab: Organisation) -> None:
    before = rows_of_others()
    assert before["invoicing.Invoice"]
    assert before["events.UsageEvent"]
    advance(lab, "2026-03-10 00:00")
    assert len(invoices(lab)) == 2
    assert rows_of_others() == before
    assert set(NumberSequence.objects.values_list("registration", flat=True)) == {
        factories.MAHARASHTRA_GSTIN,
        neighbours.billing_entity.gstin,
    }


def test_no_total_counts_a_test_customer(
    neighbours: Organisation, lab: Organisation, today: Any, admin_user: Any
) -> None:
    """Every number that is about all customers is the same as if the test customer did not exist."""
    project = factories.project(lab)
    used(project, "lab-1", 100, "2026-01-10 11:00")
    today.move_to(on("2026-03-10 10:00"))
    before = numbers_of_all(admin_user, neighbours.billing_entity)
    today.move_to(on("2026-01-10 12:00"))
    advance(lab, "2026-03-10 00:00")
    used(project, "lab-2", 100, "2026-03-09 11:00")
    advancing.chunks.settle_pending()
    (january, _february) = invoices(lab)
    today.move_to(on("2026-03-10 10:00"))
    record_offline_payment(
        invoice_id=january.pk, amount=Decimal(500), method="bank_transfer", reference="T1", received_on=date(2026, 3, 9)
    )
    cache.clear()
    assert numbers_of_all(admin_user, neighbours.billing_entity) == before


def test_a_statement_that_is_signed_lacks_no_document(lab: Organisation) -> None:
    """The clock issues on the 1st of February whenever it gets there: no tree of that day has its documents."""
    advance(lab, "2026-02-02 00:00")
    assert Invoice.objects.get(organisation=lab).finalized_at == on("2026-02-01 06:00")
    assert not list(blocks(Tree.DOCUMENTS, date(2026, 2, 1)))


def numbers_of_all(user: Any, seller: BillingEntity) -> dict[str, Any]:
    this = date(2026, 3, 10)
    months = [date(2026, month, 1) for month in (1, 2, 3)]
    period = ReturnPeriod.of(BillingPeriod.of(date(2026, 1, 1)))
    contents = contents_of(seller.gstin, period)
    return {
        "receivables": receivables(actor=user),
        "billed": billed_by_month(actor=user, months=months),
        "invoiced": invoiced_by_month(actor=user, months=months),
        "top": top_customers(actor=user, months=months),
        "usage": (recent.daily_usage(actor=user), recent.events_by_metric(actor=user)),
        "collected": collected(actor=user, first=months[0], last=this, zone=INDIA),
        "ageing": ageing(actor=user, day=this),
        "unpriced": unpriced_usage(actor=user),
        "leak": revenue_leak(Asking(user)),
        "gstins": gstins(),
        "return": (ledger_of(contents), counts_of(contents)),
        "returns due": list(returns_due(actor=user)),
        "to check": list(customers_to_check(actor=user, today=this)),
        "deadlines": (
            list(open_invoices_to_credit(actor=user, today=this)),
            list(unpaid_exports(actor=user)),
        ),
        "attention": [(each.kind, each.count, each.facts) for each in attention.of(user).billing],
        "yesterday": list(digest.numbers_of(user, this - timedelta(days=1))),
        "run": billing_run.who_is_billed(BillingPeriod.of(date(2026, 1, 1))),
    }


class Killed(BaseException):
    """As if the worker had died: nothing catches it."""


@pytest.mark.parametrize("dies_at", ["2026-02-01 06:00", "2026-02-08 10:00", "2026-03-01 06:00"])
@pytest.mark.parametrize("after_the_work", [False, True])
def test_a_worker_that_dies_on_the_way(
    lab: Organisation, today: Any, monkeypatch: pytest.MonkeyPatch, dies_at: str, after_the_work: bool
) -> None:
    """The next one goes on from the last moment that was lived through; everything stands once."""
    live_through = living.live_through

    def dying(row: TestClock, moment: datetime) -> None:
        if after_the_work:
            live_through(row, moment)
        if moment == on(dies_at):
            raise Killed
        if not after_the_work:
            live_through(row, moment)

    row = advancing.advance(organisation=lab, to=on("2026-03-02 00:00"), by="somebody")
    with monkeypatch.context() as patch:
        patch.setattr(advancing, "live_through", dying)
        with pytest.raises(Killed):
            advancing.go_on(clock_id=row.pk)
    row.refresh_from_db()
    assert row.status == ClockStatus.ADVANCING
    assert row.now < on(dies_at)
    assert advancing.due_clocks() == []  # until the dead one's claim ends
    today.move_to(on("2026-01-10 12:06"))
    assert advancing.due_clocks() == [row.pk]
    advancing.go_on(clock_id=row.pk)
    row.refresh_from_db()
    assert (row.status, row.now) == (ClockStatus.READY, on("2026-03-02 00:00"))
    assert [invoice.number for invoice in invoices(lab)] == ["TST/25-26/000001", "TST/25-26/000002"]
    assert [invoice.pdf_state for invoice in invoices(lab)] == ["ready", "ready"]
    letters = Notification.objects.filter(organisation=lab)
    assert letters.filter(kind="invoice_issued").count() == 2
    assert Reminder.objects.filter(invoice=invoices(lab)[0], status="sent").count() == 5


def test_what_a_clock_refuses(lab: Organisation, acme: Organisation) -> None:
    for to, words in [("2026-01-10 12:00", "only goes forward"), ("2026-03-14 00:00", "two months")]:
        with pytest.raises(InvalidInput, match=words):
            advancing.advance(organisation=lab, to=on(to), by="somebody")
    with pytest.raises(DomainError, match="no test customer"):
        advancing.advance(organisation=acme, to=on("2026-02-01 00:00"), by="somebody")
    advancing.advance(organisation=lab, to=on("2026-02-01 00:00"), by="somebody")
    with pytest.raises(DomainError, match="is advancing"):
        advancing.advance(organisation=lab, to=on("2026-02-02 00:00"), by="somebody")
    with pytest.raises(ProgrammingError, match="only goes forward"), transaction.atomic():
        TestClock.objects.filter(organisation=lab).update(now=on("2026-01-09 00:00"))


def test_a_clock_that_fails_says_why_and_goes_on(lab: Organisation) -> None:
    """A letter of the name can't be printed: whoever mends it has the clock try again."""
    Organisation.objects.filter(pk=lab.pk).update(legal_name="Lab 🦄")
    row = advance(lab, "2026-02-10 00:00")
    assert row.status == ClockStatus.FAILED
    assert row.last_failure
    assert row.now < on("2026-02-01 06:00")
    with pytest.raises(DomainError, match="try again first"):
        advancing.advance(organisation=lab, to=on("2026-02-11 00:00"), by="somebody")
    Organisation.objects.filter(pk=lab.pk).update(legal_name="Lab")
    advancing.go_on(clock_id=advancing.try_again(organisation=lab).pk)
    row.refresh_from_db()
    assert (row.status, row.now) == (ClockStatus.READY, on("2026-02-10 00:00"))
    with pytest.raises(DomainError, match="has not failed"):
        advancing.try_again(organisation=lab)


def test_an_inactive_test_customer_stands_still(lab: Organisation) -> None:
    update_organisation(organisation=lab, is_active=False, confirm=True)
    with pytest.raises(DomainError, match="not active"):
        advancing.advance(organisation=lab, to=on("2026-02-01 00:00"), by="somebody")


def test_sweeps_leave_test_customers_alone(lab: Organisation, today: Any) -> None:
    """Its unpaid invoice is late by the real time as well, and nothing but its clock does anything about it."""
    advance(lab, "2026-02-02 00:00")
    (invoice,) = invoices(lab)
    today.move_to(on("2026-04-01 10:00"))
    assert reminders.invoices_to_remind() == []
    assert invoices_to_collect() == []
    assert lab not in billing_run.who_is_billed(invoice.period)[0]
    assert billing_run.left_open(datetime.now(UTC)) == {}
    with pytest.raises(DomainError, match="test customer's"):
        ensure_order(invoice_id=invoice.pk)
    assert not PaymentOrder.objects.exists()


def test_the_database_keeps_tests_apart(lab: Organisation, acme: Organisation) -> None:
    seller, real = lab.billing_entity, acme.billing_entity
    forbidden: list[tuple[type[Model], Any, dict[str, Any], str]] = [
        (Organisation, lab.pk, {"is_test": False}, "Cannot update"),
        (Organisation, lab.pk, {"billing_entity": real}, "of test sellers"),
        (Organisation, acme.pk, {"billing_entity": seller}, "of test sellers"),
        (BillingEntity, seller.pk, {"is_test": False}, "Cannot update"),
        (BillingEntity, seller.pk, {"gstin": real.gstin}, "of real sellers or of test sellers"),
        (BillingEntity, seller.pk, {"legal_name": "Metrics"}, "test_seller_says_so"),
        (TestClock, lab.test_clock.pk, {"moved_from": on("2026-06-01 00:00")}, "test_clock_moves_between_its_marks"),
    ]
    for model, pk, changes, words in forbidden:
        with pytest.raises((IntegrityError, ProgrammingError), match=words), transaction.atomic():
            model._base_manager.filter(pk=pk).update(**changes)
    with pytest.raises(ProgrammingError, match="Only a test customer"), transaction.atomic():
        TestClock.begin(acme)


def test_time_of_a_customer(lab: Organisation, acme: Organisation) -> None:
    advance(lab, "2026-02-02 00:00")
    assert now_of(lab) == on("2026-02-02 00:00")
    assert now_of(acme) == on("2026-01-10 12:00")
