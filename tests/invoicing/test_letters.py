"""Letters of undertaking: one for each financial year; a document is issued under the one that holds on its date."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from invoicing.documents import InvoiceDocument
from invoicing.models import Invoice, LetterOfUndertaking
from invoicing.selectors.letters import sellers_with_ending_lut
from invoicing.services import issuing
from invoicing.services.exchange_rates import add_exchange_rate
from invoicing.services.letters import update_letter
from organisations.models import BillingEntity, Organisation
from tests import factories
from tests.admin.conftest import signed_in
from tests.invoicing.language import at, one_off

pytestmark = pytest.mark.django_db

THIS_YEAR, NEXT_YEAR = "AD290426000001X", "AD290427000001X"


def exported(customer: Organisation, moment: str) -> tuple[str, str]:
    """Kind of supply and letter of an export that is issued then."""
    with at(moment):
        invoice = issuing.finalize_invoice(invoice_id=one_off(customer).pk)
    assert InvoiceDocument.from_json(invoice.document.content).lut_number == invoice_letter(invoice)
    return invoice.supply_kind, invoice_letter(invoice)


def invoice_letter(invoice: Invoice) -> str:
    return str(invoice.document.content["lut_number"])


def test_over_the_turn_of_the_year_each_document_names_the_letter_of_its_date(globex: Organisation) -> None:
    add_exchange_rate(base="USD", target="INR", rate=Decimal(84), as_of=date(2027, 3, 31), source="FBIL")
    add_exchange_rate(base="USD", target="INR", rate=Decimal(84), as_of=date(2028, 3, 31), source="FBIL")
    factories.letter(globex.billing_entity, 2027)  # entered before its first day: nobody sits up at midnight
    assert exported(globex, "2027-03-31 23:50") == ("EXPWOP", THIS_YEAR)
    assert exported(globex, "2027-04-01 00:10") == ("EXPWOP", NEXT_YEAR)
    assert exported(globex, "2028-04-01 00:10") == ("EXPWP", "")  # none holds: integrated tax is paid


def test_no_two_letters_of_a_seller_hold_on_one_day(globex: Organisation) -> None:
    entity = globex.billing_entity
    other = factories.billing_entity(
        name="Second", gstin=factories.MAHARASHTRA_GSTIN, state_code="27", is_default=False
    )
    assert other.letters.count() == 1  # another seller's may
    with pytest.raises(ValidationError) as refused:
        factories.letter(entity, number="AD2", valid_from=date(2027, 3, 31), last=date(2027, 3, 31))
    assert "Another letter of this seller holds on some of these days." in str(refused.value)
    with pytest.raises(IntegrityError, match="letters_never_overlap"), transaction.atomic():
        LetterOfUndertaking.objects.create(
            billing_entity=entity, number="AD2", valid_from=date(2027, 3, 31), valid_to=date(2027, 3, 31)
        )
    first = entity.letters.get()
    update_letter(letter=first, valid_to=date(2026, 12, 31))  # it was cancelled, and another one applied for
    factories.letter(entity, number="AD2", valid_from=date(2027, 1, 1), last=date(2027, 3, 31))


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (date(2027, 4, 1), date(2028, 4, 1), "A letter holds for one financial year"),
        (date(2027, 3, 31), date(2027, 4, 1), "A letter holds for one financial year"),
        (date(2027, 4, 2), date(2027, 4, 1), "The undertaking's last day is before its first one."),
    ],
)
def test_a_letter_is_of_one_financial_year(globex: Organisation, first: date, last: date, said: str) -> None:
    entity = globex.billing_entity
    entity.letters.all().delete()
    with pytest.raises(ValidationError, match=said):
        factories.letter(entity, valid_from=first, last=last)
    with pytest.raises(IntegrityError), transaction.atomic():
        LetterOfUndertaking.objects.create(billing_entity=entity, number="AD", valid_from=first, valid_to=last)


def test_a_letter_that_ends_waits_until_the_next_one_is_entered(globex: Organisation) -> None:
    assert not sellers_with_ending_lut(today=date(2027, 2, 28)).exists()
    assert sellers_with_ending_lut(today=date(2027, 3, 1)).get() == globex.billing_entity
    factories.letter(globex.billing_entity, 2027)
    assert not sellers_with_ending_lut(today=date(2027, 3, 1)).exists()
    globex.billing_entity.letters.all().delete()
    assert not sellers_with_ending_lut(today=date(2027, 3, 1)).exists()  # it pays integrated tax, by choice


def test_the_form_knows_the_days_of_the_next_letter(admin_user: Any, globex: Organisation) -> None:
    url = reverse("admin:invoicing_letterofundertaking_add")
    with at("2027-03-05 10:00"):
        as_admin = signed_in(admin_user)
        form = as_admin.get(url).context["adminform"].form
        days = {name: str(form.initial[name]) for name in ("valid_from", "valid_to")}
        assert days == {"valid_from": "2027-04-01", "valid_to": "2028-03-31"}
        typed: dict[str, Any] = {
            "billing_entity": str(globex.billing_entity_id), "number": NEXT_YEAR,
            "valid_from": "01/03/2027", "valid_to": "31/03/2027",
        }  # fmt: skip
        refused = as_admin.post(url, typed)
        assert "Another letter of this seller holds" in refused.content.decode()
        assert as_admin.post(url, typed | {"valid_from": "01/04/2027", "valid_to": "31/03/2028"}).status_code == 302
    assert BillingEntity.objects.get(letters__number=NEXT_YEAR) == globex.billing_entity
