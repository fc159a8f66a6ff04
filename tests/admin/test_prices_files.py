"""Price lists as files: out and back without a change, checked before they are saved, all rows or none."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.client import Client
from django.test.utils import CaptureQueriesContext

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.http.table_files import LARGEST_FILE
from invoicing.admin.prices.price_cells import dimensions_cell, read_dimensions, read_tiers
from invoicing.admin.prices.price_list import MOST_ROWS, read_file
from invoicing.models import PricingRule
from organisations.models import AuditEntry, Organisation, Project
from tests.invoicing.language import at, issued, per_unit, price, used

PRICES = "/admin/invoicing/pricingrule/"
IMPORT = f"{PRICES}import/"
HEADER = "metric,unit,currency,first_day,model,unit_price,customer,id,last_day,tiers,dimensions\n"


def csv_of(client: Client, query: str = "") -> bytes:
    return b"".join(client.get(f"{PRICES}export/csv/{query}").streaming_content)  # type: ignore[attr-defined]


def upload(client: Client, content: bytes | str, name: str = "prices.csv", reason: str = "") -> Any:
    body = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, body), "reason": reason})


def confirm(client: Client, checked: Any, **more: str) -> Any:
    form = checked.context["form"]
    return client.post(IMPORT, {"token": form["token"].value(), "reason": form["reason"].value(), **more}, follow=True)


def problems(checked: Any) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.problems) for row in checked.context["report"].rows if row.problems]


@pytest.fixture
def price_book(acme: Organisation) -> None:
    tiers = [{"up_to": "1000", "unit_price": "0.020", "flat_fee": "5"}, {"up_to": None, "unit_price": "0.01"}]
    price({"model": "graduated", "tiers": tiers, "minimum": "10", "charge_at_zero": True}, organisation=acme)
    price({"model": "graduated_percentage", "tiers": [{"rate": "2.5", "flat_fee": "1"}]}, metric_name="sales")
    price({"model": "package", "package_price": "2", "package_size": "10", "rounding": "down"}, metric_name="mail")
    price({"model": "percentage", "rate": "1", "free_events": 3, "free_amount": "100"}, metric_name="cards")
    price({"model": "flat", "amount": "499"}, metric_name="support", effective_to=date(2026, 12, 1))
    per_unit("1.50", metric_name="=1+1", unit="@x", dimensions={"=region": 'a;"b"=c', "tier": " gold"}, pool="project")
    per_unit("0.10", currency="USD", effective_to=date(2027, 1, 1))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_what_is_exported_and_imported_again_changes_nothing(kind: str, price_book: None, as_admin: Client) -> None:
    exported = csv_of(as_admin) if kind == "csv" else b"".join(as_admin.get(f"{PRICES}export/xlsx/"))
    before, entries = list(PricingRule.objects.order_by("pk").values()), AuditEntry.objects.count()
    checked = upload(as_admin, exported, f"prices.{kind}")
    assert problems(checked) == []
    assert checked.context["report"].sentence == "7 unchanged"
    assert "No changes: all that the file says is there." in checked.content.decode()
    assert list(PricingRule.objects.order_by("pk").values()) == before
    assert AuditEntry.objects.count() == entries


def test_an_export_holds_no_formula_and_what_the_list_shows(
    price_book: None, acme: Organisation, as_admin: Client
) -> None:
    cells = [cell for row in csv.reader(io.StringIO(csv_of(as_admin).decode())) for cell in row]
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+"))]
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(as_admin.get(f"{PRICES}export/xlsx/")))).active
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
    own = csv_of(as_admin, f"?organisation__id__exact={acme.pk}").decode().splitlines()
    assert len(own) == 2
    assert "up to 1000: 0.020 + 5; above: 0.01" in own[1]


def test_prices_are_added_and_changed_in_one_step_after_a_dry_run(acme: Organisation, as_admin: Client) -> None:
    old = per_unit("0.50")
    file = HEADER + (
        f"api_calls,call,INR,2026-12-01,per_unit,0.60,,,,,\n"
        f"api_calls,call,INR,2026-04-01,per_unit,0.5,,{old.pk},2026-11-30,,\n"
        f"storage,GB,INR,2026-12-01,volume,,{acme.slug},,,up to 10: 2; above: 1,region=in\n"
    )
    with at("2026-11-10 12:00"):
        checked = upload(as_admin, file)
        assert checked.context["report"].sentence == "2 added, 1 changed"
        assert PricingRule.objects.get().effective_to is None  # nothing is saved yet
        done = confirm(as_admin, checked)
        assert "The list is imported: 2 added, 1 changed." in done.content.decode()
        again = confirm(as_admin, checked)
    assert "imported already" in again.content.decode()
    old.refresh_from_db()
    assert old.effective_to == date(2026, 12, 1)
    new = PricingRule.objects.get(effective_from=date(2026, 12, 1), metric_name="api_calls")
    assert new.price.model.unit_price == Decimal("0.60")  # type: ignore[union-attr]
    assert PricingRule.objects.get(metric_name="storage").dimensions == {"region": "in"}
    assert PricingRule.objects.count() == 3


def test_a_price_for_a_metric_that_is_not_counted_is_told_of_before_it_is_imported(
    acme: Organisation, project: Project, as_admin: Client
) -> None:
    used(project, 1)  # registers api_calls
    rows = ("api_calls,call", "api_call,call", "api_calls,calls")
    checked = upload(as_admin, HEADER + "".join(f"{each},INR,2026-12-01,per_unit,1,,,,,\n" for each in rows))
    notes = [row.note for row in checked.context["report"].rows]
    assert [bool(note) for note in notes] == [False, True, True]
    assert "There is no metric api_call (call)" in checked.content.decode()


def test_a_formula_that_nothing_has_worked_out_is_named(as_admin: Client) -> None:
    book = openpyxl.Workbook()
    book.active.append(["metric", "unit", "currency", "first_day", "model", "unit_price", "minimum"])
    book.active.append(["api_calls", "call", "INR", "2026-12-01", "per_unit", 1, "=10*2"])
    file = io.BytesIO()
    book.save(file)
    with pytest.raises(InvalidInput) as refused:
        read_file("prices.xlsx", file.getvalue())
    assert "Cell G2 has a formula without a result" in str(refused.value.details["file"])


def test_a_row_may_take_the_place_that_rows_before_it_made(acme: Organisation, as_admin: Client) -> None:
    first = per_unit("1", effective_to=date(2026, 11, 1))
    second = per_unit("2", effective_from=date(2026, 11, 1))
    row = "api_calls,call,INR,{},per_unit,{},,{},{},,\n"
    file = HEADER + (
        row.format("2026-12-01", "2", second.pk, "")  # makes room for the other
        + row.format("2026-04-01", "1", first.pk, "2026-11-30")
        + row.format("2027-01-01", "3", second.pk, "")  # the same price once more
        + row.format("2026-12-01", "2.5", "", "2026-12-31")
    )
    confirm(as_admin, upload(as_admin, file))
    assert list(PricingRule.objects.order_by("effective_from").values_list("effective_from", "effective_to")) == [
        (date(2026, 4, 1), date(2026, 12, 1)),
        (date(2026, 12, 1), date(2027, 1, 1)),
        (date(2027, 1, 1), None),
    ]
    assert PricingRule.objects.get(pk=second.pk).parameters == {"unit_price": "3"}
    entries = AuditEntry.objects.filter(object_pk=str(second.pk), action=AuditEntry.Action.UPDATE)
    assert [entry.changes["effective_from"] for entry in entries.order_by("pk")] == [
        ["2026-11-01", "2026-12-01"],
        ["2026-12-01", "2027-01-01"],
    ]


def test_a_dry_run_reads_once_for_all_rows_and_holds_up_nobody(acme: Organisation, as_admin: Client) -> None:
    asked: list[int] = []
    for number in (2, 20, 40):  # the first request reads what the process keeps
        changed = [per_unit("1", metric_name=f"old{number}-{each}") for each in range(number)]
        rows = [f"old{number}-{each},call,INR,2026-04-01,per_unit,2,,{r.pk},,,\n" for each, r in enumerate(changed)]
        rows += [f"new{each},call,INR,2026-11-01,per_unit,0.60,{acme.slug},,,,\n" for each in range(number)]
        with at("2026-11-10 12:00"), CaptureQueriesContext(connection) as queries:
            checked = upload(as_admin, HEADER + "".join(rows))
        assert checked.context["report"].sentence == f"{number} added, {number} changed"
        assert not [query for query in queries if "advisory" in query["sql"]]
        asked.append(len(queries))
    assert asked[1] == asked[2]


def test_one_refused_row_keeps_all_rows_out_and_each_is_told_by_its_column(
    acme: Organisation, as_admin: Client
) -> None:
    per_unit("0.50")
    file = HEADER + (
        "sms,message,INR,2026-12-01,per_unit,0.60,,,,,\n"
        "sms,message,INR,2026-12-01,per_unit,-1,nobody,,,,\n"
        "fax,page,INR,2026-12-01,per_unit,-1,,,,,\n"
        "fax,page,INR,2026-12-01,graduated,,,,,up to 5: 1; up to 3: 2,\n"
        "fax,page,XXX,soon,per_unit,1,,,2026-99-01,first 5 free,region\n"
        "api_calls,call,INR,2026-12-01,per_unit,1,,,,,\n"
        "api_calls,call,INR,2026-12-01,per_unit,1,,11111111-1111-4111-8111-111111111111,,,\n"
    )
    checked = upload(as_admin, file)
    assert problems(checked) == [
        (3, ("customer: There is no such customer: write the customer's short name (slug).",)),
        (4, ("unit_price: The unit price must not be negative.",)),
        (
            5,
            (
                "tiers: Tier 1 ends at 5, but tier 2 ends at 3 already: nothing is left for tier 2.",
                "tiers: The last tier ends at 3, and nothing says what more than 3 costs: leave its end empty, or add "
                "a tier.",
            ),
        ),
        (
            6,
            (
                "tiers: The model “Per unit” does not have it: empty the cell, or choose another model.",
                "dimensions: Write each dimension as name=value, with a semicolon between two: region=in; tier=gold.",
            ),
        ),
        (
            7,
            ("“api_calls” (call) has a price from 1 Apr 2026 on already: end that price on 30 Nov 2026 first.",),
        ),
        (8, ("id: There is no such price. Leave the cell empty to add one.",)),
    ]
    done = confirm(as_admin, checked)  # a browser shows no such button
    assert done.context["report"].is_refused
    assert PricingRule.objects.count() == 1


def test_an_invoiced_month_is_out_of_reach_of_a_file(acme: Organisation, project: Project, as_admin: Client) -> None:
    rule = per_unit("5")
    used(project, 100)
    issued(acme)
    row = "api_calls,call,INR,{},per_unit,{},{},{},{},,\n"
    for cells in (
        ("2026-10-01", "1", acme.slug, "", ""),  # an own price from October on
        ("2026-04-01", "1", "", rule.pk, ""),  # another amount
        ("2026-04-01", "5", "", rule.pk, "2026-10-15"),  # ends in October
    ):
        ((line, told),) = problems(upload(as_admin, HEADER + row.format(*cells), reason="A mistake"))
        assert line == 2
        assert "is invoiced already" in told[0] or "is on an issued invoice" in told[0]


def test_counted_usage_gets_another_price_by_a_file_for_a_reason_only(
    acme: Organisation, project: Project, as_admin: Client
) -> None:
    rule = per_unit("0.50")
    used(project, 100, on="2026-11-05")
    file = HEADER + f"api_calls,call,INR,2026-04-01,per_unit,0.60,,{rule.pk},,,\n"
    with at("2026-11-20 12:00"):
        checked = upload(as_admin, file)
        said = "Usage that is counted and not yet invoiced gets another price: Acme for November 2026. Say why."
        assert problems(checked) == [(2, (f"reason: {said}",))]
        checked = confirm(as_admin, checked, check="", reason="A typing mistake")
        assert problems(checked) == []
        confirm(as_admin, checked)
    rule.refresh_from_db()
    assert rule.parameters == {"unit_price": "0.60"}
    told = AuditEntry.objects.filter(object_pk=str(rule.pk), additional_data__reason="A typing mistake")
    assert told.count() == 1


def test_a_file_changes_only_what_its_person_may_change(
    acme: Organisation, globex: Organisation, as_operator: Client, as_viewer: Client
) -> None:
    assert as_viewer.get(IMPORT).status_code == 403
    default, foreign = per_unit("1"), per_unit("1", organisation=globex)
    row = "api_calls,call,INR,2026-04-01,per_unit,2,{},{},,,\n"
    file = HEADER + row.format("", default.pk) + row.format("", foreign.pk) + row.format(globex.slug, "")
    permission = "customer: You need this permission for the customer, or for every customer."
    assert problems(upload(as_operator, file)) == [
        (2, (permission,)),
        (3, ("id: There is no such price. Leave the cell empty to add one.",)),
        (4, ("customer: There is no such customer: write the customer's short name (slug).",)),
    ]
    exported = csv_of(as_operator).decode()
    assert str(default.pk) in exported
    assert str(foreign.pk) not in exported
    checked = upload(as_operator, HEADER + row.format(acme.slug, ""))
    assert "1 added" in confirm(as_operator, checked).content.decode()


def test_an_upload_waits_for_the_person_who_made_it(acme: Organisation, as_admin: Client, as_operator: Client) -> None:
    checked = upload(as_admin, HEADER + "sms,message,INR,2026-12-01,per_unit,1,,,,,\n")
    assert "choose the file again" in confirm(as_operator, checked).content.decode()
    assert not PricingRule.objects.exists()


def test_a_spreadsheet_with_numbers_and_dates_of_its_own_is_read(as_admin: Client) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Metric", "Unit", "Currency", "First_day", "Model", "Unit_price", "Charge_at_zero"])
    book.active.append(["sms", "message", "INR", date(2026, 12, 1), "per_unit", 0.0000123, False])
    content = io.BytesIO()
    book.save(content)
    confirm(as_admin, upload(as_admin, content.getvalue(), "Prices.XLSX"))
    assert PricingRule.objects.get().parameters == {"unit_price": "0.0000123"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"\xff\xfe", "The file is no text in UTF-8: save it as “CSV UTF-8”, or as XLSX."),
        ("a.csv", b"metric,unit\n", "The file lacks the columns currency, first_day, model. Export the prices to see"),
        ("a.csv", HEADER.strip().encode() + b",colour\n", "The file has unknown columns: colour."),
        ("a.csv", HEADER.strip().encode() + b",metric\n", "The file has twice: metric."),
        ("a.csv", b"", "The file lacks the columns metric,"),
        ("a.xlsx", b"PK nonsense", "The file can't be read as a spreadsheet (XLSX)."),
        ("a.csv", b"x" * (LARGEST_FILE + 1), "The file is larger than 2 MB."),
        ("a.csv", HEADER.encode() + b"a,b,INR,2026-12-01,flat,,,,,,\n" * (MOST_ROWS + 1), "more than 2,000 rows"),
    ],
)
def test_a_file_that_is_no_price_list_is_refused(name: str, content: bytes, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_file(name, content)
    assert said in refused.value.details["file"][0]


def test_semicolons_separate_where_a_spreadsheet_writes_them() -> None:
    text = "\ufeffmetric;unit;currency;first_day;model;amount\nsms;message;INR;2026-12-01;flat;5\n"
    (row,) = read_file("a.csv", text.encode())
    assert (row["metric"], row["amount"], row["line"]) == ("sms", "5", "2")


@pytest.mark.parametrize(
    "dimensions", [{}, {"region": "in"}, {"a": "1", "b": "2"}, {"a;b": 'c="d"', "e": " f "}, {"ä": "x y", "z": "="}]
)
def test_dimensions_survive_a_cell(dimensions: dict[str, str]) -> None:
    read = read_dimensions(dimensions_cell(dimensions))
    assert {row["name"]: row["value"] for row in read} == dimensions


@pytest.mark.parametrize(
    ("cell", "rows"),
    [
        ("above: 2", [("", "2", "")]),
        ("up to 10: 5 + 3; up to 100:4; above: 2;", [("10", "5", "3"), ("100", "4", ""), ("", "2", "")]),
        ("up to 10: 2.5% + 1; above: 1 %", [("10", "2.5", "1"), ("", "1", "")]),
    ],
)
def test_tiers_are_read_from_a_cell(cell: str, rows: list[tuple[str, str, str]]) -> None:
    read = read_tiers(cell, ("unit_price", "flat_fee"))
    assert [(row["up_to"], row["unit_price"], row["flat_fee"]) for row in read] == rows


def test_a_tier_that_can_not_be_read_is_named() -> None:
    with pytest.raises(ValueError, match="Tier 2 is “10 - 20: 4”: write “up to 100: 4"):
        read_tiers("up to 10: 5; 10 - 20: 4", ("unit_price",))
