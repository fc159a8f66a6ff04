"""The customer portal: a link opens its customer's pages and nothing else, until it ends or is revoked."""

from __future__ import annotations

import re
import zipfile
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from auditlog.models import LogEntry
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from invoicing.models import Invoice
from invoicing.services.drafting import create_one_off_draft
from invoicing.services.voiding import void_invoice
from organisations.models import Notification, Organisation, PortalLink
from organisations.services import portal_links
from organisations.services.contacts import add_contact
from payments.customer.portal.urls import urlpatterns
from payments.models import Payment
from payments.services.offline import record_offline_payment
from tests.payments.language import issued_invoice

PAGES = ("portal", "portal_invoices", "portal_payments", "portal_statement", "portal_usage")


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


def made(organisation: Organisation, **options: Any) -> portal_links.MadeLink:
    return portal_links.make_link(organisation_id=organisation.pk, made_by="olga", **options)


def inside(link: portal_links.MadeLink) -> Client:
    """A browser that has opened the link."""
    client = Client()
    answer = client.get(reverse("payments:portal_open", args=[link.token]))
    assert answer.status_code == 302
    return client


def address(link: portal_links.MadeLink, name: str = "portal", **more: Any) -> str:
    return reverse(f"payments:{name}", kwargs={"link_id": link.link.pk, **more})


def paid(invoice: Invoice) -> Payment:
    today = timezone.now().date()
    return record_offline_payment(
        invoice_id=invoice.pk, amount=invoice.total, method="bank_transfer", reference="UTR1", received_on=today
    )


def test_a_link_opens_every_page(db: None, invoice: Invoice, acme: Organisation) -> None:
    link = made(acme)
    client = inside(link)
    for name in PAGES:
        answer = client.get(address(link, name))
        assert answer.status_code == 200, name
        assert "Acme Private Limited" in answer.content.decode()
    text = client.get(address(link)).content.decode()
    assert "Pay ₹1,180.00" in text
    assert "Not billed yet" in text


def test_the_overview_says_when_nothing_is_due(db: None, acme: Organisation) -> None:
    link = made(acme)
    assert "Nothing is due." in inside(link).get(address(link)).content.decode()


def test_pages_are_closed_to_caches_robots_frames_and_scripts(db: None, acme: Organisation) -> None:
    link = made(acme)
    answer = inside(link).get(address(link))
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self' 'sha256-")
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    text = answer.content.decode()
    assert "<script" not in text
    assert not re.search(r"https?://", text)


