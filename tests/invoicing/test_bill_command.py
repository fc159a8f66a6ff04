"""`manage.py bill`: a run worked on from the command line, and the dry run in the terminal and in a file."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from invoicing.models import BillingRun, Invoice
from organisations.models import Organisation
from organisations.services.onboarding import update_organisation
from tests import factories
from tests.invoicing.language import after_october, per_unit, used

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def november() -> Iterator[None]:
    """Umbrella used 100 calls at 1.00 in October, and Idle nothing; it is the 1st of November."""
    per_unit("1")
    used(factories.project(factories.organisation("Umbrella")), 100)
    factories.organisation("Idle")
    with after_october():
        yield


def bill(capsys: Any, *options: str) -> tuple[int, str, str]:
    """The exit code, and what was written for people."""
    code = 0
    try:
        call_command("bill", "--period", "2026-10", *options)
    except SystemExit as ended:
        code = int(str(ended.code))
    written = capsys.readouterr()
    return code, written.out, written.err


def test_it_bills_the_month_and_says_how_it_ended(capsys: Any) -> None:
    code, out, _err = bill(capsys)
    assert (code, out.splitlines()) == (0, ["Done: 1", "Nothing to bill: 1"])
    assert Invoice.objects.get().total == Decimal("118.00")
    assert BillingRun.objects.get().requested_by == "command"
    assert bill(capsys)[:2] == (0, out)  # again: nothing is left to do
    assert Invoice.objects.count() == 1


def test_a_failure_ends_with_a_code_of_its_own_and_can_be_tried_again(capsys: Any) -> None:
    umbrella = Organisation.objects.get(name="Umbrella")
    Organisation.objects.filter(pk=umbrella.pk).update(is_sez=True, gstin="")
    code, out, err = bill(capsys)
    assert (code, "Failed: 1" in out) == (3, True)
    assert "Umbrella: Failed." in err
    update_organisation(organisation=umbrella, is_sez=False)
    code, out, _err = bill(capsys, "--retry-failed")
    assert code == 0
    assert out.splitlines() == ["Tried again: 1", "Done: 1", "Nothing to bill: 1"]


def test_what_is_parked_ends_with_another_code(capsys: Any) -> None:
    used(factories.project(factories.organisation("Hooli")), 7, metric="exports", unit="file")
    code, out, err = bill(capsys)
    assert (code, "Parked for review: 1" in out) == (4, True)
    assert "Hooli: Parked for review. No price covers exports" in err


def test_the_dry_run_stores_nothing(capsys: Any, tmp_path: Path) -> None:
    code, out, _err = bill(capsys, "--dry-run")
    assert code == 0
    umbrella = next(line for line in out.splitlines() if line.startswith("Umbrella"))
    assert umbrella.split() == ["Umbrella", "Issued", "₹118.00"]
    assert "Nothing to bill: 1" in out
    file = tmp_path / "october.csv"
    assert "Wrote 2 customers" in bill(capsys, "--dry-run", "--csv", str(file))[1]
    assert "Umbrella,umbrella,Issued,INR,1,118.00,,," in file.read_text()
    assert (Invoice.objects.count(), BillingRun.objects.count()) == (0, 0)


def test_a_wrong_month_is_refused() -> None:
    for options in (("--period", "2026-13"), ("--period", "2026-12"), ("--period", "2026-09", "--retry-failed")):
        with pytest.raises(CommandError):
            call_command("bill", *options)
    with pytest.raises(CommandError):
        call_command("bill", "--period", "2026-10", "--csv", "file.csv")
