"""Reminders: a month of them by the clock, once per step, late rather than never, and quiet when somebody says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection

from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import Invoice
from organisations.models import Notification, Organisation
from organisations.services.holds import lift_hold, place_hold
from payments.models import DunningRules, Reminder
from payments.receivables.promises import with_broken_promise
from payments.services.dunning import pauses, quiet, reminders
from payments.services.offline import record_offline_payment
from tests.payments.language import issued_invoice

INDIA = ZoneInfo("Asia/Kolkata")
ISSUED, DUE = date(2026, 11, 2), date(2026, 11, 17)
"""Due after 15 days."""


def at(day: date, hour: int = 9, zone: ZoneInfo = INDIA) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=zone)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(at(ISSUED), tick=False) as traveller:
        yield traveller


@pytest.fixture
def bill(clock: Any, acme: Organisation) -> Invoice:
    acme.payment_terms_days = 15
    acme.save()
    invoice = issued_invoice(acme)
    assert invoice.due_date == DUE
    return invoice


def work() -> list[int | None]:
    """What the job does: the steps that were sent."""
    sent = [reminders.send_due_reminder(invoice_id=each) for each in reminders.invoices_to_remind()]
    return [each.step for each in sent if each]


def test_a_month_in_which_nothing_is_paid(bill: Invoice, clock: Any) -> None:
    sent: dict[int, int | None] = {}
    for day in range(60):
        for hour in (6, 9, 13, 22):  # the job runs at any hour; the customer sleeps at some
            clock.move_to(at(ISSUED + timedelta(days=day), hour))
            for step in work():
                assert hour == 9
                sent[day - 15] = step
    assert sent == {step: step for step in (-3, 0, 3, 7, 14, 30)}
    mails = Notification.objects.filter(kind="reminder").order_by("created_at")
    assert [each.subject.partition(":")[0] for each in mails] == [
        f"Invoice {bill.number} is due on {mails[0].subject.partition('due on ')[2].partition(':')[0]}",
        f"Invoice {bill.number} is due today",
        f"Invoice {bill.number} is 3 days overdue",
        f"Invoice {bill.number} is 7 days overdue",
        f"Invoice {bill.number} is 14 days overdue",
        f"Invoice {bill.number} is 30 days overdue",
    ]
    assert "₹1,180.00" in mails[0].text
    assert f"/pay/{bill.public_token}" in mails[0].html


def test_after_days_without_the_job_only_the_latest_step_is_sent(bill: Invoice, clock: Any) -> None:
    clock.move_to(at(DUE + timedelta(days=8), 15))
    assert work() == [7]
    assert work() == []
    rows = Reminder.objects.order_by("step").values_list("step", "status")
    assert list(rows) == [(-3, "skipped"), (0, "skipped"), (3, "skipped"), (7, "sent")]
    clock.move_to(at(DUE + timedelta(days=14)))
    assert work() == [14]


def test_nine_in_the_morning_is_the_customers(bill: Invoice, clock: Any) -> None:
    bill.organisation.time_zone = "America/Chicago"
    bill.organisation.save()
    clock.move_to(at(DUE - timedelta(days=3), 12))  # midnight and more in Chicago
    assert work() == []
    clock.move_to(at(DUE - timedelta(days=3), 9, ZoneInfo("America/Chicago")))
    assert work() == [-3]


def test_what_is_paid_is_not_asked_for_and_a_part_payment_is_told(bill: Invoice, clock: Any) -> None:
    clock.move_to(at(DUE))
    pay = {"invoice_id": bill.pk, "method": "bank_transfer", "received_on": DUE}
    record_offline_payment(amount=Decimal("180.00"), reference="UTR1", **pay)
    assert work() == [0]
    assert "₹1,000.00" in Notification.objects.get(kind="reminder").subject
    record_offline_payment(amount=Decimal("1000.00"), reference="UTR2", **pay)
    clock.move_to(at(DUE + timedelta(days=3)))
    assert work() == []


def test_a_promise_keeps_quiet_until_its_day_is_over(bill: Invoice, clock: Any) -> None:
    clock.move_to(at(DUE))
    assert work() == [0]
    pauses.note_promise(invoice_id=bill.pk, last_day=DUE + timedelta(days=5), note="Ravi, by phone", placed_by="asha")
    for day in range(1, 6):
        clock.move_to(at(DUE + timedelta(days=day)))
        assert work() == []
        assert not with_broken_promise(Invoice.objects.all())
    clock.move_to(at(DUE + timedelta(days=6)))
    assert with_broken_promise(Invoice.objects.all()).get() == bill
    assert work() == [3]


def test_a_pause_lasts_until_somebody_resumes_and_a_hold_until_it_is_lifted(bill: Invoice, clock: Any) -> None:
    clock.move_to(at(DUE))
    pauses.pause(invoice_id=bill.pk, note="They dispute a line", placed_by="asha")
    assert (work(), bool(quiet.why_quiet(bill))) == ([], True)
    pauses.resume(invoice_id=bill.pk, ended_by="asha")
    with pytest.raises(DomainError) as caught:
        pauses.resume(invoice_id=bill.pk, ended_by="asha")
    assert caught.value.code == "NOT_PAUSED"
    held = place_hold(organisation=bill.organisation, kind="no_reminders", reason="In talks", placed_by="asha")
    assert work() == []
    assert reminders.send_due_reminder(invoice_id=bill.pk) is None
    with pytest.raises(DomainError) as refused:
        reminders.send_reminder_now(invoice_id=bill.pk, by="asha")
    assert refused.value.code == "CUSTOMER_HELD"
    lift_hold(hold_id=held.pk, lifted_by="asha")
    assert work() == [0]


def test_a_person_sends_one_between_the_steps(bill: Invoice, clock: Any) -> None:
    for _ in range(2):
        sent = reminders.send_reminder_now(invoice_id=bill.pk, by="asha")
    assert (sent.step, sent.sent_by, Notification.objects.filter(kind="reminder").count()) == (None, "asha", 2)
    clock.move_to(at(DUE))
    assert work() == [0]  # the steps go on


@pytest.mark.parametrize(("days", "field"), [(-1, "last_day"), (181, "last_day")])
def test_a_promise_is_for_a_day_ahead_that_is_near(bill: Invoice, days: int, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        pauses.note_promise(invoice_id=bill.pk, last_day=ISSUED + timedelta(days=days), note="x", placed_by="asha")
    assert field in caught.value.details


def test_a_sellers_own_steps_and_none_at_all(bill: Invoice, clock: Any) -> None:
    rules = DunningRules.objects.create(billing_entity=bill.billing_entity, steps=[1, 20])
    clock.move_to(at(DUE))
    assert work() == []
    clock.move_to(at(DUE + timedelta(days=1)))
    assert work() == [1]
    rules.reminders_on = False
    rules.save()
    clock.move_to(at(DUE + timedelta(days=20)))
    assert work() == []


@pytest.mark.parametrize(
    ("udyam", "on", "says"),
    [("", True, False), ("UDYAM-KA-03-0012345", True, True), ("UDYAM-KA-03-0012345", False, False)],
)
def test_a_small_enterprise_names_its_rule_once_the_invoice_is_late(
    acme: Organisation, clock: Any, udyam: str, on: bool, says: bool
) -> None:
    seller = acme.billing_entity
    seller.udyam, acme.payment_terms_days = udyam, 15
    seller.save()
    acme.save()
    DunningRules.objects.create(billing_entity=seller, msme_notice=on)
    issued_invoice(acme)
    for day in (DUE, DUE + timedelta(days=3)):
        clock.move_to(at(day))
        work()
    before, after = Notification.objects.filter(kind="reminder").order_by("created_at")
    assert "43B(h)" not in before.text
    assert ("43B(h)" in after.text and udyam in after.html) == says


def test_the_database_takes_a_step_once_and_never_forgets_it(bill: Invoice, clock: Any) -> None:
    clock.move_to(at(DUE))
    work()
    sent = Reminder.objects.get(step=0)
    with pytest.raises(IntegrityError):
        Reminder.objects.create(invoice=bill, step=0, status="sent", amount=bill.total, email=sent.email)


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_send_one_reminder(acme: Organisation) -> None:
    acme.payment_terms_days = 15
    acme.save()
    with time_machine.travel(at(ISSUED), tick=False):
        invoice = issued_invoice(acme)
    with time_machine.travel(at(DUE).astimezone(UTC), tick=False):
        threads = [threading.Thread(target=_send, args=[invoice]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Notification.objects.filter(kind="reminder").count() == 1
    assert Reminder.objects.filter(status="sent").count() == 1


def _send(invoice: Invoice) -> None:
    reminders.send_due_reminder(invoice_id=invoice.pk)
    connection.close()
