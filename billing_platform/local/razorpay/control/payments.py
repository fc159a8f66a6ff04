"""What payers, their banks and people at Razorpay's dashboard do."""

from __future__ import annotations

from django.http import HttpRequest

from billing_platform.local.razorpay import failures
from billing_platform.local.razorpay.control.endpoint import Route, control, options_of
from billing_platform.local.razorpay.entities import payment_json, refund_json
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.services import downtimes, payments, recurring, refunds
from billing_platform.local.razorpay.services.payments import Outcome
from billing_platform.local.razorpay.validation import clean_integer


def _pay(request: HttpRequest, order_id: str) -> JSON:
    options = options_of(request)
    payment = payments.pay_order(
        order_id=order_id,
        outcome=clean_outcome(options.get("outcome")),
        method=str(options.get("method", "")),
        amount=clean_integer(options["amount"], "amount") if "amount" in options else None,
        reason=str(options.get("reason", failures.DECLINED)),
        mandate_outcome=str(options.get("mandate_outcome", "")),
    )
    return payment_json(payment)


def clean_outcome(value: object) -> Outcome:
    outcome = str(value or Outcome.SUCCESS)
    if outcome not in Outcome.values:
        raise RazorpayError(f"outcome must be one of {', '.join(Outcome.values)}", field="outcome")
    return Outcome(outcome)


def _late_authorize(request: HttpRequest, payment_id: str) -> JSON:
    return payment_json(payments.late_authorize_payment(payment_id=payment_id))


def _fail_payment(request: HttpRequest, payment_id: str) -> JSON:
    reason = str(options_of(request).get("reason", failures.TIMED_OUT))
    return payment_json(payments.fail_payment(payment_id=payment_id, reason=reason))


def _debit(request: HttpRequest, payment_id: str) -> JSON:
    """The bank answers to a debit of a mandate before its time."""
    options = options_of(request)
    payment = recurring.end_debit(
        payment_id=payment_id, outcome=str(options.get("outcome", "")), reason=str(options.get("reason", ""))
    )
    return payment_json(payment)


def _approve(request: HttpRequest, payment_id: str) -> JSON:
    return payment_json(recurring.approve_debit(payment_id=payment_id))


def _refund(request: HttpRequest, payment_id: str) -> JSON:
    """A refund made in Razorpay's dashboard: the merchant hears of it by webhook only."""
    return refund_json(refunds.create_refund(payment_id=payment_id, data=options_of(request)))


def _process_refund(request: HttpRequest, refund_id: str) -> JSON:
    return refund_json(refunds.process_refund(refund_id=refund_id))


def _fail_refund(request: HttpRequest, refund_id: str) -> JSON:
    return refund_json(refunds.fail_refund(refund_id=refund_id))


def _slow_refund(request: HttpRequest, refund_id: str) -> JSON:
    return refund_json(refunds.slow_refund(refund_id=refund_id))


def _downtime(request: HttpRequest, method: str, status: str) -> JSON:
    """Also `severity`, and `instrument` as an object."""
    return downtimes.tell(method=method, status=status, **options_of(request))


ROUTES: list[Route] = [
    ("orders/<str:order_id>/pay", control(POST=_pay)),
    ("payments/<str:payment_id>/late_authorize", control(POST=_late_authorize)),
    ("payments/<str:payment_id>/fail", control(POST=_fail_payment)),
    ("payments/<str:payment_id>/debit", control(POST=_debit)),
    ("payments/<str:payment_id>/approve", control(POST=_approve)),
    ("payments/<str:payment_id>/refund", control(POST=_refund)),
    ("refunds/<str:refund_id>/slow", control(POST=_slow_refund)),
    ("refunds/<str:refund_id>/process", control(POST=_process_refund)),
    ("refunds/<str:refund_id>/fail", control(POST=_fail_refund)),
    ("downtimes/<str:method>/<str:status>", control(POST=_downtime)),
]
