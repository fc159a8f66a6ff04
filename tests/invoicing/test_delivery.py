"""Delivery of an issued invoice ends when it is sent, when it is void, or when another worker has sent it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing import tasks
from invoicing.models import Invoice, InvoiceDelivery
from invoicing.services import delivery, issuing, sending, voiding
from organisations.models import Notification, Organisation
from organisations.notifications import email
from organisations.notifications.sending_again import resend
from tests.invoicing.language import one_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    return issuing.finalize_invoice(invoice_id=one_off(acme).pk)


def make_due(invoice: Invoice) -> None:
    InvoiceDelivery.objects.filter(pk=invoice.pk).update(
        next_attempt_at=clock.now() - timedelta(seconds=1), claimed_until=None
    )


def test_an_invoice_that_was_sent_is_not_delivered_for_ever(invoice: Invoice) -> None:
    tasks.deliver_invoice(str(invoice.pk))
    make_due(invoice)  # a slower worker gave up on it after it was sent, and asked for another try
    tasks.deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert invoice.sent_at is not None
    assert invoice.delivery.next_attempt_at is None
    assert Notification.objects.count() == 1


def test_a_void_invoice_is_not_delivered(invoice: Invoice) -> None:
    voiding.void_invoice(invoice_id=invoice.pk, reason="a mistake")
    make_due(invoice)
    tasks.deliver_invoice(str(invoice.pk))
    assert invoice.pk not in delivery.due_deliveries()
    assert Notification.objects.count() == 0


class OvertakenStorage(FileSystemStorage):
    """Slow enough that, before it fails for the first time, another worker delivers the invoice."""

    meanwhile: ClassVar[list[Callable[[], None]]] = []

    def save(self, *args: Any, **kwargs: Any) -> str:
        if self.meanwhile:
            self.meanwhile.pop()()
            raise OSError("the storage went away")
        return super().save(*args, **kwargs)


def test_a_slow_worker_that_fails_does_not_undo_what_a_faster_one_did(invoice: Invoice, settings: Any) -> None:
    """The first worker's claim ran out; another one took over and sent the invoice."""
    settings.STORAGES = {**settings.STORAGES, "default": {"BACKEND": f"{__name__}.OvertakenStorage"}}

    def faster_worker() -> None:
        make_due(invoice)
        tasks.deliver_invoice(str(invoice.pk))

    OvertakenStorage.meanwhile.append(faster_worker)
    tasks.deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert (invoice.pdf_state, invoice.delivery.next_attempt_at) == ("ready", None)
    assert invoice.sent_at is not None


def test_a_worker_that_fails_locks_the_invoice_before_its_delivery(invoice: Invoice, settings: Any) -> None:
    """As sending and voiding do: in the other order, a failure and a press of "Send" would deadlock."""
    settings.MEDIA_ROOT = "/proc/nowhere"
    with CaptureQueriesContext(connection) as queries:
        tasks.deliver_invoice(str(invoice.pk))
    statements = [query["sql"] for query in queries]
    locked = next(n for n, sql in enumerate(statements) if '"invoicing_invoice"' in sql and "FOR UPDATE" in sql)
    noted = next(n for n, sql in enumerate(statements) if "UPDATE" in sql and "/proc/nowhere" in sql)
    assert locked < noted


def test_a_delivery_that_kills_every_worker_is_shown_to_a_person(invoice: Invoice) -> None:
    InvoiceDelivery.objects.filter(pk=invoice.pk).update(attempts=InvoiceDelivery.max_attempts)
    tasks.deliver_invoice(str(invoice.pk))
    assert delivery.due_deliveries() == []
    assert list(Invoice.objects.not_delivered()) == [invoice]


def test_an_e_mail_that_can_not_be_queued_is_noted_tried_again_and_shown(invoice: Invoice, settings: Any) -> None:
    templates, settings.TEMPLATES = settings.TEMPLATES, []
    for _ in range(InvoiceDelivery.max_attempts):
        make_due(invoice)
        tasks.deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert invoice.pdf_state == "ready"
    assert "TemplateDoesNotExist" in invoice.delivery.last_failure
    assert list(Invoice.objects.not_delivered()) == [invoice]
    settings.TEMPLATES = templates
    delivery.try_now(invoice_id=invoice.pk)
    tasks.deliver_invoice(str(invoice.pk))
    assert mails() == [[invoice.organisation.billing_email]]
    assert not Invoice.objects.not_delivered().exists()


def mails() -> list[list[str]]:
    return [note.recipients for note in Notification.objects.filter(kind="invoice_issued").order_by("created_at")]


def test_an_invoice_finalized_without_sending_gets_its_pdf_and_no_e_mail_until_it_is_sent(acme: Organisation) -> None:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk, send=False)
    tasks.deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert (invoice.pdf_state, invoice.sent_at, invoice.delivery.next_attempt_at, mails()) == ("ready", None, None, [])
    sending.send_invoice(invoice_id=invoice.pk)
    assert mails() == [[acme.billing_email]]


def test_sending_mails_a_corrected_address_once_and_the_old_one_never_again(invoice: Invoice) -> None:
    tasks.deliver_invoice(str(invoice.pk))
    customer = invoice.organisation
    sending.send_invoice(invoice_id=invoice.pk)
    assert mails() == [["accounts@acme.example"]]
    customer.billing_email = "right@acme.example"
    customer.save()
    for _ in range(2):
        sending.send_invoice(invoice_id=invoice.pk)
    assert mails() == [["accounts@acme.example"], ["right@acme.example"]]


def test_addresses_that_are_given_are_mailed_each_time_they_are_asked_for(invoice: Invoice) -> None:
    tasks.deliver_invoice(str(invoice.pk))
    for _ in range(2):
        sending.send_invoice(invoice_id=invoice.pk, to=["cfo@acme.example", "CFO@Acme.example"])
    assert mails() == [["accounts@acme.example"], ["cfo@acme.example"], ["cfo@acme.example"]]


def test_an_address_given_before_the_pdf_is_made_waits_for_it_in_the_same_e_mail(invoice: Invoice) -> None:
    sending.send_invoice(invoice_id=invoice.pk, to=["cfo@acme.example"])
    assert mails() == []
    make_due(invoice)
    tasks.deliver_invoice(str(invoice.pk))
    assert mails() == [["accounts@acme.example", "cfo@acme.example"]]


@pytest.mark.parametrize("to", [[], ["nobody"], ["a@b.example, c@d.example"], [f"a{n}@b.example" for n in range(11)]])
def test_an_invoice_goes_to_one_to_ten_good_addresses_only(invoice: Invoice, to: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        sending.send_invoice(invoice_id=invoice.pk, to=to)
    assert list(refused.value.details) == ["to"]


def test_a_message_that_was_sent_is_sent_again_as_one_of_its_own(invoice: Invoice) -> None:
    tasks.deliver_invoice(str(invoice.pk))
    first = Notification.objects.get()
    email.send_notification(notification_id=first.pk)
    again = resend(notification_id=first.pk, once_more=True)
    assert (again.pk != first.pk, again.status, again.recipients) == (True, "pending", first.recipients)
    first.refresh_from_db()
    assert first.status == "sent"
    with pytest.raises(DomainError) as refused:
        resend(notification_id=again.pk)
    assert refused.value.code == "NOTIFICATION_ON_ITS_WAY"
