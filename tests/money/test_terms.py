"""Recurring fees, minimum charges and discounts, by the tables of docs/money.md."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from billing_platform.lib.money import ZERO
from billing_platform.lib.periods import BillingPeriod
from invoicing.computing.discounts import Discount, discounted
from invoicing.computing.minimum_charges import ChargedElsewhere, Minimum, MinimumFacts, minimum_lines
from invoicing.computing.recurring_fees import Fee, fee_lines, fee_warnings
from invoicing.gst_heads import IGST, TaxHead
from invoicing.lines import Line, LineKind
from invoicing.pricing.month_facts import MonthFacts, UsedMonth
from invoicing.totals import check_document, compute_totals
from tests.money.golden_tables import golden

OCTOBER, NOVEMBER = BillingPeriod.parse("2026-10"), BillingPeriod.parse("2026-11")
JANUARY = date(2026, 1, 1)
INTER = (TaxHead(IGST, Decimal(18)),)
FEE = UUID(int=1)


def day_or_none(text: str) -> date | None:
    return None if text == "-" else date.fromisoformat(text)


def a_fee(amount: str = "100.00", **values) -> Fee:
    return Fee(FEE, "Support", Decimal(amount), **{"currency": "INR", "effective_from": JANUARY, **values})


# --- recurring fees ---------------------------------------------------------------------------------------------------


@golden("terms", "fees")
def test_a_fee_is_charged_by_its_days(row):
    fee = a_fee(
        row["fee"],
        currency=row["currency"],
        effective_from=date.fromisoformat(row["from"]),
        effective_to=day_or_none(row["to"]),
    )
    lines = fee_lines([fee], BillingPeriod.parse(row["month"]), row["currency"])
    assert [(line.description, str(line.amount)) for line in lines] == (
        [] if row["due"] == "-" else [(f"Support · {row['days']}", row["due"])]
    )
    for line in lines:
        assert sum(step.amount for step in line.steps) == line.amount


def test_a_whole_month_has_a_unit_price_and_a_part_of_one_its_days():
    whole, part = fee_lines([a_fee(), a_fee(effective_from=date(2026, 10, 15))], OCTOBER, "INR")
    assert (whole.quantity, whole.unit_label, whole.unit_price) == (1, "month", Decimal("100.00"))
    assert (part.quantity, part.unit_label, part.unit_price) == (17, "days", None)
    assert part.steps[0].description == "17 of 31 days at ₹100.00 a month"
    assert (part.service_start, part.service_end) == (date(2026, 10, 15), date(2026, 11, 1))


def test_a_fee_in_another_currency_is_told_of_and_not_billed():
    assert fee_lines([a_fee(currency="USD")], OCTOBER, "INR") == ()
    (warning,) = fee_warnings([a_fee(currency="USD"), a_fee()], "INR")
    assert warning.code == "FEE_IN_OTHER_CURRENCY"
    assert not warning.blocks


# --- minimum charges --------------------------------------------------------------------------------------------------


def a_minimum(text: str, *, is_own: bool) -> list[Minimum]:
    if text == "-":
        return []
    amount, _from, first = text.split()
    return [Minimum(uuid4(), Decimal(amount), date.fromisoformat(first), is_own=is_own)]


def month_of(period: BillingPeriod, *used: BillingPeriod) -> MonthFacts:
    return MonthFacts(period, "INR", tuple(UsedMonth(month, (), ()) for month in used), {})


def used_line(amount: str, used_in: BillingPeriod = OCTOBER) -> Line:
    return Line(LineKind.USAGE, Decimal(amount), used_in=used_in.start)


@golden("terms", "minimums")
def test_a_month_is_topped_up_to_its_minimum(row):
    facts = MinimumFacts(
        minimums=(*a_minimum(row["global"], is_own=False), *a_minimum(row["own"], is_own=True)),
        customer_since=date.fromisoformat(row["customer_since"]),
        is_active=row["active"] == "yes",
    )
    used = [] if row["used"] == "-" else [used_line(row["used"])]
    fees = [Line(LineKind.RECURRING, Decimal(row["fees"]), service_start=date(2026, 10, 15))]
    month = month_of(OCTOBER, *([OCTOBER] if used else []))
    lines = minimum_lines(month, facts, [*used, *fees, Line(LineKind.ONE_OFF, Decimal("77.00"))])
    assert [str(line.amount) for line in lines] == ([] if row["line"] == "-" else [row["line"]])
    for line in lines:
        assert sum(step.amount for step in line.steps) == line.amount


@golden("terms", "minimums_late")
def test_late_usage_changes_the_top_up_of_its_month(row):
    charged, topped_up = Decimal(row["october_charged"]), Decimal(row["october_topped_up"])
    facts = MinimumFacts(
        minimums=(Minimum(uuid4(), Decimal("1000.00"), JANUARY, effective_to=date(2026, 11, 1)),),
        customer_since=JANUARY,
        elsewhere={OCTOBER.start: ChargedElsewhere(charged, topped_up, has_own_invoice=True)},
    )
    lines = minimum_lines(month_of(NOVEMBER, OCTOBER), facts, [used_line(row["late_usage"])])
    assert [str(line.amount) for line in lines] == ([] if row["line"] == "-" else [row["line"]])
    for line in lines:
        assert sum(step.amount for step in line.steps) == line.amount
        assert line.description == "Minimum charge · October 2026, after usage reported late"


def test_a_month_whose_own_invoice_is_still_to_come_is_topped_up_there():
    """October's invoice is void; november's charges its late usage. October, billed again, counts that."""
    minimum = Minimum(uuid4(), Decimal("1000.00"), JANUARY, effective_to=date(2026, 11, 1))
    late = MinimumFacts((minimum,), JANUARY)
    assert minimum_lines(month_of(NOVEMBER, OCTOBER), late, [used_line("300.00")]) == ()
    again = MinimumFacts((minimum,), JANUARY, elsewhere={OCTOBER.start: ChargedElsewhere(Decimal("300.00"))})
    (line,) = minimum_lines(month_of(OCTOBER, OCTOBER), again, [used_line("400.00")])
    assert line.amount == Decimal("300.00")


@given(st.integers(0, 2000), st.integers(-500, 2000), st.integers(0, 1500))
def test_a_minimum_costs_the_same_whenever_usage_is_reported(in_time, late, minimum):
    least = Minimum(uuid4(), Decimal(minimum), JANUARY, effective_to=date(2026, 11, 1))

    def topped_up(month, lines, elsewhere=()):
        facts = MinimumFacts((least,), JANUARY, elsewhere=dict(elsewhere))
        return sum((line.amount for line in minimum_lines(month, facts, lines)), ZERO)

    at_once = topped_up(month_of(OCTOBER, OCTOBER), [used_line(str(in_time + late))])
    first = topped_up(month_of(OCTOBER, OCTOBER), [used_line(str(in_time))])
    before = {OCTOBER.start: ChargedElsewhere(Decimal(in_time), first, has_own_invoice=True)}
    then = topped_up(month_of(NOVEMBER, OCTOBER), [used_line(str(late))], before)
    assert first + then == at_once


# --- discounts --------------------------------------------------------------------------------------------------------

KINDS = {
    "late": LineKind.LATE_USAGE,
    "minimum": LineKind.MINIMUM,
    "one_off": LineKind.ONE_OFF,
    "fee": LineKind.RECURRING,
}


def a_line(text: str) -> Line:
    name, amount = text.split()
    kind = KINDS.get(name, LineKind.USAGE)
    metric = (name, "unit") if kind == LineKind.USAGE else ("", "")
    fee = FEE if kind == LineKind.RECURRING else None
    return Line(kind, Decimal(amount), INTER, metric_name=metric[0], unit=metric[1], recurring_fee_id=fee)


def a_discount(text: str, **values) -> Discount:
    worth, _off, target = text.partition(" off ")
    percent = Decimal(worth.rstrip("%")) if worth.endswith("%") else None
    return Discount(
        uuid4(),
        text,
        JANUARY,
        percent=percent,
        amount=None if percent is not None else Decimal(worth),
        currency="" if percent is not None else "INR",
        metric=(target, "unit") if target and target != "fee" else None,
        recurring_fee_id=FEE if target == "fee" else None,
        **values,
    )


@golden("terms", "discounts")
def test_discounts_come_off_in_their_order_before_tax(row):
    before = [a_line(text) for text in row["lines"].split(" + ")]
    lines = discounted(before, [a_discount(text) for text in row["discounts"].split(" then ")], "INR")
    assert [line.discount for line in lines] == [Decimal(part) for part in row["off_the_lines"].split()]
    totals = compute_totals(lines, "INR")
    assert [str(totals.subtotal - totals.discount_total), str(totals.total)] == [row["taxable"], row["total"]]
    assert check_document(lines, totals.taxes, totals, "INR") == []


@golden("terms", "balances")
def test_a_discount_is_used_as_often_as_it_was_agreed(row):
    worth, _on, rest = (
        row["discount"].partition(" on ") if " on " in row["discount"] else row["discount"].partition(" ")
    )
    times = None if rest.startswith("each") else 1 if rest.startswith("once") else int(rest.split()[0])
    taken, used = [], (0, ZERO)
    for month in row["months"].split():
        discount = a_discount(
            worth, times=times, carries_remainder=rest.endswith("carried"), used_times=used[0], used_amount=used[1]
        )
        (line,) = discounted([a_line(f"api {month}")], [discount], "INR")
        taken.append(line.discount)
        used = (used[0] + bool(line.discount), used[1] + line.discount)
    assert taken == [Decimal(part) for part in row["taken_off"].split()]


def test_of_equal_discounts_the_older_comes_first():
    newer = Discount(uuid4(), "newer", date(2026, 2, 1), percent=Decimal(10))
    older = Discount(uuid4(), "older", JANUARY, amount=Decimal("100.00"), currency="INR")
    (line,) = discounted([a_line("api 1000.00")], [newer, older], "INR")
    assert [(each.name, str(each.amount)) for each in line.discounts] == [("older", "100.00"), ("newer", "90.00")]


def test_an_amount_in_another_currency_takes_nothing_off():
    (line,) = discounted([a_line("api 1000.00")], [a_discount("100.00")], "USD")
    assert line.discount == ZERO


@given(
    st.lists(
        st.tuples(st.sampled_from(["api", "storage", "fee", "late", "one_off"]), st.decimals(-500, 5000, places=2))
    ),
    st.lists(
        st.sampled_from(
            ["10%", "33.333%", "100%", "300.00", "99999.99", "50.01 off api", "5000.00 off api", "7% off fee"]
        )
    ),
)
def test_discounts_are_never_negative_and_never_more_than_there_is(amounts, terms):
    before = [a_line(f"{name} {amount}") for name, amount in amounts]
    lines = discounted(before, [a_discount(text) for text in terms], "INR")
    assert all(ZERO <= line.discount <= max(line.amount, ZERO) for line in lines)
    assert all(line.discount == sum((each.amount for each in line.discounts), ZERO) for line in lines)
    subtotal = sum((line.amount for line in before), ZERO)
    totals = compute_totals(lines, "INR")
    assert totals.discount_total <= max(subtotal, ZERO)
    assert check_document(lines, totals.taxes, totals, "INR") == []
