"""What GST returns would refuse in a service code or rate blocks the draft: later it could not be put right."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing_platform.lib.errors import DomainError
from invoicing.models import Invoice, TaxRate
from invoicing.services import drafting, issuing
from organisations.models import Organisation
from organisations.services.sellers import update_seller

pytestmark = pytest.mark.django_db


def drafted(customer: Organisation, sac: str) -> Invoice:
    line = {"description": "Work", "quantity": "1", "unit_price": "100.00", "sac": sac}
    return drafting.create_one_off_draft(
        organisation=Organisation.objects.select_related("billing_entity").get(pk=customer.pk), lines=[line]
    )


def test_a_short_service_code_blocks_the_draft_until_returns_take_it(acme: Organisation, settings: Any) -> None:
    draft = drafted(acme, "9983")
    with pytest.raises(DomainError, match="9983 needs 6 digits in GST returns") as refused:
        issuing.finalize_invoice(invoice_id=draft.pk)
    assert refused.value.code == "SERVICE_CODE_REFUSED"
    settings.GST_SAC_DIGITS = 4  # a turnover of up to five crore
    assert issuing.finalize_invoice(invoice_id=drafted(acme, "9983").pk).number


def test_a_seller_of_e_invoices_needs_six_digits_whatever_its_turnover(acme: Organisation, settings: Any) -> None:
    settings.GST_SAC_DIGITS = 4
    update_seller(seller=acme.billing_entity, e_invoices_from=date(2026, 4, 1))
    assert [warning["code"] for warning in drafted(acme, "9983").warnings] == ["SERVICE_CODE_REFUSED"]


def test_a_rate_that_gst_never_had_blocks_the_draft(acme: Organisation) -> None:
    TaxRate.objects.create(name="GST 17%", rate=Decimal(17), sac="998319", effective_from=date(2026, 4, 1))
    (warning,) = drafted(acme, "998319").warnings
    assert (warning["code"], warning["blocks"]) == ("GST_RATE_REFUSED", True)
