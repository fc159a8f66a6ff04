"""Which month's invoices a person looks at before they are issued."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from invoicing.computing.safety_bounds import Bounds, MonthDraft, MonthTotal, out_of_bounds, usual
from invoicing.selectors.month_history import month_histories
from invoicing.services import issuing, voiding
from organisations.models import Organisation, Project
from tests import factories
from tests.invoicing.language import NOVEMBER, OCTOBER, after_october, at, draft, issued, one_off, per_unit, used

BOUNDS = Bounds(times=Decimal(3), lines=1000, most=Decimal(1_000_000), small=Decimal(100))
JULY, AUGUST, SEPTEMBER = date(2026, 7, 1), date(2026, 8, 1), date(2026, 9, 1)


def history(*totals: str) -> tuple[MonthTotal, ...]:
    """Of September, August and so on."""
    months = (SEPTEMBER, AUGUST, JULY, date(2026, 6, 1))
    return tuple(MonthTotal(month, Decimal(total)) for month, total in zip(months, totals, strict=False))


def codes(
    total: str, *before: str, lines: int = 1, remarks: tuple[str, ...] = (), bounds: Bounds = BOUNDS
) -> list[str]:
    october = MonthDraft(OCTOBER.start, "INR", Decimal(total), lines, remarks)
    return [reason.code.value for reason in out_of_bounds(october, history=history(*before), bounds=bounds)]


# total, what the months before came to (September first), and the reasons; three times is allowed
@pytest.mark.parametrize(
    ("total", "before", "expected"),
    [
        ("1180", (), []),  # the first invoice: nothing is usual yet
        ("1180", ("1180",), []),
        ("3540", ("1180",), []),  # exactly three times
        ("3540.01", ("1180",), ["FAR_ABOVE_USUAL"]),
        ("393.34", ("1180",), []),  # x 3 = 1180.02
        ("393.33", ("1180",), ["FAR_BELOW_USUAL"]),  # x 3 = 1179.99
        ("1800", ("300", "600", "900"), []),  # the mean is 600
        ("1800.01", ("300", "600", "900"), ["FAR_ABOVE_USUAL"]),
        ("1800", ("300", "600", "900", "9000000"), []),  # the fourth month back does not count
        ("0", ("1180",), ["NOTHING_AFTER_USAGE"]),
        ("0", ("0", "1180"), []),  # September was nothing too: told of then
        ("99", ("20",), []),  # both are below 100: small change
        ("101", ("20",), ["FAR_ABOVE_USUAL"]),
        ("20", ("101",), ["FAR_BELOW_USUAL"]),
        ("0", ("99",), []),
        ("5", ("0", "0"), []),
        ("-200", ("1180",), ["NEGATIVE_TOTAL"]),
        ("1000000", ("900000",), []),
        ("1000000.01", ("900000",), ["ABOVE_LIMIT"]),
        ("4000000", ("900000",), ["FAR_ABOVE_USUAL", "ABOVE_LIMIT"]),
    ],
)
def test_a_total_out_of_bounds(total: str, before: tuple[str, ...], expected: list[str]) -> None:
    assert codes(total, *before) == expected


def test_a_month_of_nothing_is_told_of_only_right_after_a_month_with_something() -> None:
    october = MonthDraft(OCTOBER.start, "INR", Decimal(0), 0)
    long_ago = [MonthTotal(AUGUST, Decimal(1180))]
    assert out_of_bounds(october, history=long_ago, bounds=BOUNDS) == ()


def test_too_many_lines_and_a_draft_of_warnings_alone() -> None:
    assert codes("1180", lines=1001) == ["TOO_MANY_LINES"]
    assert codes("0", "1180", lines=0, remarks=("No price covers exports.",)) == ["NOTHING_PRICED"]
    assert codes("1180", remarks=("No price covers exports.",)) == []


def test_bounds_can_be_off() -> None:
    off = Bounds(times=Decimal(0), lines=1000)
    assert codes("9000000000", "1", bounds=off) == []


def test_the_sentences_name_the_amounts() -> None:
    october = MonthDraft(OCTOBER.start, "INR", Decimal("2000"), 1)
    (above,) = out_of_bounds(october, history=history("300", "600", "901"), bounds=BOUNDS)
    # 1801 / 3 = 600.333…
    assert above.sentence == "The total of ₹2,000.00 is more than 3 times the usual ₹600.33 (the mean of the last 3)."
    (nothing,) = out_of_bounds(MonthDraft(OCTOBER.start, "INR", Decimal(0), 0), history=history("1180"), bounds=BOUNDS)
    assert nothing.sentence == "There is nothing to pay, after ₹1,180.00 for September 2026."
    assert usual((), "INR") is None


@pytest.mark.django_db
def test_the_history_is_what_issued_months_came_to(acme: Organisation, project: Project) -> None:
    """October 100 x 1.00 and tax = 118.00, November 200 x 1.00 and tax = 236.00; drafts, void ones and one-offs are
    no months that were invoiced."""
    per_unit("1")
    other = factories.organisation("Umbrella")
    other_project = factories.project(other)
    for each, quantity in ((project, 100), (other_project, 7)):
        used(each, quantity)
    issued(acme)
    with after_october():
        voided = issuing.finalize_invoice(invoice_id=draft(other).pk)
        voiding.void_invoice(invoice_id=voided.pk, reason="Wrong address")
        issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    used(project, 200, on="2026-11-10")
    with at("2026-12-01 10:00"):
        issuing.finalize_invoice(invoice_id=draft(acme, NOVEMBER).pk)
        everybody = {acme.pk, other.pk}
        found = month_histories(organisations=everybody, before=OCTOBER.next().next())
        assert found == {
            acme.pk: (
                MonthTotal(NOVEMBER.start, Decimal("236.0000")),
                MonthTotal(OCTOBER.start, Decimal("118.0000")),
            )
        }
        assert month_histories(organisations=everybody, before=NOVEMBER)[acme.pk] == (
            MonthTotal(OCTOBER.start, Decimal(118)),
        )
        assert month_histories(organisations=everybody, before=OCTOBER) == {}


@pytest.mark.django_db
def test_a_customer_has_bounds_of_its_own_in_the_api(acme: Organisation, admin_user: object) -> None:
    api = factories.client(factories.admin_key(admin_user))
    url = f"/api/v1/admin/organisations/{acme.pk}/billing-config"
    default = {"times": "3", "lines": 500, "most": "10000000.00", "reason": ""}
    assert api.get(url).json()["safety_bounds"] == default
    own = {"times": "10", "most": "50000", "reason": "A new product"}
    sent = {"safety_bounds": own}
    changed = api.patch(url, sent, content_type="application/json")
    assert changed.json()["safety_bounds"] == {
        "times": "10",
        "lines": 500,
        "most": "50000.00",
        "reason": "A new product",
    }
    refused = api.patch(url, {"safety_bounds": {"times": "0.5"}}, content_type="application/json")
    assert (refused.status_code, sorted(refused.json()["details"])) == (
        400,
        ["safety_bounds.reason", "safety_bounds.times"],
    )
    reset = api.patch(url, {"safety_bounds": None}, content_type="application/json")
    assert reset.json()["safety_bounds"] == default
