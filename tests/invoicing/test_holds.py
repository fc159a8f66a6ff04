"""What a hold keeps back in invoicing: issuing by hand, and the e-mail of an issued invoice."""

from __future__ import annotations

import pytest

from billing_platform.lib.errors import DomainError
from invoicing import tasks
from invoicing.models import Invoice
from invoicing.services import delivery, issuing, sending
from organisations.models import Notification, Organisation
from organisations.services import holds
from tests.invoicing.language import at, one_off
from tests.organisations.test_holds import hold

pytestmark = pytest.mark.django_db


def test_nothing_is_issued_by_hand_while_the_customer_is_draft_only(acme: Organisation) -> None:
    with at("2026-12-01 10:00"):
        draft = one_off(acme)
        placed = hold(acme, "draft_only", reason="New contract")
        with pytest.raises(DomainError, match="Draft only until it is lifted: New contract") as refused:
            issuing.finalize_invoice(invoice_id=draft.pk)
        assert (refused.value.code, refused.value.status) == ("BILLING_HELD", 409)
        assert [each["code"] for each in refused.value.details["reasons"]] == ["DRAFT_ONLY"]
        assert Invoice.objects.get().number == ""
        holds.lift_hold(hold_id=placed.pk, lifted_by="bob")
        assert issuing.finalize_invoice(invoice_id=draft.pk).number.endswith("000001")  # no number is gone


def test_the_pdf_is_made_and_its_email_waits_for_the_end_of_the_hold(acme: Organisation) -> None:
    placed = hold(acme, "no_email")
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    tasks.deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert (invoice.pdf_state, invoice.sent_at, Notification.objects.count()) == ("ready", None, 0)
    assert delivery.due_deliveries() == []  # nobody looks at it again and again
    sending.send_invoice(invoice_id=invoice.pk, to=["boss@acme.example"])  # waits with the other
    assert Notification.objects.count() == 0
    holds.lift_hold(hold_id=placed.pk, lifted_by="bob")
    assert delivery.due_deliveries() == [invoice.pk]
    tasks.deliver_invoice(str(invoice.pk))
    assert Notification.objects.get().recipients == [acme.billing_email, "boss@acme.example"]
