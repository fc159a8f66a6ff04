"""Certificates of tax withheld: recorded as they come, and asked for until they do."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.validators import storable
from organisations.models import BillingEntity, Organisation
from payments import emails
from payments.models import CertificateFile, Payment, WithheldTax
from payments.models.withheld_tax import FILE_NAME_LENGTH
from payments.services.crediting import lock_customer_money
from payments.services.operator_input import check_amount, check_day, check_reference

State = WithheldTax.CertificateState
LARGEST_FILE = 5 * 1024 * 1024
MOST_IN_A_MAIL = 50


@transaction.atomic
def record_certificate(
    *,
    withheld_tax_id: UUID,
    certificate_number: str,
    certificate_on: date,
    certificate_amount: Decimal,
    file: tuple[str, bytes] | None = None,
    uploaded_by: Any = None,
) -> WithheldTax:
    """Note the certificate of a tax withheld: received, or mismatched where it names another amount. One that came
    before is replaced; `file` is a PDF's name and content, and stays beside an earlier one.

    `certificate_on` is the certificate's own day, in the customer's time zone. Raises InvalidInput, NotFound, and
    DomainError TAX_NOT_STANDING.
    """
    tax = _locked(withheld_tax_id)
    number, zone = checked_number(certificate_number), tax.payment.organisation.time_zone
    check_day("certificate_on", certificate_on, zone)
    if certificate_on < tax.deducted_on:
        raise InvalidInput.field("certificate_on", "The certificate can't be older than the withholding.")
    check_amount(certificate_amount, tax.payment.currency, field="certificate_amount")
    tax.certificate_state = State.RECEIVED if certificate_amount == tax.payment.amount else State.MISMATCHED
    tax.certificate_number, tax.certificate_on = number, certificate_on
    tax.certificate_amount = certificate_amount
    _save(tax)
    if file is not None:
        _store(tax, *file, uploaded_by=uploaded_by)
    return tax


@transaction.atomic
def withdraw_certificate(*, withheld_tax_id: UUID) -> WithheldTax:
    """The certificate was recorded by mistake: it is awaited again. Its file stays. Safe to repeat."""
    tax = _locked(withheld_tax_id)
    tax.certificate_state, tax.certificate_number = State.EXPECTED, ""
    tax.certificate_on = tax.certificate_amount = None
    _save(tax)
    return tax


@transaction.atomic
def ask_for_certificates(*, organisation_id: UUID, seller_id: UUID) -> int:
    """Mail a customer the list of certificates that it owes a seller, those due first at the top; how many.

    At most once a day, in the customer's time zone. Raises NotFound, and DomainError NOTHING_TO_ASK or ASKED_TODAY.
    """
    organisation = Organisation.objects.filter(pk=organisation_id).first()
    seller = BillingEntity.objects.filter(pk=seller_id).first()
    if organisation is None or seller is None:
        raise NotFound("There is no such customer.")
    lock_customer_money(organisation_id)
    rows = WithheldTax.objects.to_chase().filter(
        payment__organisation=organisation, payment__invoice__billing_entity=seller
    )
    taxes = list(rows.select_related("payment__invoice").order_by("quarter_start", "deducted_on")[:MOST_IN_A_MAIL])
    if not taxes:
        raise DomainError(f"{organisation} owes no certificate.", code="NOTHING_TO_ASK")
    today = clock.today(organisation.time_zone)
    if any(was_asked_on(tax, today, organisation) for tax in taxes):
        raise DomainError(f"{organisation} was asked today already.", code="ASKED_TODAY")
    WithheldTax.objects.filter(pk__in=[tax.pk for tax in taxes]).update(asked_at=clock.now(), updated_at=clock.now())
    emails.queue_certificates_wanted(organisation, seller, taxes, today)
    return len(taxes)


def ask_many(*, taxes: Iterable[WithheldTax]) -> tuple[int, int]:
    """Ask each customer of these once; how many were mailed, and how many were not as they were asked today."""
    pairs: dict[tuple[UUID, UUID], int] = defaultdict(int)
    for tax in taxes:
        pairs[tax.payment.organisation_id, tax.payment.seller_id] += 1
    mailed = left = 0
    for organisation_id, seller_id in pairs:
        try:
            ask_for_certificates(organisation_id=organisation_id, seller_id=seller_id)
            mailed += 1
        except DomainError:
            left += 1
    return mailed, left


def was_asked_on(tax: WithheldTax, day: date, organisation: Organisation) -> bool:
    return tax.asked_at is not None and tax.asked_at.astimezone(organisation.zone).date() == day


def checked_number(typed: str) -> str:
    """A certificate's number without spaces around it. Raises InvalidInput at `certificate_number`."""
    number = typed.strip()
    try:
        check_reference(number)
    except InvalidInput as error:
        raise InvalidInput.field("certificate_number", error.details["reference"][0]) from error
    return number


def checked_file(name: str, content: bytes) -> tuple[str, bytes]:
    """A certificate's name as it is stored, and its content. Raises InvalidInput at `file` for what is no PDF."""
    if len(content) > LARGEST_FILE:
        raise InvalidInput.field("file", f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB.")
    if not content.startswith(b"%PDF-"):
        raise InvalidInput.field("file", "The file is no PDF.")
    shown = name.strip()[-FILE_NAME_LENGTH:]
    return (shown if shown and storable(shown) else "certificate.pdf"), content


def _store(tax: WithheldTax, name: str, content: bytes, *, uploaded_by: Any) -> None:
    shown, content = checked_file(name, content)
    CertificateFile.objects.create(
        withheld_tax=tax,
        name=shown,
        content=content,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        uploaded_by=uploaded_by,
    )


def _save(tax: WithheldTax) -> None:
    tax.save(
        update_fields=[
            "certificate_state",
            "certificate_number",
            "certificate_on",
            "certificate_amount",
            "updated_at",
        ]
    )


def _locked(withheld_tax_id: UUID) -> WithheldTax:
    """After the customer's money: a payment that is being reversed has no certificate to come."""
    organisation_id = (
        WithheldTax.objects.filter(pk=withheld_tax_id).values_list("payment__organisation_id", flat=True).first()
    )
    if organisation_id is None:
        raise NotFound("There is no such tax withheld.")
    lock_customer_money(organisation_id)
    rows = WithheldTax.objects.select_for_update(of=("self",)).select_related("payment__organisation")
    found: WithheldTax = rows.get(pk=withheld_tax_id)
    if found.payment.status == Payment.Status.REVERSED:
        raise DomainError("The record of this tax was reversed.", code="TAX_NOT_STANDING")
    return found
