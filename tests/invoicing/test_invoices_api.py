"""The API of invoices: each step of their life, exact numbers, and access only to the key's organisations."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.test.client import Client
from pypdf import PdfReader

from invoicing.models import Invoice, InvoiceLine
from invoicing.services import issuing
from invoicing.services.paid_total import record_paid_total
from organisations.models import Membership, Organisation, Project
from tests import factories
from tests.invoicing.asking import ADMIN, get, key_of, post
from tests.invoicing.language import NOVEMBER, after_october, one_off, per_unit, used

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]


def finalized_month(api: Client, acme: Organisation, project: Project) -> Any:
    """October of 1,000 calls at 0.0123, drafted and finalized; as the API reads it."""
    per_unit("0.0123")
    used(project, 1000)
    with after_october():
        drafted = post(api, f"/organisations/{acme.pk}/invoices", {"period": "2026-10"})
        assert drafted.status_code == 201
        draft = drafted.json()
        assert (draft["status"], draft["number"], draft["pdf_url"]) == ("draft", None, None)
        assert post(api, f"/invoices/{draft['id']}/finalize").status_code == 200
    return get(api, f"/invoices/{draft['id']}").json()


def test_a_month_is_drafted_finalized_and_read(api: Client, acme: Organisation, project: Project) -> None:
    body = finalized_month(api, acme, project)
    expected = {
        "number": "INV/26-27/000001",
        "status": "finalized",
        "period_start": "2026-10-01",
        "period_end": "2026-11-01",
        "issue_date": "2026-11-01",
        "due_date": "2026-11-16",
        "currency": "INR",
        "subtotal": "12.30",  # 1,000 x 0.0123
        "discount_total": "0.00",
        "tax_total": "2.22",  # 2 x 1.11
        "round_off": "0.00",
        "total": "14.52",
        "amount_paid": "0.00",
        "amount_due": "14.52",
        "pdf_url": f"{ADMIN}/invoices/{body['id']}/pdf",
        "taxes": [
            {"name": "CGST", "rate": "9", "taxable_amount": "12.30", "amount": "1.11"},
            {"name": "SGST", "rate": "9", "taxable_amount": "12.30", "amount": "1.11"},
        ],
    }
    assert {name: body[name] for name in expected} == expected


def test_a_finalized_month_has_lines_with_their_working_and_is_printed(
    api: Client, acme: Organisation, project: Project
) -> None:
    body = finalized_month(api, acme, project)
    (line,) = body["line_items"]
    expected = {
        "line_number": 1,
        "kind": "usage",
        "metric_name": "api_calls",
        "unit": "call",
        "quantity": "1000",
        "unit_price": "0.0123",
        "amount": "12.30",
        "project": str(project.pk),
    }
    assert {name: line[name] for name in expected} == expected
    assert line["explanation"][0]["description"] == "Units"
    assert line["id"] == str(InvoiceLine.objects.get().pk)
    pdf = api.get(body["pdf_url"], headers={"Accept": "application/pdf"})
    assert pdf["Content-Type"] == "application/pdf"
    assert "INV-26-27-000001.pdf" in pdf["Content-Disposition"]
    assert "INV/26-27/000001" in PdfReader(BytesIO(pdf.content)).pages[0].extract_text()


def test_a_one_off_invoice_takes_numbers_or_text(api: Client, acme: Organisation) -> None:
    body = '{"lines": [{"description": "Training", "quantity": 1.5, "unit_price": "999.99", "sac": "998313"}]}'
    answer = post(api, f"/organisations/{acme.pk}/invoices", body)
    assert answer.status_code == 201
    # 1.5 x 999.99 = 1,499.985, rounded 1,499.99; CGST 9 % = 134.9991, rounded 135.00
    assert (answer.json()["subtotal"], answer.json()["total"]) == ("1499.99", "1769.99")
    assert answer.json()["line_items"][0]["sac"] == "998313"


@pytest.mark.parametrize("body", [{}, {"period": "2026-13"}, {"lines": []}, {"period": "2026-10", "lines": []}])
def test_a_draft_needs_a_month_or_lines(api: Client, acme: Organisation, body: dict[str, Any]) -> None:
    assert post(api, f"/organisations/{acme.pk}/invoices", body).status_code == 400


def test_the_upcoming_invoice_is_shown_and_not_stored(api: Client, acme: Organisation, project: Project) -> None:
    per_unit("2")
    used(project, 3, on="2026-11-05")
    answer = get(api, f"/organisations/{acme.pk}/invoices/upcoming?period={NOVEMBER}")
    assert answer.status_code == 200
    body = answer.json()
    # 3 x 2 + 0.54 + 0.54
    assert (body["status"], body["total"], body["line_items"][0]["amount"]) == ("upcoming", "7.08", "6.00")
    assert not Invoice.objects.exists()


def test_each_step_answers_with_the_invoice_and_refuses_the_second_time(api: Client, acme: Organisation) -> None:
    invoice = one_off(acme)
    assert post(api, f"/invoices/{invoice.pk}/send").json()["code"] == "INVOICE_NOT_FINALIZED"
    assert get(api, f"/invoices/{invoice.pk}/pdf").json()["code"] == "INVOICE_NOT_FINALIZED"
    assert post(api, f"/invoices/{invoice.pk}/recompute").json()["status"] == "draft"
    assert post(api, f"/invoices/{invoice.pk}/finalize").json()["status"] == "finalized"
    again = post(api, f"/invoices/{invoice.pk}/finalize")
    assert (again.status_code, again.json()["code"]) == (409, "INVOICE_NOT_DRAFT")
    assert post(api, f"/invoices/{invoice.pk}/send").status_code == 200
    voided = post(api, f"/invoices/{invoice.pk}/void", {"reason": "Duplicate"})
    assert (voided.json()["status"], voided.json()["void_reason"], voided.json()["amount_due"]) == (
        "void",
        "Duplicate",
        "0.00",
    )


def test_invoices_are_listed_and_filtered(api: Client, acme: Organisation) -> None:
    one_off(acme)
    issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    path = f"/organisations/{acme.pk}/invoices"
    assert get(api, path).json()["count"] == 2
    assert [each["status"] for each in get(api, f"{path}?status=finalized").json()["results"]] == ["finalized"]


def test_invoices_of_another_organisation_do_not_exist(acme: Organisation) -> None:
    stranger = key_of(factories.organisation("Umbrella"), Membership.Role.ADMIN)
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    rule = per_unit("1", organisation=acme)
    for path in (f"/invoices/{invoice.pk}", f"/invoices/{invoice.pk}/pdf", f"/organisations/{acme.pk}/invoices",
                 f"/organisations/{acme.pk}/invoices/upcoming", f"/pricing-rules/{rule.pk}",
                 f"/pricing-rules/{rule.pk}/history"):  # fmt: skip
        assert get(stranger, path).status_code == 404, path
    for path in ("finalize", "send", "void", "recompute"):
        assert post(stranger, f"/invoices/{invoice.pk}/{path}").status_code == 404, path
    assert post(stranger, f"/organisations/{acme.pk}/invoices", {"period": "2026-10"}).status_code == 404
    assert post(stranger, "/pricing/preview", {"rule_id": str(rule.pk), "quantity": "1"}).status_code == 404
    assert get(stranger, "/pricing-rules").json()["count"] == 0


@pytest.mark.parametrize("step", ["finalize", "send", "void", "recompute"])
def test_a_viewer_may_read_and_change_nothing(acme: Organisation, step: str) -> None:
    viewer = key_of(acme, Membership.Role.VIEWER)
    invoice = one_off(acme)
    assert get(viewer, f"/invoices/{invoice.pk}").status_code == 200
    assert post(viewer, f"/invoices/{invoice.pk}/{step}").status_code == 403


def test_an_operator_finalizes_but_does_not_void(acme: Organisation) -> None:
    operator = key_of(acme, Membership.Role.OPERATOR)
    invoice = one_off(acme)
    assert post(operator, f"/invoices/{invoice.pk}/void").status_code == 403
    assert post(operator, f"/invoices/{invoice.pk}/finalize").status_code == 200


@pytest.mark.usefixtures("paid_by_nobody")
def test_receivables_are_what_is_outstanding_and_overdue_per_currency(acme: Organisation, admin_user: Any) -> None:
    from invoicing.selectors.receivables import receivables

    with after_october():
        first = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
        issuing.finalize_invoice(invoice_id=one_off(acme, "50").pk)
    record_paid_total(invoice=first, paid_total=Decimal("18.00"))
    (early,) = receivables(actor=admin_user, on=date(2026, 11, 16))
    # 118.00 - 18.00 + 59.00
    assert (early.currency, early.outstanding, early.outstanding_count, early.overdue) == ("INR", 159, 2, 0)
    (late,) = receivables(actor=admin_user, on=date(2026, 11, 17))
    assert (late.overdue, late.overdue_count) == (159, 2)
