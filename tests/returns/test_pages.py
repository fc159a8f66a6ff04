"""GST returns on the admin's pages and by the API: looked at, exported, downloaded, filed."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from django.test.client import Client
from django.urls import reverse

from invoicing.models import Filing
from invoicing.services.returns import filing as filings
from tests import factories
from tests.admin.conftest import signed_in
from tests.admin.test_object_actions import act, action_url
from tests.invoicing.language import at
from tests.returns.golden_month import CUSTOMERS, SELLER, golden_month, invoice, seller

pytestmark = pytest.mark.django_db
QUERY = f"gstin={SELLER}&month=2026-10&frequency=monthly"


def list_url(name: str) -> str:
    return f"{reverse('admin:invoicing_filing_list_action', args=[name])}?{QUERY}"


@pytest.fixture
def as_admin(admin_user: Any) -> Client:
    return signed_in(admin_user)


def test_a_return_is_looked_at_exported_downloaded_and_filed(as_admin: Client) -> None:
    golden_month()
    with at("2026-11-02 10:00"):
        assert "To export" in as_admin.get(reverse("admin:invoicing_filing_changelist")).content.decode()
        page = as_admin.get(list_url("gstr1")).content.decode()
        for shown in ("Ready to export", "₹2,84,968.08", "₹40,634.24", "All three are the same", "A-2627-0010"):
            assert shown in page
        done = act(as_admin, list_url("export"), gstin=SELLER, month="2026-10", frequency="monthly")
        assert "Version 1 is being made" in done.content.decode()
        filing = Filing.objects.get()
        filings.export(filing_id=filing.pk)
        file = as_admin.get(action_url(filing, "download_json"))
        assert json.loads(file.content)["fp"] == "102026"
        assert file.headers["Content-Disposition"] == (
            f'attachment; filename="returns_2112026_R1_{SELLER}_offline.json"'
        )
        assert as_admin.get(action_url(filing, "download_csv")).content[:2] == b"PK"
        page = as_admin.get(list_url("gstr1")).content.decode()
        assert "Version 1 is exported, not filed" in page
        assert action_url(filing, "record_filed") in page
        refused = act(as_admin, action_url(filing, "record_filed"), arn="nonsense", filed_on="2026-11-02")
        assert "An ARN has 15 characters" in refused.content.decode()
        done = act(as_admin, action_url(filing, "record_filed"), arn="AA2910261234567", filed_on="2026-11-02")
        assert "Filed on 2 Nov 2026 with ARN AA2910261234567" in done.content.decode()
        page = as_admin.get(list_url("gstr1")).content.decode()
        assert "AA2910261234567" in page
        assert "Ready to export" not in page


def test_a_blocked_return_leads_to_its_document_and_is_not_exported(as_admin: Client, settings: Any) -> None:
    found = invoice(_mumbai(), "100.00", on="2026-10-05 10:00")
    settings.GST_SAC_DIGITS = 8
    with at("2026-11-02 10:00"):
        page = as_admin.get(list_url("gstr1")).content.decode()
        assert "1 thing the portal would refuse" in page
        assert reverse("admin:invoicing_invoice_change", args=[found.pk]) in page
        asking = as_admin.get(list_url("export")).content.decode()
        posted = {"once": str(uuid4()), "gstin": SELLER, "month": "2026-10", "frequency": "monthly"}
        as_admin.post(list_url("export"), posted)
    assert "The portal would refuse 1 thing" in asking
    assert not Filing.objects.exists()


def _mumbai() -> Any:
    return factories.organisation("Mumbai", billing_entity=seller(), **CUSTOMERS["Maharashtra"])


def test_the_api_gives_figures_and_files(api: Client) -> None:
    golden_month()
    url = f"/api/v1/admin/returns/gstr1?gstin={SELLER}&period=2026-10"
    figures = api.get(url).json()
    assert figures["liability"] == {
        "taxable": "284968.08", "igst": "40634.24", "cgst": "156.14", "sgst": "156.14", "cess": "0.00",
    }  # fmt: skip
    assert [row["section"] for row in figures["sections"]] == ["b2b", "b2cl", "b2cs", "exp", "cdnr", "cdnur"]
    assert figures["reconciliation"]["agrees"] is True
    assert json.loads(_body(api.get(f"{url}&format=json")))["gstin"] == SELLER
    assert "docs.csv" in zipfile.ZipFile(io.BytesIO(_body(api.get(f"{url}&format=csv")))).namelist()
    assert _body(api.get(f"{url}&format=xlsx"))[:2] == b"PK"


def _body(answer: Any) -> bytes:
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period=2026-10", "gstin"),
        (f"gstin={SELLER}", "period"),
        ("gstin=27AAPFU0939F1ZV&period=2026-10", "gstin"),
        (f"gstin={SELLER}&period=2026-12&frequency=iff", "period"),
    ],
)
def test_a_wrong_question_is_refused_at_its_parameter(api: Client, query: str, field: str) -> None:
    seller()
    answer = api.get(f"/api/v1/admin/returns/gstr1?{query}")
    assert (answer.status_code, list(answer.json()["details"])) == (400, [field])


def test_a_blocked_return_has_no_file(api: Client, settings: Any) -> None:
    found = invoice(_mumbai(), "100.00", on="2026-10-05 10:00")
    settings.GST_SAC_DIGITS = 8
    answer = api.get(f"/api/v1/admin/returns/gstr1?gstin={SELLER}&period=2026-10&format=json")
    assert (answer.status_code, answer.json()["code"]) == (409, "RETURN_BLOCKED")
    assert [lint["document"] for lint in answer.json()["details"]["lints"]] == [str(found.pk)]
