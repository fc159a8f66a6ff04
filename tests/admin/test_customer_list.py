"""Customers as files: out and back without a change, checked before they are saved, all rows or none, no keys."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import Client

from organisations.models import ApiKey, Organisation, Project
from tests import factories
from tests.invoicing.language import per_unit

CUSTOMERS = "/admin/organisations/organisation/"
IMPORT = f"{CUSTOMERS}import/"
HEADER = (
    "customer,name,billing_email,state_code,gstin,currency,is_sez,payment_terms_days,seller,projects,test_projects\n"
)

pytestmark = pytest.mark.django_db


def upload(client: Client, content: bytes | str, name: str = "customers.csv", **answers: str) -> Any:
    body = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, body), **answers})


def confirm(client: Client, checked: Any, **answers: str) -> Any:
    return client.post(IMPORT, {"token": checked.context["form"]["token"].value(), **answers}, follow=True)


def report(checked: Any) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(row.line, str(row.outcome), row.problems) for row in checked.context["report"].rows]


def test_customers_and_projects_are_added_once_and_a_second_upload_changes_nothing(as_admin: Client) -> None:
    factories.billing_entity()
    rows = [
        "initech,Initech,ap@initech.example,29,,,no,30,,Store; Back end,Trial",
        "hooli,Hooli,a@b.example,27,,usd,,,,,",
    ]
    content = HEADER + "\n".join(rows)
    checked = upload(as_admin, content)
    assert report(checked) == [(2, "Added", ()), (3, "Added", ())]
    assert not Organisation.objects.exists()
    assert "2 added" in confirm(as_admin, checked).content.decode()
    initech = Organisation.objects.get(slug="initech")
    assert (initech.payment_terms_days, initech.legal_name, initech.currency) == (30, "Initech", "INR")
    modes = dict(initech.projects.values_list("name", "mode"))
    assert modes == {"Store": "live", "Back end": "live", "Trial": "test"}
    assert not ApiKey.objects.exists()
    assert [outcome for _line, outcome, _problems in report(upload(as_admin, content))] == ["Unchanged", "Unchanged"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_comes_back_without_a_change(as_admin: Client, project: Project, kind: str) -> None:
    Organisation.objects.update(purchase_order="=PO", postal_code="560001")
    file = b"".join(as_admin.get(f"{CUSTOMERS}export/{kind}/").streaming_content)  # type: ignore[attr-defined]
    assert report(upload(as_admin, file, f"customers.{kind}")) == [(2, "Unchanged", ())]


def test_what_changes_is_said_field_by_field(as_admin: Client, project: Project) -> None:
    checked = upload(as_admin, "customer,city,is_sez,projects\nacme,Pune,yes,Main; Second\n")
    (row,) = checked.context["report"].rows
    assert (row.before, row.after) == ("city: Bengaluru; is_sez: no", "city: Pune; is_sez: yes; live project “Second”")
    assert confirm(as_admin, checked).status_code == 200
    assert Organisation.objects.get().city == "Pune"


def test_a_bad_row_refuses_the_file_and_says_why_by_row_and_column(as_admin: Client, acme: Organisation) -> None:
    rows = [
        "new,New,a@b.example,29,,,,,,,",
        "a b,Spaced,a@b.example,29,,,,,,,",
        "bad,Bad,a@b.example,29,29AAACA1234A1ZX,XXX,maybe,thirty,Nobody,,",
        "acme,,,,,,,,,Same,Same",
        "acme,,,,,,,,,,",
        ",,x,,,,,,,,",
    ]
    found = report(upload(as_admin, HEADER + "\n".join(rows)))
    assert [outcome for _line, outcome, _problems in found] == ["Added", *["Refused"] * 5]
    columns = [{problem.partition(":")[0] for problem in problems} for _line, _outcome, problems in found[1:]]
    assert columns[0] == {"customer"}
    assert columns[1] == {"is_sez", "payment_terms_days", "seller", "gstin", "currency"}
    assert columns[3] == {"customer"}
    assert columns[4] == {"customer", "name", "legal_name", "billing_email", "state_code"}
    assert not Organisation.objects.exclude(pk=acme.pk).exists()
    assert not acme.projects.exists()


def test_a_change_with_consequences_is_asked_about(as_admin: Client, acme: Organisation) -> None:
    per_unit("1.50", organisation=acme)
    content = "customer,currency\nacme,USD\n"
    ((_line, outcome, (problem,)),) = report(upload(as_admin, content))
    assert outcome == "Refused"
    assert problem.startswith("currency: 1 price of its own in INR will not apply any more")
    assert report(upload(as_admin, content, confirm="on"))[0][1] == "Changed"


def test_who_serves_some_customers_imports_no_list(as_operator: Client) -> None:
    assert as_operator.get(IMPORT).status_code == 403
