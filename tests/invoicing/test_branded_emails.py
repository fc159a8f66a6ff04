"""E-mails look as their seller's documents do: the logo is a part of the message, the colour is the template's."""

from __future__ import annotations

import email as messages
from email.message import Message
from email.policy import default
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from invoicing.emails import emails_of, queue_about
from invoicing.models import Invoice
from invoicing.selectors.documents import invoice_document
from invoicing.services import issuing
from invoicing.tasks import deliver_invoice
from organisations.models import Notification, Organisation
from organisations.notifications import email
from tests.invoicing.language import one_off
from tests.invoicing.test_documents import PIXEL
from tests.invoicing.test_templates import in_use
from tests.mailbox import Mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_media")]


def delivered(acme: Organisation) -> Invoice:
    invoice = issuing.finalize_invoice(invoice_id=one_off(acme).pk)
    deliver_invoice(str(invoice.pk))
    return invoice


def sent(note: Notification, mailbox: Mailbox) -> Any:
    assert email.send_notification(notification_id=note.pk)
    content = mailbox.messages[-1].content  # type: ignore[attr-defined]
    return messages.message_from_bytes(content, policy=default)


def shape(part: Message) -> Any:
    kind = part.get_content_type()
    return (kind, [shape(each) for each in part.get_payload()]) if part.is_multipart() else kind  # type: ignore[arg-type]


def test_the_logo_stands_beside_the_html_and_the_pdf_is_attached(acme: Organisation, mailbox: Mailbox) -> None:
    in_use(logo=ContentFile(PIXEL, "logo.png"), colour="#ffd500")
    message = sent(emails_of(delivered(acme)).get(), mailbox)
    related = ("multipart/related", ["text/html", "image/png"])
    bodies = ("multipart/alternative", ["text/plain", related])
    assert shape(message) == ("multipart/mixed", [bodies, "application/pdf"])
    parts = {part.get_content_type(): part for part in message.walk()}
    assert parts["image/png"]["Content-ID"] == "<logo>"
    assert parts["image/png"].get_content_disposition() == "inline"
    html = parts["text/html"].get_content()
    assert '<img src="cid:logo" alt="' in html
    assert "background: #ffd500; color: #1b1f24" in html  # ink on a light colour
    assert "Dear Acme" in parts["text/plain"].get_content()


def test_the_templates_own_html_finds_the_logo_in_the_message_too(acme: Organisation, mailbox: Mailbox) -> None:
    own = "<img src='{{ brand.logo }}' alt='x'><img src='cid:other'><p class='b'>Pay</p>"
    in_use(logo=ContentFile(PIXEL, "logo.png"), html=own, css=".b { color: var(--brand); }", colour="#0b7a4b")
    html = sent(emails_of(delivered(acme)).get(), mailbox).get_body(("html",)).get_content()
    assert '<img src="cid:logo"' in html
    assert "cid:other" not in html
    assert ".b { color: #0b7a4b; }" in html


def test_a_logo_that_is_gone_holds_no_email_back(acme: Organisation, mailbox: Mailbox) -> None:
    in_use(logo=ContentFile(PIXEL, "logo.png"))
    invoice = delivered(acme)
    default_storage.delete(invoice_document(invoice).logo)
    message = sent(emails_of(invoice).get(), mailbox)
    assert [part.get_content_type() for part in message.walk()][-2:] == ["text/html", "application/pdf"]


def test_every_email_about_a_document_is_in_its_colours(acme: Organisation) -> None:
    in_use(logo=ContentFile(PIXEL, "logo.png"), colour="#0b7a4b")
    document = invoice_document(delivered(acme))
    for kind in ("payment_received", "payment_failed", "payment_reversed"):
        note = queue_about(
            document,
            organisation=acme,
            kind=kind,
            dedupe_key=kind,
            recipients=["a@b.example"],
            context={"pay_url": "https://pay.example", "remaining": "1", "due": "1"},
        )
        assert "background: #0b7a4b; color: #ffffff" in note.html
        assert [each["content_id"] for each in note.attachments] == ["logo"]
