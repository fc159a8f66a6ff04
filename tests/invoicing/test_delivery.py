"""Delivering an issued invoice ends: when it is sent, when it is void, and when another worker was faster."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.core.files.storage import FileSystemStorage

from billing_platform.lib import clock
from invoicing import tasks
from invoicing.models import Invoice
from invoicing.services import lifecycle, pdfs
from organisations.models import Notification, Organisation
from tests.invoicing.language import one_off

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(acme: Organisation) -> Invoice:
    return lifecycle.finalize_invoice(invoice_id=one_off(acme).pk)


def make_due(invoice: Invoice) -> None:
    Invoice.objects.filter(pk=invoice.pk).update(deliver_after=clock.now() - timedelta(seconds=1))


def test_an_invoice_that_was_sent_is_not_delivered_for_ever(invoice: Invoice) -> None:
    tasks.deliver_invoice(str(invoice.pk))
    make_due(invoice)  # a slower worker gave up on it after it was sent, and asked for another try
    tasks.deliver_invoice(str(invoice.pk))
    invoice.refresh_from_db()
    assert invoice.sent_at is not None
    assert invoice.deliver_after is None
    assert Notification.objects.count() == 1


def test_a_void_invoice_is_not_delivered(invoice: Invoice) -> None:
    lifecycle.void_invoice(invoice_id=invoice.pk, reason="a mistake")
    make_due(invoice)
    tasks.deliver_invoice(str(invoice.pk))
    assert invoice.pk not in pdfs.due_deliveries()
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
    assert (invoice.pdf_state, invoice.deliver_after) == ("ready", None)
    assert invoice.sent_at is not None
