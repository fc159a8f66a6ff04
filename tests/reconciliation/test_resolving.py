"""What an operator does about a discrepancy: repair it, look at it, write it off; each closes as it should."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command

from billing_platform.lib.errors import DomainError, InvalidInput
from events.services.corrections import correct_usage
from invoicing.models import Invoice
from invoicing.services.credit_notes import credit_note_delivery
from invoicing.services.credit_notes.issuing import Why, issue_credit_note
from invoicing.services.stored_pdfs import store_pdf
from organisations.models import Organisation, Project
from payments.models import Payment
from payments.services.offline import record_offline_payment
from reconciliation.models import CheckName, Discrepancy
from reconciliation.services import resolving, running
from reconciliation.services.running import do_check
from tests.events.language import event, now, send, settle
from tests.payments.language import issued_invoice
from tests.reconciliation.language import found, run, tamper

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    """₹1,180.00, of which ₹180.00 are paid."""
    invoice = issued_invoice(acme)
    record_offline_payment(
        invoice_id=invoice.pk,
        amount=Decimal(180),
        method="bank_transfer",
        reference="UTR1",
        received_on=invoice.issue_date,
    )
    return invoice


def planted(check: CheckName, day: date) -> Discrepancy:
    """What a run over a day found."""
    run(day, None, check)
    (found,) = Discrepancy.objects.filter(check_name=check).exclude(kind="customer_balance")
    return found


def repaired(discrepancy: Discrepancy, by: Any) -> str:
    """The state after the repair, and after the run that it begins."""
    again = resolving.repair(discrepancy_id=discrepancy.pk, by=by)
    discrepancy.refresh_from_db()
    assert (discrepancy.state, discrepancy.decided_by) == ("repaired", by)
    for check in again.checks.all():
        do_check(check_id=check.pk)
    discrepancy.refresh_from_db()
    return str(discrepancy.state)


def stored(invoice: Invoice) -> Any:
    made = store_pdf(invoice)
    Invoice.objects.filter(pk=invoice.pk).update(pdf=made.name, pdf_sha256=made.sha256, pdf_state="ready")
    return made


def lose(name: str) -> None:
    default_storage.delete(name)


def spoil(name: str) -> None:
    with default_storage.open(name, "ab") as file:
        file.write(b"%")


@pytest.mark.parametrize("spoiled", [lose, spoil])
def test_a_stored_pdf_is_put_back(invoice: Invoice, admin_user: Any, spoiled: Callable[[str], None]) -> None:
    made = stored(invoice)
    spoiled(made.name)
    assert repaired(planted(CheckName.DOCUMENT_FILES, invoice.issue_date), admin_user) == "repaired"
    assert default_storage.exists(made.name)
    assert default_storage.exists(f"{made.name}.changed") == (spoiled is spoil)


def test_a_credit_notes_pdf_is_put_back(invoice: Invoice, admin_user: Any) -> None:
    note = issue_credit_note(invoice_id=invoice.pk, lines=None, why=Why("cancelled"), send=False)
    credit_note_delivery.deliver(note_id=note.pk)
    note.refresh_from_db()
    lose(note.pdf.name)
    assert repaired(planted(CheckName.DOCUMENT_FILES, note.issue_date), admin_user) == "repaired"
    assert default_storage.exists(note.pdf.name)


def test_a_pdf_that_is_drawn_otherwise_now_is_not_replaced(invoice: Invoice, admin_user: Any) -> None:
    made = stored(invoice)
    lose(made.name)
    tamper("UPDATE invoicing_invoice SET pdf_sha256 = repeat('0', 64)")
    discrepancy = planted(CheckName.DOCUMENT_FILES, invoice.issue_date)
    with pytest.raises(DomainError, match="from a backup of the storage"):
        resolving.repair(discrepancy_id=discrepancy.pk, by=admin_user)
    discrepancy.refresh_from_db()
    assert (discrepancy.state, default_storage.exists(made.name)) == ("open", False)


SUMS = [
    "UPDATE invoicing_invoice SET amount_paid = 100",
    "UPDATE payments_payment SET amount_refunded = 80",
    "UPDATE payments_payment SET amount_lost = 80",
]


@pytest.mark.parametrize("statement", SUMS)
def test_a_sum_is_counted_again(invoice: Invoice, admin_user: Any, statement: str) -> None:
    before = (Invoice.objects.values("amount_paid", "status").get(), Payment.objects.values("status").get())
    tamper(statement)
    run(invoice.issue_date, None, CheckName.BALANCES)
    for discrepancy in Discrepancy.objects.exclude(kind__in=["customer_balance", "payment_spent_twice"]):
        assert repaired(discrepancy, admin_user) == "repaired"
    assert not Discrepancy.objects.standing().exists()
    assert (Invoice.objects.values("amount_paid", "status").get(), Payment.objects.values("status").get()) == before


def test_aggregates_are_rebuilt(project: Project, admin_user: Any) -> None:
    noon = (now() - timedelta(days=1)).replace(hour=12)
    send(project, event("e", "3"), at=noon)
    settle()
    tamper("UPDATE events_usageaggregate SET total = 4")
    assert repaired(planted(CheckName.AGGREGATES, noon.date()), admin_user) == "repaired"


def test_a_repair_that_did_not_help_is_open_again(invoice: Invoice, admin_user: Any, monkeypatch: Any) -> None:
    tamper("UPDATE invoicing_invoice SET amount_paid = 100")
    discrepancy = planted(CheckName.BALANCES, invoice.issue_date)
    monkeypatch.setattr("reconciliation.services.repairs.relink_invoice", lambda **_: None)
    assert repaired(discrepancy, admin_user) == "open"
    assert discrepancy.times_opened == 2


def test_somebody_looks_at_it_and_then_writes_it_off(invoice: Invoice, admin_user: Any) -> None:
    tamper("UPDATE invoicing_invoice SET amount_credited = 10, amount_paid = 180")
    discrepancy = planted(CheckName.DOCUMENT_SUMS, invoice.issue_date)
    resolving.acknowledge(discrepancy_id=discrepancy.pk, by=admin_user, note="Asked the bank.")
    discrepancy.refresh_from_db()
    assert (discrepancy.state, discrepancy.assigned_to, discrepancy.is_standing) == ("acknowledged", admin_user, True)
    with pytest.raises(DomainError, match="Nothing mends this by itself"):
        resolving.repair(discrepancy_id=discrepancy.pk, by=admin_user)
    with pytest.raises(InvalidInput, match="an auditor will ask"):
        resolving.write_off(discrepancy_id=discrepancy.pk, by=admin_user, reason=" ")
    resolving.write_off(discrepancy_id=discrepancy.pk, by=admin_user, reason="Known since the import.")
    with pytest.raises(DomainError, match="written off already"):
        resolving.acknowledge(discrepancy_id=discrepancy.pk, by=admin_user)


def test_the_command_goes_on_until_all_is_compared(invoice: Invoice, monkeypatch: Any) -> None:
    """A job would let go of the rest after a while."""
    monkeypatch.setattr(running, "LONGEST", timedelta(seconds=-1))
    first, out = invoice.issue_date - timedelta(days=2), StringIO()
    call_command(
        "reconcile", "--from", f"{first}", "--to", f"{invoice.issue_date}", "--check", "document_sums", stdout=out
    )
    assert "1 compared, 0 do not agree" in out.getvalue()


def test_the_command_says_what_does_not_agree(invoice: Invoice) -> None:
    day = f"{invoice.issue_date}"
    out = StringIO()
    call_command("reconcile", "--from", day, "--check", "document_sums", "--check", "balances", stdout=out)
    assert "0 do not agree" in out.getvalue()
    tamper("UPDATE invoicing_invoice SET amount_credited = 10, amount_paid = 180")
    with pytest.raises(SystemExit):
        call_command("reconcile", "--from", day, "--check", "document_sums", stdout=out)
    assert f"Invoice {invoice.number}: expected credited ₹0.00; found credited ₹10.00" in out.getvalue()


def test_a_lost_event_is_counted_again_and_a_void_one_is_expected(project: Project, admin_user: Any) -> None:
    """Its batch is settled again, which makes the aggregates right as well. What was never sent is voided."""
    moment = (now() - timedelta(days=1)).replace(hour=12)
    send(project, event("a", "3"), event("b", "4"), at=moment)
    settle()
    tamper("DELETE FROM events_usageevent WHERE event_id = 'a'")
    run(moment.date(), None, CheckName.HOT_LOG)
    missing = Discrepancy.objects.get(kind="event_missing")
    assert repaired(missing, admin_user) == "repaired"
    assert sorted(Discrepancy.objects.values_list("kind", "state")) == [
        ("batch_counts", "gone"), ("event_missing", "repaired")
    ]  # fmt: skip
    assert found(CheckName.AGGREGATES, moment.date()) == []
    tamper(
        "INSERT INTO events_usageevent SELECT (jsonb_populate_record(l, %s::jsonb)).* FROM events_usageevent l"
        " WHERE event_id = 'b'",
        '{"id": 0, "event_id": "z", "position": 9}',
    )
    unexpected = [each for each in found(CheckName.HOT_LOG, moment.date()) if each.kind == "event_unexpected"]
    assert [each.facts["event_id"] for each in unexpected] == ["z"]
    correct_usage(
        organisation=project.organisation, project=project, event_id="z", action="void", reason="a test", by="olga"
    )
    assert "event_unexpected" not in {each.kind for each in found(CheckName.HOT_LOG, moment.date())}
