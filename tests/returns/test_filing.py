"""A return's life: exported in versions that never change, filed with its receipt, changed in the next one."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import override_settings

from billing_platform.lib.errors import DomainError, InvalidInput
from billing_platform.lib.periods import BillingPeriod
from invoicing.models import Filing, FilingFile, Invoice
from invoicing.returns.documents import Amounts
from invoicing.returns.lints import Level
from invoicing.returns.period import Frequency, ReturnPeriod
from invoicing.returns.sections import Section
from invoicing.selectors.final_documents import changes_since
from invoicing.services import voiding
from invoicing.services.returns import filing as filings
from invoicing.services.returns.files import return_files
from invoicing.services.returns.reading import Reading, read_return
from organisations.models import Organisation
from tests import factories
from tests.invoicing.language import at
from tests.returns.golden_month import CUSTOMERS, SELLER, credit, golden_month, invoice, seller
from tests.returns.language import OCTOBER

pytestmark = pytest.mark.django_db
NOVEMBER = ReturnPeriod.of(BillingPeriod.parse("2026-11"))
ARN = "AA2910261234567"
D = Decimal


def exported(period: ReturnPeriod = OCTOBER) -> Filing:
    filing = filings.request_export(gstin=SELLER, period=period)
    filings.export(filing_id=filing.pk)
    filings.export(filing_id=filing.pk)  # a second message changes nothing
    filing.refresh_from_db()
    return filing


def filed(filing: Filing, arn: str = ARN, on: date = date(2026, 11, 3)) -> Filing:
    with at("2026-12-05 10:00"):
        return filings.record_filing(filing_id=filing.pk, arn=arn, filed_on=on)


def read(period: ReturnPeriod) -> Reading:
    reading = read_return(gstin=SELLER, period=period)
    assert reading.reconciliation.agrees
    return reading


def customer(name: str, **fields: Any) -> Organisation:
    return factories.organisation(name, billing_entity=seller(), **fields)


def test_an_export_keeps_its_files_their_fingerprints_and_its_documents() -> None:
    invoices, notes = golden_month()
    with at("2026-11-02 10:00"):
        filing = exported()
    assert (filing.status, filing.version, filing.documents, filing.work_state) == ("exported", 1, 14, "done")
    assert set(filing.invoices) == {each.pk for each in invoices}
    assert filing.void_invoices == [invoices[9].pk]
    assert set(filing.credit_notes) == {each.pk for each in notes}
    assert filing.summary["liability"]["igst"] == "40634.24"
    files = {each.format: each for each in filing.files.all()}
    assert [files[each].name for each in ("json", "csv", "xlsx")] == [
        f"returns_2112026_R1_{SELLER}_offline.json",
        f"gstr1_{SELLER}_102026_csv.zip",
        f"gstr1_{SELLER}_102026.xlsx",
    ]
    for each in files.values():
        assert (hashlib.sha256(each.content).hexdigest(), len(each.content)) == (each.sha256, each.size)
    assert json.loads(bytes(files["json"].content))["fp"] == "102026"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE invoicing_filing SET documents = 1",
        "UPDATE invoicing_filing SET status = 'draft'",
        "UPDATE invoicing_filing SET summary = '{}'",
        "DELETE FROM invoicing_filing",
        "UPDATE invoicing_filingfile SET name = 'x'",
        "DELETE FROM invoicing_filingfile",
        "TRUNCATE invoicing_filing CASCADE",
        "UPDATE invoicing_filing SET status = 'filed'",  # without its receipt
        "UPDATE invoicing_filing SET status = 'filed', arn = 'nonsense', filed_on = '2026-11-03'",
        "INSERT INTO invoicing_filingfile SELECT gen_random_uuid(), now(), now(), 'pdf', 'x', content, size, sha256, "
        "filing_id FROM invoicing_filingfile LIMIT 1",
    ],
)
def test_the_database_keeps_an_export_as_it_is(change: str) -> None:
    golden_month()
    with at("2026-11-02 10:00"):
        exported()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_filed_return_is_never_made_or_filed_again() -> None:
    golden_month()
    with at("2026-11-02 10:00"):
        first, second = exported(), exported()
    assert second.version == 2
    assert filed(second).arn == ARN
    with pytest.raises(DomainError) as again:
        filings.request_export(gstin=SELLER, period=OCTOBER)
    assert again.value.code == "RETURN_FILED"
    with pytest.raises(ValidationError, match="over these days is filed already"):
        filed(first, arn="AA2910261234568")
    with pytest.raises(DatabaseError), transaction.atomic():
        Filing.objects.filter(pk=second.pk).update(arn="AA2910261234569")


@pytest.mark.parametrize(
    ("arn", "on", "field"),
    [
        ("nonsense", date(2026, 11, 3), "arn"),
        (ARN, date(2026, 10, 31), "filed_on"),
        (ARN, date(2027, 1, 1), "filed_on"),
    ],
)
def test_a_wrong_receipt_is_refused_at_its_field(arn: str, on: date, field: str) -> None:
    golden_month()
    with at("2026-11-02 10:00"):
        filing = exported()
    with pytest.raises((ValidationError, InvalidInput)) as refused:
        filed(filing, arn, on)
    details = refused.value.details if isinstance(refused.value, InvalidInput) else refused.value.message_dict
    assert field in details or "ARN" in str(details)


def test_what_the_portal_would_refuse_is_not_exported_and_says_why() -> None:
    seller()
    invoice(customer("Short code", **CUSTOMERS["Maharashtra"]), "100.00", on="2026-10-05 10:00")
    with at("2026-11-02 10:00"), override_settings(GST_SAC_DIGITS=8):
        filing = exported()
    assert (filing.status, filing.work_state) == ("draft", "given_up")
    assert "A-2627-0001: the SAC 998315 must begin with 99 and have 8 digits" in filing.last_failure
    assert not FilingFile.objects.exists()
    with at("2026-11-02 11:00"):  # mended: the same version is tried anew
        again = exported()
    assert (again.pk, again.status, again.version) == (filing.pk, "exported", 1)


def test_what_changed_between_export_and_filing_goes_into_the_next_return() -> None:
    seller()
    mumbai = customer("Mumbai", **CUSTOMERS["Maharashtra"])
    at_home = customer("At home", **CUSTOMERS["Consumer Bengaluru"])
    stays = invoice(at_home, "500.25", on="2026-10-05 10:00")
    gone = [invoice(mumbai, "1000.00", on="2026-10-06 10:00"), invoice(at_home, "100.00", on="2026-10-06 11:00")]
    with at("2026-10-30 10:00"):
        early = exported()
    with at("2026-10-31 10:00"):
        for each in gone:
            voiding.void_invoice(invoice_id=each.pk, reason="Not agreed")
    late = invoice(mumbai, "40.00", on="2026-10-31 11:00")
    assert changes_since(early) == (1, 2)
    october = read(OCTOBER)
    assert october.gstr1.liability == Amounts(D("540.25"), igst=D("7.20"), cgst=D("45.02"), sgst=D("45.02"))
    filed(early)
    invoice(mumbai, "3000.00", on="2026-11-10 10:00")
    credit(stays, "0.25", on="2026-11-11 10:00")
    november = read(NOVEMBER).gstr1
    assert {section: total.documents for section, total in november.sections.items()} == {
        Section.B2B: 2, Section.B2BA: 1, Section.B2CS: 1, Section.B2CSA: 1,
    }  # fmt: skip
    # what was filed for October and what November adds are together what all documents come to
    in_both = Amounts(*(D(early.summary["liability"][head]) for head in ("taxable", "igst", "cgst", "sgst")))
    assert in_both + november.liability == Amounts(
        D("500.25") + 40 + 3000 - D("0.25"), igst=D("547.20"), cgst=D("45.00"), sgst=D("45.00")
    )
    assert [lint.sentence for lint in november.lints[Level.WARN] if lint.code == "REPORTED_LATE"] == [
        f"{late.number} of 31 Oct 2026 is not in the return of its own period, which is filed: it is reported here."
    ]
    ((place, revised),) = november.changed_places.items()
    assert (place.place_of_supply, revised) == ("29", Amounts(D("500.25"), cgst=D("45.02"), sgst=D("45.02")))
    with return_files(gstin=SELLER, period=NOVEMBER, formats=("json", "csv", "xlsx")) as (_reading, files):
        part = json.loads(files[0].file.read())
    assert [row["oinum"] for group in part["b2ba"] for row in group["inv"]] == [gone[0].number]
    assert sum(row["totnum"] for kind in part["doc_issue"]["doc_det"] for row in kind["docs"]) == 3  # with the late one


def test_a_quarter_reports_what_its_iffs_have_not_furnished() -> None:
    seller()
    mumbai = customer("Mumbai", **CUSTOMERS["Maharashtra"])
    at_home = customer("At home", **CUSTOMERS["Consumer Bengaluru"])
    furnished = invoice(mumbai, "1000.00", on="2026-10-05 10:00")
    invoice(at_home, "500.25", on="2026-10-06 10:00")
    iff = ReturnPeriod.of(BillingPeriod.parse("2026-10"), Frequency.IFF)
    with at("2026-11-02 10:00"):
        filing = exported(iff)
    assert filing.invoices == [furnished.pk]
    filed(filing)
    quarter = ReturnPeriod.of(BillingPeriod.parse("2026-10"), Frequency.QUARTERLY)
    late = invoice(mumbai, "40.00", on="2026-11-05 10:00")
    gstr1 = read(quarter).gstr1
    assert {section: total.documents for section, total in gstr1.sections.items()} == {Section.B2B: 1, Section.B2CS: 1}
    assert gstr1.furnished.amounts == Amounts(D("1000.00"), igst=D("180.00"))
    assert gstr1.liability.taxable == D("1540.25")
    with at("2027-01-05 10:00"):
        whole = exported(quarter)
        assert filings.record_filing(filing_id=whole.pk, arn="AA2912261234567", filed_on=date(2027, 1, 5)).arn
    assert set(whole.invoices) == set(Invoice.objects.values_list("pk", flat=True)) >= {late.pk}


def test_only_a_gstin_that_sells_has_a_return() -> None:
    with pytest.raises(InvalidInput, match="No seller has or had"):
        read_return(gstin="27AAPFU0939F1ZV", period=OCTOBER)
