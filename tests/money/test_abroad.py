"""Tax outside GST: the worked rows, and the form of tax ids."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from billing_platform.lib.errors import DomainError
from billing_platform.lib.tax_ids import KINDS, TaxIdError, kinds_of, read_tax_id
from invoicing.computing.invoice_facts import InvoiceFacts
from invoicing.computing.parties import Party
from invoicing.computing.service_codes import head_abroad
from invoicing.computing.tax_abroad import EU_REVERSE_CHARGE, UK_REVERSE_CHARGE, tax_abroad
from invoicing.gst_heads import TaxHead
from tests.money.golden_tables import golden

RATES = {
    ("DE", ""): TaxHead("VAT", Decimal(19)),
    ("FR", ""): TaxHead("VAT", Decimal(20)),
    ("GB", ""): TaxHead("VAT", Decimal(20)),
    ("AE", ""): TaxHead("VAT", Decimal(5)),
    ("AU", ""): TaxHead("GST", Decimal(10)),
    ("SG", ""): TaxHead("GST", Decimal(0)),
}


def party(country: str, *, kind: str = "", tax_id: str = "") -> Party:
    texts = dict.fromkeys(("name", "legal_name", "address_line1", "address_line2", "city", "postal_code"), "x")
    gstin = "29AAACA1234A1ZG" if country == "IN" and tax_id else ""
    return Party(id=uuid4(), **texts, state_code="", country=country, gstin=gstin, tax_id=tax_id, tax_id_kind=kind)


def usual_kind(country: str) -> str:
    return next(iter(kinds_of(country)), "other")


@golden("abroad", "supply")
def test_worked_examples(row: dict[str, str]) -> None:
    country, standing = row["seller"].split()
    seller = party(country, tax_id="1" if standing == "registered" else "")
    abroad_country, what = row["customer"].split()
    kind = usual_kind(abroad_country) if what == "business" else ""
    found = tax_abroad(seller, party(abroad_country, kind=kind, tax_id="1" if kind else ""))
    assert (found.charged_in or "-") == row["charged_in"]
    assert found.remark == {"-": "", "EU": EU_REVERSE_CHARGE, "UK": UK_REVERSE_CHARGE}[row["reverse_charge"]]
    facts: Any = InvoiceFacts(date(2026, 10, 31), "EUR", seller, seller, {}, RATES)  # type: ignore[arg-type]
    if row["tax"] == "refused":
        with pytest.raises(DomainError, match="There is no tax rate of Austria on 31 Oct 2026"):
            head_abroad(facts, found, "")
        return
    head = head_abroad(facts, found, "")
    assert (f"{head.name} {head.rate}" if head else "-") == row["tax"]


@pytest.mark.parametrize("kind", [code for code in KINDS if code != "other"])
def test_the_example_of_each_kind_is_one(kind: str) -> None:
    country = "DE" if kind == "eu_vat" else min(KINDS[kind].countries)
    number, found = read_tax_id(KINDS[kind].example, kind=kind, country=country)
    assert found == kind
    assert read_tax_id(number, kind="", country=country)[0] == number  # the stored form is read again


@pytest.mark.parametrize(
    ("typed", "country", "stored"),
    [
        ("de 136 695 976", "DE", "DE136695976"),
        ("el094259216", "GR", "EL094259216"),
        ("83 914 571 673", "AU", "83914571673"),
        ("GB 980 7806 84", "GB", "GB980780684"),
        ("12-34/x", "BR", "12-34/x"),
    ],
)
def test_a_number_is_stored_in_its_usual_form(typed: str, country: str, stored: str) -> None:
    assert read_tax_id(typed, kind="", country=country)[0] == stored


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("DE136695975", "DE"),
        ("DE136695976", "FR"),
        ("136695976", "DE"),
        ("12345678901", "AU"),
        ("200123456700003", "AE"),
    ],
)
def test_a_number_that_cannot_be_one_is_refused(typed: str, country: str) -> None:
    with pytest.raises(TaxIdError, match="which looks like"):
        read_tax_id(typed, kind="", country=country)
    assert read_tax_id(typed, kind="other", country=country) == (typed, "other")


def test_a_kind_belongs_to_its_countries() -> None:
    with pytest.raises(TaxIdError, match="A party in India has no VAT id of this kind"):
        read_tax_id("DE136695976", kind="eu_vat", country="IN")
