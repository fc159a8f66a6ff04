"""Links to a pay page end, can be revoked, and are made anew for who owns the invoice's mailbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing_platform.lib.errors import DomainError, InvalidInput
from invoicing.models import Invoice, PayPageLink
from invoicing.selectors.documents import pay_page_url
from invoicing.selectors.pay_page_links import newest_access
from invoicing.services.pay_page_links import make_customers_link, renew_link, revoke_links, usable_token
from organisations.models import BillingEntity, Notification


def pay(token: str, name: str = "pay") -> str:
    return reverse(f"payments:{name}", kwargs={"token": token})


def test_a_link_ends_the_sellers_days_after_the_due_date(invoice: Invoice) -> None:
    BillingEntity.objects.update(pay_page_days=60)
    assert invoice.due_date is not None
    access = newest_access(Invoice.objects.get())
    last = access.expires_at - timedelta(seconds=1)
    assert last.astimezone().date() >= invoice.due_date + timedelta(days=60)
    with time_machine.travel(last):
        assert Client().get(pay(invoice.public_token)).status_code == 200
    with time_machine.travel(access.expires_at):
        answer = Client().get(pay(invoice.public_token))
        assert answer.status_code == 410
        text = answer.content.decode()
        assert "This link has ended" in text
        assert "Mail a new link" in text
        assert invoice.number not in text  # who holds an old link learns nothing
        assert "Acme" not in text
        for name in ("pay_pdf", "document"):
            assert Client().get(pay(invoice.public_token, name)).status_code == 404
        assert Client().post(pay(invoice.public_token, "pay_order")).status_code == 404


def test_a_revoked_link_opens_nothing_and_a_new_one_does(invoice: Invoice) -> None:
    first = invoice.public_token
    assert revoke_links(invoice_id=invoice.pk, reason="Sent to a wrong address.") == 1
    assert Client().get(pay(first)).status_code == 410
    with pytest.raises(DomainError):
        revoke_links(invoice_id=invoice.pk, reason="Again.")
    link = renew_link(invoice_id=invoice.pk)
    assert pay_page_url(invoice).endswith(link.token)
    assert Client().get(pay(link.token)).status_code == 200
    assert link.token in Client().get(pay(link.token)).content.decode()  # its forms go on with the same link
    newer = renew_link(invoice_id=invoice.pk, reason="Leaked.")
    assert Client().get(pay(link.token)).status_code == 410
    assert Client().get(pay(newer.token)).status_code == 200


def test_the_customer_gets_a_new_link_by_mail_once_an_hour(invoice: Invoice) -> None:
    revoke_links(invoice_id=invoice.pk, reason="Leaked.")
    asked = Client().post(pay(invoice.public_token, "pay_new_link"))
    assert "is on its way" in asked.content.decode()
    link = PayPageLink.objects.get(cause="customer")
    [mail] = Notification.objects.filter(kind="pay_page_link")
    assert mail.recipients == [invoice.organisation.billing_email]
    assert link.token in mail.text
    assert link.token not in asked.content.decode()
    again = Client().post(pay(invoice.public_token, "pay_new_link"))
    assert "within the last hour" in again.content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        make_customers_link(invoice_id=invoice.pk)
    assert Client().post(pay("a" * 32, "pay_new_link")).status_code == 404


def test_an_open_link_needs_no_new_one(invoice: Invoice) -> None:
    answer = Client().post(pay(invoice.public_token, "pay_new_link"))
    assert (answer.status_code, answer["Location"]) == (302, pay(invoice.public_token))
    assert not PayPageLink.objects.exists()


def test_an_email_of_ours_always_has_a_link_that_is_good_for_a_while(invoice: Invoice) -> None:
    assert usable_token(invoice=invoice) == invoice.public_token
    assert not PayPageLink.objects.exists()
    with time_machine.travel(newest_access(invoice).expires_at - timedelta(days=3)):
        token = usable_token(invoice=invoice)
        assert token != invoice.public_token
        assert usable_token(invoice=invoice) == token


def test_a_reason_is_asked_for(invoice: Invoice) -> None:
    with pytest.raises(InvalidInput):
        revoke_links(invoice_id=invoice.pk, reason=" ")


@pytest.mark.parametrize(
    "sql",
    ["UPDATE {} SET revoked_at = NULL", "UPDATE {} SET token = 'x'", "DELETE FROM {}", "UPDATE {} SET invoice_id = id"],
)
def test_a_revoked_link_stays_revoked(invoice: Invoice, sql: str) -> None:
    from django.db import connection

    revoke_links(invoice_id=invoice.pk, reason="Leaked.")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.format("invoicing_paypagelink"))