def test_the_token_stands_in_no_page_and_no_referrer(db: None, acme: Organisation) -> None:
    link, client = made(acme), Client()
    answer = client.get(reverse("payments:portal_open", args=[link.token]))
    assert answer["Referrer-Policy"] == "no-referrer"
    assert link.token not in answer["Location"]
    cookie = client.cookies["portal"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (address(link), True, "Lax")
    assert link.token not in cookie.value
    assert PortalLink.objects.get().token_hash != link.token
    assert link.token not in client.get(address(link)).content.decode()


def every_address(link: portal_links.MadeLink, invoice: Invoice, payment: Payment, note_id: Any) -> list[str]:
    """Of each address of the portal that stands for a page of a link."""
    ids = {"invoice_id": invoice.pk, "payment_id": payment.pk, "note_id": note_id}
    names = [(each.name, str(each.pattern)) for each in urlpatterns if "<uuid:link_id>" in str(each.pattern)]
    return [
        address(link, str(name), **{part: ids[part] for part in re.findall(r"<uuid:(\w+)>", pattern) if part in ids})
        for name, pattern in names
    ]


def test_a_link_shows_nothing_of_another_customer(db: None, acme: Organisation, globex: Organisation) -> None:
    theirs = issued_invoice(acme)
    payment = paid(theirs)
    link = made(globex)
    client = inside(link)
    for url in every_address(link, theirs, payment, uuid4()):
        answer = client.get(url)
        finds_nothing = url.count("-") > 6 or "certificate" in url  # Globex is abroad, without TDS
        assert answer.status_code == (400 if "zip" in url else 404 if finds_nothing else 200), url
        shown = answer.content.decode(errors="replace") if not answer.streaming else ""
        assert theirs.number not in shown
        assert "Acme" not in shown
    ticked = client.get(address(link, "portal_archive"), {"invoice": str(theirs.pk)})
    assert ticked.status_code == 400


def test_nobody_comes_in_without_opening_the_link(db: None, acme: Organisation, globex: Organisation) -> None:
    theirs = issued_invoice(acme)
    payment = paid(theirs)
    ours, other = made(acme), made(globex)
    for url in every_address(ours, theirs, payment, uuid4()):
        assert Client().get(url).status_code == 403, url
        crossing = inside(other)
        crossing.cookies["portal"]["path"] = "/"
        assert crossing.get(url).status_code == 403, url
        tampered = Client()
        tampered.cookies["portal"] = inside(ours).cookies["portal"].value[:-1] + "x"
        assert tampered.get(url).status_code == 403, url


def test_a_revoked_link_shuts_the_pages_that_it_opened(db: None, acme: Organisation) -> None:
    link = made(acme)
    client = inside(link)
    portal_links.revoke_link(link_id=link.link.pk, by="olga")
    assert client.get(address(link)).status_code == 403
    assert Client().get(reverse("payments:portal_open", args=[link.token])).status_code == 410


def test_an_ended_link_offers_a_new_one_by_mail_to_the_address_on_file(db: None, acme: Organisation) -> None:
    link = made(acme, days=1)
    client = inside(link)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        assert client.get(address(link)).status_code == 403
        url = reverse("payments:portal_open", args=[link.token])
        answer = Client().get(url)
        assert answer.status_code == 410
        assert "Acme" not in answer.content.decode()
        assert Client(enforce_csrf_checks=True).post(url).status_code == 403
        assert Client().post(url).status_code == 200
        assert Client().post(url).status_code == 200
    mail = Notification.objects.get(kind="portal_link")
    assert mail.recipients == [acme.billing_email]


def test_the_cookie_ends_after_some_hours(db: None, acme: Organisation) -> None:
    link = made(acme)
    client = inside(link)
    client.cookies["portal"]["max-age"] = ""
    with time_machine.travel(timezone.now() + timedelta(hours=13)):
        assert client.get(address(link)).status_code == 403


def test_who_opens_half_a_link_is_shown_where_to_ask_for_a_whole_one(db: None) -> None:
    answer = Client().get(reverse("payments:portal_open", args=["half"]), headers={"accept": "text/html"})
    assert (answer.status_code, reverse("payments:portal_ask") in answer.content.decode()) == (404, True)


def test_a_wrong_token_is_a_404_and_soon_a_429(db: None) -> None:
    client = Client()
    codes = [client.get(reverse("payments:portal_open", args=[f"wrong{n}"])).status_code for n in range(32)]
    assert codes[0] == 404
    assert codes[-1] == 429


def test_a_link_that_asks_too_often_waits(db: None, acme: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("payments.customer.portal.access.OF_A_LINK", "3/m")
    link = made(acme)
    client = inside(link)
    codes = [client.get(address(link, "portal_payments")).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]


def test_pages_only_show(db: None, acme: Organisation) -> None:
    link = made(acme)
    client = inside(link)
    assert {client.post(address(link, name)).status_code for name in PAGES} == {405}


def test_asking_tells_nobody_who_is_a_customer(db: None, acme: Organisation) -> None:
    """And only an address on file gets mail."""
    add_contact(organisation=acme, purpose="finance", email="books@acme.example")
    add_contact(organisation=acme, purpose="technical", email="ops@acme.example")
    url = reverse("payments:portal_ask")
    answers = [
        re.sub(r'value="[^"]*"', "", Client().post(url, {"email": each}).content.decode())
        for each in ("Books@acme.example", "ops@acme.example", "nobody@else.example")
    ]
    assert len(set(answers)) == 1
    assert [mail.recipients for mail in Notification.objects.filter(kind="portal_link")] == [["books@acme.example"]]
    assert Client().post(url, {"email": "no address"}).status_code == 400


def test_who_asks_too_often_waits(db: None, acme: Organisation) -> None:
    url = reverse("payments:portal_ask")
    codes = [Client().post(url, {"email": f"a{n}@b.example"}).status_code for n in range(11)]
    assert codes == [200] * 10 + [429]


def test_drafts_are_not_shown_and_void_ones_say_so(db: None, acme: Organisation) -> None:
    void = issued_invoice(acme)
    void_invoice(invoice_id=void.pk, reason="Billed twice.")
    draft = create_one_off_draft(organisation=acme, lines=[{"description": "Soon", "quantity": "1", "unit_price": "5"}])
    link = made(acme)
    client = inside(link)
    text = client.get(address(link, "portal_invoices")).content.decode()
    assert "Cancelled" in text
    assert str(draft.pk) not in text
    for name in ("portal_invoice", "portal_invoice_pdf", "portal_pay"):
        assert client.get(address(link, name, invoice_id=draft.pk)).status_code == 404
    shown = client.get(address(link, "portal_invoice", invoice_id=void.pk)).content.decode()
    assert "This invoice has been cancelled." in shown
    assert f"/{void.pk}/pay" not in shown


def test_an_invoice_explains_its_lines_and_leads_to_the_pay_page(
    db: None, invoice: Invoice, acme: Organisation
) -> None:
    link = made(acme)
    client = inside(link)
    text = client.get(address(link, "portal_invoice", invoice_id=invoice.pk)).content.decode()
    assert "Together, rounded" in text
    assert "₹1,000.00" in text
    answer = client.get(address(link, "portal_pay", invoice_id=invoice.pk))
    assert Client().get(answer["Location"]).status_code == 200
    pdf = client.get(address(link, "portal_invoice_pdf", invoice_id=invoice.pk))
    assert pdf.content.startswith(b"%PDF")


def test_a_receipt_and_the_statement_can_be_had_as_files(db: None, invoice: Invoice, acme: Organisation) -> None:
    payment = paid(invoice)
    link = made(acme)
    client = inside(link)
    receipt = client.get(address(link, "portal_receipt", payment_id=payment.pk))
    assert receipt.content.startswith(b"%PDF")
    statement = address(link, "portal_statement")
    assert client.get(statement, {"format": "pdf"}).content.startswith(b"%PDF")
    lines = b"".join(client.get(statement, {"format": "csv"}).streaming_content).decode()
    assert invoice.number in lines
    assert client.get(statement, {"first": "nonsense"}).status_code == 400
    assert client.get(statement, {"first": "2026-11-02", "last": "2026-11-01"}).status_code == 400


def test_documents_of_a_year_come_as_one_file(
    db: None, invoice: Invoice, acme: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = made(acme)
    client = inside(link)
    for query in ({"year": invoice.financial_year}, {"invoice": str(invoice.pk)}):
        answer = client.get(address(link, "portal_archive"), query)
        names = zipfile.ZipFile(BytesIO(answer.content)).namelist()
        assert len(names) == 1
        assert names[0].endswith(".pdf")
    monkeypatch.setattr("payments.customer.portal.archive.MOST", 0)
    refused = client.get(address(link, "portal_archive"), {"year": invoice.financial_year})
    assert refused.status_code == 400
    assert "up to 0 documents" in refused.content.decode()
    assert client.get(address(link, "portal_archive"), {"invoice": "x'"}).status_code == 400


def test_hostile_names_are_escaped(db: None, acme: Organisation) -> None:
    acme.name = acme.legal_name = "<script>alert(1)</script>"
    acme.save()
    shown = issued_invoice(acme)
    link = made(acme)
    client = inside(link)
    urls = [address(link, name) for name in PAGES] + [address(link, "portal_invoice", invoice_id=shown.pk)]
    for url in urls:
        text = client.get(url).content.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_making_the_first_use_and_revoking_are_in_the_audit_log(db: None, acme: Organisation) -> None:
    link = made(acme)
    inside(link)
    inside(link)
    portal_links.revoke_link(link_id=link.link.pk, by="olga")
    entries = LogEntry.objects.filter(object_pk=str(link.link.pk)).order_by("pk")
    assert [entry.action for entry in entries] == [0, 1, 1]
    assert entries[1].additional_data["reason"] == "Used for the first time."
    assert link.link.token_hash not in "".join(str(entry.changes) for entry in entries)
    assert link.token not in "".join(str(entry.changes) for entry in entries)
