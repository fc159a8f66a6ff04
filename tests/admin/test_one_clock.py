"""All pages show times in the operators' time zone and name the zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import time_machine
from django.contrib import admin
from django.test.client import Client
from django.urls import reverse
from pypdf import PdfReader

from invoicing.models import Invoice
from invoicing.services import delivery, drafting, issuing, sending, stored_pdfs
from organisations.models import BillingEntity, Notification, Organisation
from payments.models import Payment
from payments.services.offline import record_offline_payment
from tests.admin.conftest import signed_in
from tests.architecture.tenants import run_of_both, tenant

LATE_ON_25_NOVEMBER = datetime(2026, 11, 25, 21, 23, tzinfo=UTC)  # 26 November, 02:53, in India
TIMES = re.compile(r"<time[^>]*>([^<]*)</time>")
TAGS = re.compile(r"<(script|style|textarea|pre|code)\b.*?</\1>|<[^>]*>", re.DOTALL)


@pytest.fixture(params=["Asia/Kolkata", "Asia/Tokyo"])
def act(request: pytest.FixtureRequest, acme: Organisation) -> tuple[Invoice, Payment]:
    """An invoice finalized, and a transfer typed in, on one evening of UTC that is the next day in India.

    In Tokyo that day began while it was the day before in India too: a typed day must not be read as an instant.
    """
    acme.time_zone = request.param
    acme.save()
    with time_machine.travel(LATE_ON_25_NOVEMBER, tick=False):
        line = {"description": "Set-up", "quantity": "1", "unit_price": "1000"}
        draft = drafting.create_one_off_draft(organisation=acme, lines=[line])
        invoice = issuing.finalize_invoice(invoice_id=draft.pk)
        payment = record_offline_payment(
            invoice_id=invoice.pk,
            amount=Decimal("500.00"),
            method="bank_transfer",
            reference="UTR 1",
            received_on=date(2026, 11, 26),
        )
        delivery.make_pdf(invoice_id=invoice.pk)
        sending.send_invoice(invoice_id=invoice.pk)
    return invoice, payment


def words(html: str) -> str:
    """What a reader of a page sees."""
    return " ".join(TAGS.sub(" ", html).split())


def test_no_page_shows_another_day_for_one_act(act: tuple[Invoice, Payment], admin_user: Any) -> None:
    invoice, payment = act
    client = signed_in(admin_user)
    pages = [
        *(f"/admin/invoicing/invoice/{end}" for end in ("", f"{invoice.pk}/change/", f"{invoice.pk}/history/")),
        *(f"/admin/payments/payment/{end}" for end in ("", f"{payment.pk}/change/", f"{payment.pk}/history/")),
        reverse("admin:payments_paymentallocation_changelist"),
        reverse("admin:organisations_auditentry_changelist") + f"?by=all&q={invoice.number}",
        reverse("admin:organisations_notification_changelist"),
        reverse("payments:pay", kwargs={"token": invoice.public_token}),
    ]
    with time_machine.travel(LATE_ON_25_NOVEMBER, tick=False):
        told = {url: words(client.get(url).content.decode()) for url in pages}
    told |= {mail.kind: f"{mail.subject} {mail.text} {words(mail.html)}" for mail in Notification.objects.all()}
    document = PdfReader(BytesIO(stored_pdfs.read_pdf(invoice)[1]))
    told["PDF"] = " ".join(page.extract_text() for page in document.pages)
    assert {"invoice_issued", "payment_received"} <= set(told)
    for place, text in told.items():
        assert ("26 Nov 2026" in text, "25 Nov" in text) == (True, False), place


def test_a_day_of_a_filter_is_the_operators_day(act: tuple[Invoice, Payment], as_admin: Client) -> None:
    payment = act[1]
    url = reverse("admin:payments_paymentallocation_changelist")  # by the time at which it was written

    def found(day: str) -> bool:
        return payment.reference in as_admin.get(url, {"created_at_from": day, "created_at_to": day}).content.decode()

    assert (found("2026-11-26"), found("2026-11-25")) == (True, False)


def test_every_time_on_every_page_is_the_sellers_and_says_so(admin_user: Any) -> None:
    """In a zone that nothing falls back to."""
    zone, label = "Asia/Dubai", "UTC+4"
    one, other = tenant("Acmeqq"), tenant("Zzyzxqq")
    run_of_both(one, other)
    BillingEntity.objects.update(time_zone=zone)
    Organisation.objects.update(time_zone=zone)  # a test clock shows its customer's time
    client, shown = signed_in(admin_user), 0
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        urls = [reverse(f"{name}_changelist")]
        first = model._default_manager.first()
        urls += [reverse(f"{name}_{view}", args=[first.pk]) for view in ("change", "history")] if first else []
        for url in urls:
            answer = client.get(url)
            assert answer.status_code == 200, url
            html = answer.content.decode()
            times = TIMES.findall(html)
            assert all(time.endswith(f" {label}") for time in times), (url, times)
            unnamed = re.findall(rf"\b\d\d:\d\d\b(?! {re.escape(label)})", words(html))
            assert not unnamed, (url, page, unnamed)
            shown += len(times)
    assert shown > 50


def test_the_same_time_in_utc_shows_when_one_points_at_it(act: tuple[Invoice, Payment], as_admin: Client) -> None:
    page = as_admin.get(reverse("admin:invoicing_invoice_change", args=[act[0].pk])).content.decode()
    assert ('datetime="2026-11-25T21:23:00Z" title="2026-11-25 21:23:00 UTC">26 Nov 2026, 02:53 IST</time>') in page
