"""The India board: each clock on its boundary days, worked by hand, on the calendar of India."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing_platform.lib import law
from billing_platform.lib.periods import BillingPeriod
from invoicing.models import ExchangeRate, Invoice, NumberSequence
from invoicing.returns.period import ReturnPeriod
from invoicing.selectors.due_returns import returns_due
from invoicing.selectors.india_board import Row, Topic, india_boards
from invoicing.selectors.indian_deadlines import (
    credits_end_soon,
    exports_to_realise_soon,
    unpaid_exports,
    year_to_credit,
)
from invoicing.services import issuing
from invoicing.services.returns import filing as filings
from organisations.models import BillingEntity, Organisation
from organisations.services.gstin_checks import mark_gstins_checked
from tests import factories
from tests.invoicing.language import at, one_off

pytestmark = pytest.mark.django_db

D = date.fromisoformat


def issued_on(customer: Organisation, moment: str) -> Invoice:
    with at(moment):
        if customer.currency != "INR":
            rate = {"rate": Decimal(84), "source": "test"}
            ExchangeRate.objects.get_or_create(
                base=customer.currency, target="INR", as_of=D(moment[:10]), defaults=rate
            )
        return issuing.finalize_invoice(invoice_id=one_off(customer).pk)


def row(topic: Topic, actor: Any, today: str, seller: BillingEntity | None = None) -> Row:
    seller = seller or BillingEntity.objects.get()
    (found,) = [
        each for each in india_boards(sellers=[seller], actor=actor, today=D(today))[seller.pk] if each.topic == topic
    ]
    return found


def standing(topic: Topic, actor: Any, today: str, seller: BillingEntity | None = None) -> tuple[str, int | None]:
    found = row(topic, actor, today, seller)
    return found.state.value, found.days


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ("2026-03-31", ("Late", None)),  # it begins on 1 April
        ("2026-04-01", ("Good", 364)),
        ("2027-02-28", ("Good", 31)),
        ("2027-03-01", ("Near", 30)),
        ("2027-03-31", ("Near", 0)),  # the last day counts
        ("2027-04-01", ("Late", -1)),
    ],
)
def test_a_letter_of_undertaking_ends_with_its_year(
    globex: Organisation, admin_user: Any, today: str, expected: Any
) -> None:
    assert standing(Topic.LUT, admin_user, today) == expected


def test_a_letter_is_needed_for_customers_abroad_only_and_for_one_year(acme: Organisation, admin_user: Any) -> None:
    assert standing(Topic.LUT, admin_user, "2026-11-26") == ("Not needed", None)
    factories.organisation("Zone", is_sez=True, gstin=factories.KARNATAKA_GSTIN)
    assert standing(Topic.LUT, admin_user, "2027-03-01") == ("Near", 30)
    factories.letter(acme.billing_entity, 2027)  # entered before its year begins
    assert standing(Topic.LUT, admin_user, "2027-03-01") == ("Good", 396)
    assert "AD290426000001X holds" in row(Topic.LUT, admin_user, "2027-03-31").sentence
    assert "AD290427000001X holds" in row(Topic.LUT, admin_user, "2027-04-01").sentence
    acme.billing_entity.letters.all().delete()
    assert standing(Topic.LUT, admin_user, "2026-11-26") == ("Late", None)


@pytest.mark.parametrize(
    ("today", "year", "until"),
    [
        ("2026-11-30", "2025-04-01", "2026-11-30"),
        ("2026-12-01", "2026-04-01", "2027-11-30"),
        ("2027-03-31", "2026-04-01", "2027-11-30"),
        ("2027-04-01", "2026-04-01", "2027-11-30"),
    ],
)
def test_the_year_to_credit_is_the_one_whose_last_day_comes_next(today: str, year: str, until: str) -> None:
    first, last, last_day = year_to_credit(D(today))
    assert (first, last_day) == (D(year), D(until))
    assert last == date(first.year + 1, 3, 31)


def test_unpaid_invoices_of_last_year_are_named_thirty_days_before_november_ends(
    acme: Organisation, admin_user: Any
) -> None:
    old = issued_on(acme, "2026-03-31 23:50")  # in UTC too; ten minutes later is the next year
    issued_on(acme, "2026-04-01 00:10")  # 31 March in UTC
    assert standing(Topic.CREDIT_NOTES, admin_user, "2026-10-30") == ("Good", 31)
    assert not credits_end_soon(actor=admin_user, today=D("2026-10-30")).exists()
    assert standing(Topic.CREDIT_NOTES, admin_user, "2026-10-31") == ("Near", 30)
    assert [each.pk for each in credits_end_soon(actor=admin_user, today=D("2026-10-31"))] == [old.pk]
    assert standing(Topic.CREDIT_NOTES, admin_user, "2026-11-30") == ("Near", 0)
    assert standing(Topic.CREDIT_NOTES, admin_user, "2026-12-01") == ("Good", 364)


def test_the_money_of_an_export_comes_in_within_fifteen_months_and_in_rupees_eighteen(
    globex: Organisation, acme: Organisation, admin_user: Any
) -> None:
    in_rupees = factories.organisation("Everest", country="NP", state_code="", time_zone="Asia/Kathmandu")
    issued_on(acme, "2026-10-01 10:00")
    factories.letter(globex.billing_entity, 2025)
    for moment in ("2025-11-13 10:00", "2025-11-30 10:00", "2026-10-01 00:10"):
        issued_on(globex, moment)
        issued_on(in_rupees, moment)
    clocks = {(each.issue_date, each.currency): each.realise_by for each in unpaid_exports(actor=admin_user)}
    assert clocks == {key: law.last_day_to_realise(*key) for key in clocks}
    assert (len(clocks), clocks[D("2026-10-01"), "USD"], clocks[D("2026-10-01"), "INR"]) == (
        6, D("2028-01-01"), D("2028-04-01"),
    )  # fmt: skip


def test_an_unpaid_export_is_near_sixty_days_before_its_last_day(globex: Organisation, admin_user: Any) -> None:
    issued_on(globex, "2026-10-01 10:00")  # by 1 January 2028
    assert standing(Topic.REALISATION, admin_user, "2027-11-01") == ("Good", 61)
    assert not exports_to_realise_soon(actor=admin_user, today=D("2027-11-01")).exists()
    assert standing(Topic.REALISATION, admin_user, "2027-11-02") == ("Near", 60)
    assert exports_to_realise_soon(actor=admin_user, today=D("2027-11-02")).exists()
    assert standing(Topic.REALISATION, admin_user, "2028-01-01") == ("Near", 0)
    assert standing(Topic.REALISATION, admin_user, "2028-01-02") == ("Late", -1)


def test_a_return_is_near_five_days_before_the_eleventh_and_late_after_it(acme: Organisation, admin_user: Any) -> None:
    Organisation.objects.filter(pk=acme.pk).update(gstin=factories.KARNATAKA_GSTIN)
    issued_on(Organisation.objects.get(pk=acme.pk), "2026-10-31 23:50")
    assert standing(Topic.RETURNS, admin_user, "2026-10-31") == ("Good", None)  # October is not over
    assert standing(Topic.RETURNS, admin_user, "2026-11-05") == ("Good", 6)
    assert standing(Topic.RETURNS, admin_user, "2026-11-06") == ("Near", 5)
    assert standing(Topic.RETURNS, admin_user, "2026-11-11") == ("Near", 0)
    assert standing(Topic.RETURNS, admin_user, "2026-11-12") == ("Late", -1)
    seller = BillingEntity.objects.get()
    with at("2026-11-06 10:00"):
        assert list(returns_due(actor=admin_user)) == [seller]
        filing = filings.request_export(gstin=seller.gstin, period=ReturnPeriod.of(BillingPeriod.parse("2026-10")))
        filings.export(filing_id=filing.pk)
        assert "version 1 is exported" in row(Topic.RETURNS, admin_user, "2026-11-06").sentence
        filings.record_filing(filing_id=filing.pk, arn="AA2910261234567", filed_on=D("2026-11-06"))
        assert standing(Topic.RETURNS, admin_user, "2026-11-12") == ("Good", None)
        assert not returns_due(actor=admin_user).exists()


def test_an_irn_is_near_its_limit_when_four_days_are_left(acme: Organisation, admin_user: Any) -> None:
    assert standing(Topic.E_INVOICES, admin_user, "2026-11-26") == ("Not needed", None)
    BillingEntity.objects.update(e_invoices_from=D("2026-10-01"))
    Organisation.objects.update(gstin=factories.KARNATAKA_GSTIN)
    assert standing(Topic.E_INVOICES, admin_user, "2026-11-26") == ("Good", None)
    issued_on(Organisation.objects.get(), "2026-11-01 00:10")  # the portal takes it until 30 November
    assert standing(Topic.E_INVOICES, admin_user, "2026-12-01") == ("Good", None)
    BillingEntity.objects.update(e_invoices_within_30_days=True)
    assert standing(Topic.E_INVOICES, admin_user, "2026-11-25") == ("Good", 5)
    assert standing(Topic.E_INVOICES, admin_user, "2026-11-26") == ("Near", 4)
    assert standing(Topic.E_INVOICES, admin_user, "2026-11-30") == ("Near", 0)
    assert standing(Topic.E_INVOICES, admin_user, "2026-12-01") == ("Late", -1)


@pytest.mark.parametrize(("following", "state"), [(900_000, "Good"), (900_001, "Near"), (1_000_000, "Late")])
def test_a_series_is_near_its_end_when_less_than_a_tenth_is_left(
    acme: Organisation, admin_user: Any, following: int, state: str
) -> None:
    seller = acme.billing_entity
    assert "INV/26-27/: 0 % used, next INV/26-27/000001." in row(Topic.SERIES, admin_user, "2026-11-26").sentence
    NumberSequence.objects.create(
        registration=seller.gstin, billing_entity=seller, series="INV/26-27/", kind="invoice", financial_year="26-27",
        next_number=following,
    )  # fmt: skip
    assert standing(Topic.SERIES, admin_user, "2027-03-31") == (state, None)
    assert standing(Topic.SERIES, admin_user, "2027-04-01") == ("Good", None)  # the next year's is empty


def test_gstins_and_rates_ask_for_a_look(globex: Organisation, admin_user: Any) -> None:
    checked = factories.organisation("Initech", gstin=factories.KARNATAKA_GSTIN)
    assert standing(Topic.GSTINS, admin_user, "2026-11-26") == ("Near", None)
    with at("2026-11-26 10:00"):
        mark_gstins_checked(organisations=[checked.pk], on=D("2026-11-26"))
    assert standing(Topic.GSTINS, admin_user, "2026-11-26") == ("Good", None)
    assert "USD" in row(Topic.RATES, admin_user, "2026-11-26").sentence


def test_many_sellers_cost_as_many_queries_as_one_and_others_numbers_stay_hidden(
    globex: Organisation, viewer: Any, admin_user: Any
) -> None:
    issued_on(globex, "2026-10-01 10:00")
    first, counts = globex.billing_entity, []
    second = factories.billing_entity(
        name="Second", gstin=factories.MAHARASHTRA_GSTIN, state_code="27", is_default=False
    )
    abroad = factories.billing_entity(name="Inc", gstin="", state_code="", country="US", is_default=False)
    for sellers in ([first], [first], [first, second, abroad]):  # the user's reach is read the first time
        with CaptureQueriesContext(connection) as queries:
            boards = india_boards(sellers=sellers, actor=admin_user, today=D("2026-11-26"))
        counts.append(len(queries))
    assert counts[1] == counts[2] <= 15
    assert set(boards) == {first.pk, second.pk}
    (seen,) = india_boards(sellers=[first], actor=viewer, today=D("2026-11-26")).values()
    assert {Topic.SERIES, Topic.RETURNS}.isdisjoint(each.topic for each in seen)
    assert next(each for each in seen if each.topic == Topic.REALISATION).sentence == "No export is unpaid."
