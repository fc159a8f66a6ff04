"""What customers owed at the end of a day is the same whenever one asks, and ties to what is due of invoices."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from django.test.client import Client
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings, strategies

from billing_platform.lib import clock
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.errors import DomainError
from billing_platform.lib.money import ZERO
from invoicing.computing.credit_notes import Wanted
from invoicing.models import ExchangeRate, Invoice
from invoicing.selectors.receivables import receivables
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.voiding import void_invoice
from organisations.models import BillingEntity, Organisation
from payments.models import Payment
from payments.receivables.ageing import (
    Ageing,
    Bucket,
    Owed,
    ageing,
    bucket_of,
    open_invoices,
    owed,
)
from payments.receivables.movements import balances
from payments.receivables.statement import statement
from payments.services.allocating import credit_to_invoice
from payments.services.offline import record_offline_payment, reverse_payment
from payments.services.on_account import record_payment_on_account
from payments.services.payment_reports import apply_payment_report
from payments.services.refunds import answer_refund, record_refund
from tests import factories
from tests.local.razorpay.harness import WEBHOOK_SECRET
from tests.payments.language import deliver, issued_invoice, open_order, payment_entity, refund_entity, reported

FIRST = date(2026, 10, 1)


def at(day: date, hour: int = 6) -> Any:
    """Noon in India, unless said otherwise."""
    return time_machine.travel(datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


def seller_of(customer: Organisation) -> BillingEntity:
    return Invoice.objects.filter(organisation=customer).latest("created_at").billing_entity


def transfer(invoice: Invoice, amount: str, on: date, **changes: Any) -> Payment:
    values: dict[str, Any] = {"method": "bank_transfer", "reference": f"UTR-{on}-{amount}", "accept_overpayment": True}
    return record_offline_payment(invoice_id=invoice.pk, amount=Decimal(amount), received_on=on, **values | changes)


@pytest.mark.parametrize(
    ("late", "bucket"),
    [(-30, "NOT_DUE"), (0, "NOT_DUE"), (1, "TO_30"), (30, "TO_30"), (31, "TO_60"), (60, "TO_60"), (61, "TO_90"),
     (90, "TO_90"), (91, "OLDER")],
)  # fmt: skip
def test_a_day_after_the_due_date_an_invoice_is_late(late: int, bucket: str) -> None:
    assert bucket_of(late) == Bucket[bucket]


def test_a_quarter_on_the_statement_and_in_the_ageing(acme: Organisation, admin_user: Any) -> None:
    """An invoice paid by a transfer and TDS, one paid in part, a note, and money that is credited nowhere."""
    with at(date(2026, 10, 1)):
        first = issued_invoice(acme)
    with at(date(2026, 11, 2)):
        second = issued_invoice(acme, "2000")
        transfer(first, "1080.00", date(2026, 10, 31))
        transfer(first, "100.00", date(2026, 10, 31), method="tds", reference="TDS-1")
    with at(date(2026, 11, 20)):
        issue_credit_note(invoice_id=second.pk, lines=[Wanted(1, amount=Decimal(500))], why=Why("deficiency"))
        transfer(second, "1000.00", date(2026, 11, 20))
    with at(date(2026, 12, 20)):
        made = statement(organisation=acme, seller=seller_of(acme), first=date(2026, 11, 1), last=date(2026, 11, 30))
        (account,) = made.accounts
        assert account.opening == 0  # received in October, though typed in November
        assert [(entry.movement.kind.value, entry.movement.amount, entry.balance) for entry in account.entries] == [
            ("invoice", Decimal(2360), Decimal(2360)),
            ("credit_note", Decimal(-590), Decimal(1770)),
            ("payment", Decimal(-1000), Decimal(770)),
        ]
        assert (account.closing, account.due, account.not_credited) == (Decimal(770), Decimal(770), 0)
        assert [invoice.number for invoice in account.invoices] == [second.number]
        for day, bucket, due in (
            (date(2026, 11, 17), Bucket.NOT_DUE, 2360),
            (date(2026, 11, 30), Bucket.TO_30, 770),
            (date(2026, 12, 20), Bucket.TO_60, 770),
        ):
            (row,) = ageing(actor=admin_user, day=day).rows
            assert (row.buckets[bucket], row.due, row.balance) == (Decimal(due), Decimal(due), Decimal(due))
        assert row.oldest == second.due_date
        (row,) = ageing(actor=admin_user, day=date(2026, 10, 30)).rows
        assert (row.due, row.balance) == (Decimal(1180), Decimal(1180))
        assert ageing(actor=admin_user, day=date(2026, 10, 31)).rows == []


def test_what_was_owed_is_added_up_by_currency(
    acme: Organisation, globex: Organisation, admin_user: Any, viewer: Any
) -> None:
    """1,180 due on 16 October; a transfer of 180 on the 20th that was mistyped, and is taken back on the 25th; $20 of
    an invoice that is void since the 28th. In the end all is paid. The viewer sees Acme alone."""
    ExchangeRate.objects.create(base="USD", target="INR", rate=Decimal(84), as_of=FIRST, source="test")
    with at(FIRST):
        invoice, abroad = issued_invoice(acme), issued_invoice(globex, "20")
    with at(date(2026, 10, 20)):
        payment = transfer(invoice, "180.00", date(2026, 10, 20))
    with at(date(2026, 10, 25)):
        reverse_payment(payment_id=payment.pk, reason="mistyped")
    with at(date(2026, 10, 28)):
        void_invoice(invoice_id=abroad.pk, reason="mistake")
    with at(date(2026, 11, 30)):
        transfer(invoice, "1180.00", date(2026, 11, 30))
        expected = {16: (1180, 0), 17: (1180, 1180), 20: (1000, 1000), 24: (1000, 1000), 25: (1180, 1180)}
        for day, (due, late) in expected.items():
            rupees, when = Owed(Decimal(due), Decimal(late)), date(2026, 10, day)
            assert owed(actor=admin_user, day=when)["INR"] == rupees, when
            assert owed(actor=viewer, day=when) == {"INR": rupees}, when
        assert owed(actor=admin_user, day=date(2026, 10, 20))["USD"].due == 20
        assert owed(actor=admin_user, day=date(2026, 11, 30)) == {}


def test_a_customers_receivables_are_not_seen_by_others(acme: Organisation, globex: Organisation, viewer: Any) -> None:
    issued_invoice(acme)
    foreign = factories.organisation("Initech")
    issued_invoice(foreign)
    found = ageing(actor=viewer, day=date(2027, 1, 1))
    assert [row.name for row in found.rows] == ["Acme"]
    assert found.totals[0].due == Decimal(1180)


# --- whatever happens ----------------------------------------------------------------------------------------------


class Company:
    """A customer whose month is made of random acts, one a day. What an act is refused by the rules is left out."""

    def __init__(self, customer: Organisation) -> None:
        self.customer = customer
        self.orders: dict[Any, Any] = {}

    def act(self, name: str, number: int, day: date) -> None:
        with suppress(DomainError), transaction.atomic():
            getattr(self, name)(number, day)

    def invoice(self, number: int, _day: date) -> None:
        issued_invoice(self.customer, str(1000 + number))

    def transfer(self, number: int, day: date) -> None:
        amount = "400.00" if number % 3 else "1500.00"
        transfer(
            self._some(Invoice.objects.collectable(), number), amount, max(day - timedelta(days=number % 4), FIRST)
        )

    def on_account(self, number: int, day: date) -> None:
        record_payment_on_account(
            organisation_id=self.customer.pk,
            amount=Decimal(700),
            method="bank_transfer",
            reference=f"ACC-{number}",
            received_on=max(day - timedelta(days=number % 4), FIRST),
        )

    def place_from_account(self, number: int, _day: date) -> None:
        payment = self._some(Payment.objects.filter(invoice__isnull=True).with_credit(), number)
        invoice = self._some(Invoice.objects.collectable(), number)
        credit_to_invoice(payment_id=payment.pk, invoice_id=invoice.pk)

    def card(self, number: int, _day: date) -> None:
        invoice = self._some(Invoice.objects.collectable(), number)
        order = open_order(invoice, f"order_Test{number:010}")
        report = reported(order, id=f"pay_Test{number:010}", created_at=clock.now())
        apply_payment_report(order_id=order.pk, report=report)

    def card_refund(self, number: int, day: date) -> None:
        payment = self._some(Payment.objects.filter(kind="gateway", status="captured"), number)
        left = int((payment.amount - payment.amount_refunded) * 100)
        amount = left if number % 2 else min(left, 10000)
        self._refund(payment, f"rfnd_{number}", amount, "processed", day)

    def refund_fails(self, number: int, day: date) -> None:
        payment = self._some(Payment.objects.filter(refunds__status="processed", refunds__kind="gateway"), number)
        refund = payment.refunds.filter(status="processed", kind="gateway").first()
        self._refund(payment, refund.razorpay_refund_id, int(refund.amount * 100), "failed", day)

    def ask_again(self, number: int, _day: date) -> None:
        answer_refund(payment_id=self._some(Payment.objects.refunds_to_decide(), number).pk, ask_again=bool(number % 2))

    def bank_refund(self, number: int, day: date) -> None:
        payment = self._some(Payment.objects.not_placed(), number)
        record_refund(payment_id=payment.pk, amount=Decimal(100), reference=f"BACK-{number}", refunded_on=day)

    def place(self, number: int, _day: date) -> None:
        payment = self._some(Payment.objects.not_placed(), number)
        invoice = self._some(Invoice.objects.collectable(), number)
        credit_to_invoice(payment_id=payment.pk, invoice_id=invoice.pk)

    def reverse(self, number: int, _day: date) -> None:
        payment = self._some(Payment.objects.filter(kind="offline").exclude(status="reversed"), number)
        reverse_payment(payment_id=payment.pk, reason="mistyped")

    def note(self, number: int, _day: date) -> None:
        invoice = self._some(Invoice.objects.issued(), number)
        lines = [Wanted(1, amount=Decimal(300))] if number % 3 else None
        issue_credit_note(invoice_id=invoice.pk, lines=lines, why=Why("deficiency"))

    def void(self, number: int, _day: date) -> None:
        void_invoice(invoice_id=self._some(Invoice.objects.issued(), number).pk, reason="mistake")

    def _some(self, rows: Any, number: int) -> Any:
        found = list(rows.filter(organisation=self.customer).order_by("created_at"))
        if not found:
            raise DomainError("There is none.", code="NONE")
        return found[number % len(found)]

    def _refund(self, payment: Payment, name: str, amount: int, state: str, day: date) -> None:
        created_at = int(datetime(day.year, day.month, day.day, 6, tzinfo=UTC).timestamp())
        refund = refund_entity(name, amount, state) | {
            "payment_id": payment.razorpay_payment_id,
            "created_at": created_at,
        }
        named = payment.refunds.filter(kind="gateway", status="processed")  # Razorpay knows of no bank transfer
        back = sum(int(each.amount * 100) for each in named) + (amount if state == "processed" else -amount)
        entity = payment_entity(payment.order, "captured", id=payment.razorpay_payment_id, amount_refunded=back)
        webhook = deliver(f"refund.{state}", {"refund": refund, "payment": entity}, f"evt_{name}_{state}")
        assert webhook.status == "processed", webhook.last_failure


ACTS = sorted(name for name in vars(Company) if name[0] != "_" and name != "act")


def figures(found: Ageing) -> list[Any]:
    return [(row.currency, row.buckets, row.returned, row.balance) for row in found.rows]


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=strategies.lists(strategies.sampled_from(ACTS), min_size=12, max_size=24))
@example(acts=["on_account", "place_from_account", "on_account"])
def test_a_past_day_is_what_it_was_and_every_day_ties(
    acts: list[str], acme: Organisation, admin_user: Any, settings: Any
) -> None:
    settings.RAZORPAY_WEBHOOK_SECRETS = [WEBHOOK_SECRET]
    with transaction.atomic():
        company, seen = Company(acme), {}
        for number, name in enumerate(["invoice", "invoice", "card", *acts]):
            day = FIRST + timedelta(days=number * 5)
            with at(day):
                company.act(name, number, day)
                seen[day] = figures(found := ageing(actor=admin_user, day=day))
                due = {each.currency: each.outstanding for each in receivables(actor=admin_user, on=day)}
                late = {each.currency: each.overdue for each in receivables(actor=admin_user, on=day)}
                assert {total.currency: total.due for total in found.totals if total.due} == due
                assert {total.currency: total.late for total in found.totals if total.due} == late
                _statement_ties(acme, day, found)
        _past_days_are_the_same(seen, admin_user)
        _all_customers_are_one(acme, list(seen), admin_user)
        transaction.set_rollback(True)


def _statement_ties(customer: Organisation, day: date, found: Ageing) -> None:
    made = statement(organisation=customer, seller=seller_of(customer), first=day - timedelta(days=30), last=day)
    ours = {account.currency: (account.closing, account.due, account.not_credited) for account in made.accounts}
    assert ours == dict.fromkeys(ours, (0, 0, 0)) | {
        row.currency: (row.balance, row.due, row.not_credited) for row in found.rows
    }
    unallocated = sum((payment.unallocated for payment in Payment.objects.all()), Decimal(0))
    assert sum((row.not_credited for row in found.rows), Decimal(0)) == unallocated


def _past_days_are_the_same(seen: dict[date, list[Any]], actor: Any) -> None:
    """Money that was recorded later for an earlier day belongs to the earlier day: those days are left out."""
    late = [
        (payment.received_on, payment.created_at.date())
        for payment in Payment.objects.filter(received_on__isnull=False)
    ]
    for day, before in seen.items():
        if not any(received <= day < recorded for received, recorded in late):
            assert figures(ageing(actor=actor, day=day)) == before, day


def _all_customers_are_one(customer: Organisation, days: list[date], actor: Any) -> None:
    """Of all customers only invoices are looked at that may have been open, and only accounts are added up that may
    hold more: nothing is missed, whatever came later."""
    cache.clear()  # an answer of another example, had it been slow
    for day in days:
        found = ageing(actor=actor, day=day)
        totals = {total.currency: (total.due, total.late) for total in found.totals}
        sums = {currency: (each.due, each.late) for currency, each in owed(actor=actor, day=day).items()}
        assert sums == {currency: each for currency, each in totals.items() if any(each) or currency in sums}, day
        assert _by_lateness(found) == _of_each_invoice(customer, day), day
        theirs = balances(organisations=[customer.pk], seller=None, day=day)
        assert {(customer.pk, row.currency): row.balance for row in found.rows if row.balance} == theirs, day


def _by_lateness(found: Ageing) -> dict[str, Any]:
    rows = [row for row in found.rows if row.due or row.returned]
    return {row.currency: (row.buckets, row.due, row.returned, row.oldest) for row in rows}


def _of_each_invoice(customer: Organisation, day: date) -> dict[str, Any]:
    """The same, put together invoice by invoice, of all that the customer ever had."""
    sums: dict[str, Any] = {}
    for each in open_invoices(organisation=customer.pk, seller=seller_of(customer).pk, day=day):
        buckets, due, returned, oldest = sums.get(each.currency, (dict.fromkeys(Bucket, ZERO), ZERO, ZERO, None))
        buckets[bucket_of(each.days_late(day))] += each.due
        if each.due and each.due_date < day:
            oldest = min(each.due_date, oldest or each.due_date)
        sums[each.currency] = buckets, due + each.due, returned + each.returned, oldest
    return sums


# --- pages ---------------------------------------------------------------------------------------------------------


def test_the_pages_show_it_and_give_it_as_files(acme: Organisation, admin_user: Any) -> None:
    invoice = issued_invoice(acme)
    transfer(invoice, "1500.00", invoice.issue_date or FIRST)
    client = Client()
    client.force_login(admin_user)
    url = reverse("admin:organisations_organisation_action", args=[acme.pk, "statement"])
    span = f"{url}?first={invoice.issue_date}&last={invoice.issue_date}"
    page = client.get(span).content.decode()
    assert invoice.number in page
    assert "Due of invoices: ₹0.00; ₹320.00 is not credited to an invoice yet." in page
    rows = b"".join(client.get(f"{span}&format=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert rows[-1] == f"{invoice.issue_date},Closing balance,,,,INR,1180.00,1500.00,-320.00"
    first, again = (client.get(f"{span}&format=pdf") for _ in range(2))
    assert first["Content-Disposition"].startswith('attachment; filename="statement-acme-')
    assert first.content[:5] == b"%PDF-"
    assert first.content == again.content
    ageing_page = client.get(reverse("admin:invoicing_invoice_list_action", args=["ageing"])).content.decode()
    assert "-₹320.00" in ageing_page
    assert url in ageing_page


def test_who_is_asked_again_is_a_file(acme: Organisation, admin_user: Any) -> None:
    """Each overdue invoice on a line, the largest first, with what comes next in words."""
    with at(date(2026, 10, 1)):
        small, large = issued_invoice(acme), issued_invoice(acme, "2000")
    day = small.due_date
    assert day is not None
    url = reverse("admin:invoicing_invoice_list_action", args=["chased"])
    client = Client()
    with at(day + timedelta(days=400)):
        client.force_login(admin_user)
        assert "?seller=&amp;order=amount&amp;format=csv" in client.get(url).content.decode()
        head, *rows = b"".join(client.get(f"{url}?format=csv").streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert head == "customer,invoice,due_date,currency,due,days_late,last_reminder,next"
    next_ = f"Reminder {day_text(day + timedelta(days=400))}"
    assert rows == [
        f"Acme,{large.number},{day},INR,2360.00,400,,{next_}",
        f"Acme,{small.number},{day},INR,1180.00,400,,{next_}",
    ]


def test_the_ageing_of_a_day_to_come_is_refused(admin_user: Any) -> None:
    client = Client()
    client.force_login(admin_user)
    url = reverse("admin:invoicing_invoice_list_action", args=["ageing"])
    assert "This day is not over" in client.get(f"{url}?day=2100-01-01").content.decode()
