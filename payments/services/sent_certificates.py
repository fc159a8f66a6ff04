"""TDS certificates that customers send by themselves: stored to be checked, accepted as recorded ones, or rejected."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError, InvalidInput, NotFound
from billing_platform.lib.law import INDIAN_TIME, RUPEES
from billing_platform.lib.money import ZERO
from billing_platform.lib.number_formats import format_money
from organisations.models import Organisation
from payments.emails import queue_certificate_decided
from payments.models import SentCertificate, WithheldTax
from payments.models.withheld_tax import WithheldTaxQuerySet
from payments.services import certificates
from payments.services.crediting import lock_customer_money
from payments.services.operator_input import check_amount, check_day
from payments.withholding import quarter_start as quarter_of

Status = SentCertificate.Status
MOST_TO_CHECK = 20
"""Certificates of one customer that wait for a person: a customer owes a handful each quarter."""


@transaction.atomic
def send_certificate(
    *,
    organisation: Organisation,
    quarter_start: date,
    certificate_number: str,
    certificate_on: date,
    certificate_amount: Decimal,
    file: tuple[str, bytes],
    sent_by: str,
) -> SentCertificate:
    """Store a customer's certificate for a person to check; `file` is a PDF's name and content.

    Raises InvalidInput at the field, and DomainError CERTIFICATE_SENT for the same file again, TOO_MANY_TO_CHECK.
    """
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    _check(organisation, quarter_start, certificate_on, certificate_amount)
    name, content = certificates.checked_file(*file)
    standing = SentCertificate.objects.filter(organisation=organisation)
    if standing.to_check().count() >= MOST_TO_CHECK:
        raise DomainError(
            "Many of your certificates are to be checked still: send more later.", code="TOO_MANY_TO_CHECK"
        )
    sha256 = hashlib.sha256(content).hexdigest()
    if standing.exclude(status=Status.REJECTED).filter(sha256=sha256).exists():
        raise DomainError("We have this file already: there is nothing to do.", code="CERTIFICATE_SENT")
    sent = SentCertificate(
        organisation=organisation,
        quarter_start=quarter_start,
        certificate_number=certificates.checked_number(certificate_number),
        certificate_on=certificate_on,
        certificate_amount=certificate_amount,
        name=name,
        content=content,
        size=len(content),
        sha256=sha256,
        sent_by=sent_by[:200],
    )
    sent.full_clean(exclude=["content"])
    sent.save()
    return sent


def taxes_of(sent: SentCertificate) -> WithheldTaxQuerySet:
    """The taxes withheld that the certificate may be for: those of its customer and quarter, in rupees."""
    rows: WithheldTaxQuerySet = WithheldTax.objects.standing().filter(
        payment__organisation=sent.organisation_id, quarter_start=sent.quarter_start, payment__currency=RUPEES
    )
    return rows.select_related("payment__invoice").order_by("deducted_on", "pk")


@transaction.atomic
def accept_certificate(*, sent_id: UUID, tax_ids: Collection[UUID], decided_by: str) -> SentCertificate:
    """Record the certificate with the taxes withheld that it is for, each with its own amount where they come to the
    certificate's; for a single one of another amount it is recorded as one that names another.

    Raises NotFound, DomainError CERTIFICATE_DECIDED, InvalidInput at `taxes`, and what `record_certificate` raises.
    """
    sent = _locked(sent_id)
    taxes = list(taxes_of(sent).filter(pk__in=tax_ids))
    if not taxes or len(taxes) != len(set(tax_ids)):
        raise InvalidInput.field("taxes", f"Choose the taxes of {sent.organisation} and quarter {sent.quarter}.")
    total = sum((tax.payment.amount for tax in taxes), ZERO)
    if len(taxes) > 1 and total != sent.certificate_amount:
        said = f"These come to {format_money(total, RUPEES)}, the certificate names {sent.amount_text}."
        raise InvalidInput.field("taxes", f"{said} Choose others, or reject it.")
    for tax in taxes:
        certificates.record_certificate(
            withheld_tax_id=tax.pk,
            certificate_number=sent.certificate_number,
            certificate_on=sent.certificate_on,
            certificate_amount=tax.payment.amount if len(taxes) > 1 else sent.certificate_amount,
            file=(sent.name, bytes(sent.content)),
        )
    recorded = total if total != sent.certificate_amount else None
    _decide(sent, Status.ACCEPTED, decided_by)
    queue_certificate_decided(sent, recorded=recorded)
    return sent


@transaction.atomic
def reject_certificate(*, sent_id: UUID, reason: str, decided_by: str) -> SentCertificate:
    """The customer is mailed why, and may send another one. Raises NotFound, InvalidInput, CERTIFICATE_DECIDED."""
    if not reason.strip():
        raise InvalidInput.field("reason", "Say why: the customer reads it.")
    sent = _locked(sent_id)
    sent.reason = reason.strip()
    _decide(sent, Status.REJECTED, decided_by)
    queue_certificate_decided(sent)
    return sent


def _check(organisation: Organisation, quarter_start: date, certificate_on: date, amount: Decimal) -> None:
    check_day("quarter_start", quarter_start, str(INDIAN_TIME))
    if quarter_start != quarter_of(quarter_start):
        raise InvalidInput.field("quarter_start", "Give the first day of a quarter: of April, July, October, January.")
    check_day("certificate_on", certificate_on, organisation.time_zone)
    if certificate_on < quarter_start:
        raise InvalidInput.field("certificate_on", "The certificate can't be older than its quarter.")
    check_amount(amount, RUPEES, field="certificate_amount")


def _decide(sent: SentCertificate, status: str, decided_by: str) -> None:
    sent.status, sent.decided_at, sent.decided_by = status, clock.now(), decided_by[:200]
    sent.full_clean(exclude=["content"])
    sent.save(update_fields=["status", "reason", "decided_at", "decided_by", "updated_at"])


def _locked(sent_id: UUID) -> SentCertificate:
    """After the customer's money, which accepting writes to."""
    owner = SentCertificate.objects.filter(pk=sent_id).values_list("organisation_id", flat=True).first()
    if owner is None:
        raise NotFound("There is no such certificate.")
    lock_customer_money(owner)
    rows = SentCertificate.objects.select_for_update(of=("self",)).select_related("organisation__billing_entity")
    sent: SentCertificate = rows.get(pk=sent_id)
    if not sent.is_to_check:
        said = sent.get_status_display().lower()
        raise DomainError(f"The certificate is {said} already, by {sent.decided_by}.", code="CERTIFICATE_DECIDED")
    return sent
