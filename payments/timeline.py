"""What payments tells of a customer: money that came and went back, disputes, promises, certificates it sent in."""

from __future__ import annotations

from collections.abc import Iterable

from billing_platform.lib.admin.display import admin_url
from billing_platform.lib.admin.timeline import Before, Moment, Tells, told
from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import format_money
from organisations.models import Organisation
from payments.models import Dispute, Payment, Refund, ReminderPause, SentCertificate

_BAD = frozenset({Payment.Status.FAILED, Payment.Status.REVERSED})


def _payments(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def moment(payment: Payment) -> Moment:
        amount = format_money(payment.amount, payment.currency)
        text = f"{payment.get_method_display_name()} of {amount}: {payment.get_status_display().lower()} ({payment})"
        return Moment(
            payment.attempted_at, str(payment.pk), text, admin_url(payment), "danger" if payment.status in _BAD else ""
        )

    return told(Payment.objects.filter(organisation=customer), "attempted_at", before, most, moment)


def _refunds(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def moment(refund: Refund) -> Moment:
        amount = format_money(refund.amount, refund.payment.currency)
        text = f"Refund {refund} of {amount}: {refund.get_status_display().lower()}"
        return Moment(refund.created_at, str(refund.pk), text, admin_url(refund))

    rows = Refund.objects.filter(payment__organisation=customer).select_related("payment")
    return told(rows, "created_at", before, most, moment)


def _disputes(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def moment(dispute: Dispute) -> Moment:
        text = f"Dispute of {dispute.payment}: {dispute.get_status_display().lower()}"
        return Moment(dispute.created_at, str(dispute.pk), text, admin_url(dispute), "danger")

    rows = Dispute.objects.filter(payment__organisation=customer).select_related("payment")
    return told(rows, "created_at", before, most, moment)


def _promises(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def moment(pause: ReminderPause) -> Moment:
        day = f" by {day_text(pause.last_day)}" if pause.last_day else ""
        what = "Promised to pay" if pause.kind == ReminderPause.Kind.PROMISE else "Reminders paused for"
        text = f"{what} {pause.invoice}{day}: {pause.note} ({pause.placed_by})"
        return Moment(pause.created_at, str(pause.pk), text, admin_url(pause.invoice))

    rows = ReminderPause.objects.filter(invoice__organisation=customer).select_related("invoice")
    return told(rows, "created_at", before, most, moment)


def _certificates(customer: Organisation, before: Before | None, most: int) -> Iterable[Moment]:
    def moment(sent: SentCertificate) -> Moment:
        state = sent.get_status_display().lower()
        text = f"TDS certificate {sent.certificate_number} of {sent.quarter} sent in, {sent.amount_text}: {state}"
        return Moment(sent.created_at, str(sent.pk), text, admin_url(sent), "warning" if sent.is_to_check else "")

    rows = SentCertificate.objects.filter(organisation=customer).defer("content")
    return told(rows, "created_at", before, most, moment)


TELLS = (
    Tells("payments", "Payments", "payments", "payments.view_payment", _payments),
    Tells("refunds", "Refunds", "undo", "payments.view_refund", _refunds),
    Tells("disputes", "Disputes", "gavel", "payments.view_dispute", _disputes),
    Tells("promises", "Promises", "handshake", "payments.view_reminderpause", _promises),
    Tells("sent_certificates", "Certificates", "upload_file", "payments.view_sentcertificate", _certificates),
)
