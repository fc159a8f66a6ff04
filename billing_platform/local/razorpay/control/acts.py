"""What the buttons of the control page do: the verbs of the control API, for forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from billing_platform.local.razorpay import currencies, delivery
from billing_platform.local.razorpay.control.balance import DECISIONS
from billing_platform.local.razorpay.control.mandates import VERBS as TOKEN_VERBS
from billing_platform.local.razorpay.control.switches import advance_clock, arm_fault, change_settings, wipe
from billing_platform.local.razorpay.control.webhooks import clean_release_order, clean_signature
from billing_platform.local.razorpay.errors import RazorpayError
from billing_platform.local.razorpay.lookup import get_payment
from billing_platform.local.razorpay.models import Fault, State
from billing_platform.local.razorpay.services import (
    balance,
    disputes,
    downtimes,
    payments,
    recurring,
    refunds,
    registration_links,
    settlements,
)
from billing_platform.local.razorpay.validation import clean_integer, clean_major_amount

Form = Mapping[str, str]
Act = Callable[[Form], str]


def act(verb: str, form: Form) -> str:
    """Do it, and say in a sentence what was done. Raises RazorpayError."""
    if verb not in ACTS:
        raise RazorpayError("There is no such button.")
    return ACTS[verb](form)


def _late_success(form: Form) -> str:
    payment = payments.late_authorize_payment(payment_id=form["id"])
    return f"{payment.public_id} turned out well: it is {payment.status}."


def _fail(form: Form) -> str:
    payment = payments.fail_payment(payment_id=form["id"], reason=form["reason"])
    return f"{payment.public_id} failed: {payment.error['description']}"


def _approve(form: Form) -> str:
    payment = recurring.approve_debit(payment_id=form["id"])
    return f"The payer approved {payment.public_id}: it is {payment.status}."


def _debit(form: Form) -> str:
    payment = recurring.end_debit(payment_id=form["id"], outcome="captured")
    reason = payment.error.get("description", "")
    return f"The bank answered: {payment.public_id} is {payment.status}. {reason}".strip()


def _debit_fails(form: Form) -> str:
    payment = recurring.end_debit(payment_id=form["id"], outcome="failed", reason=form["reason"])
    return f"{payment.public_id} failed: {payment.error['description']}"


def _refund(form: Form) -> str:
    payment = get_payment(form["id"])
    amount = clean_major_amount(form.get("amount", ""), payment.currency)
    data = {} if amount is None else {"amount": amount}
    refund = refunds.create_refund(payment_id=payment.public_id, data=data)
    shown = currencies.display_amount(refund.amount, refund.currency)
    return f"{shown} of {payment.public_id} is refunded; only the webhook of {refund.public_id} tells the merchant."


def _dispute(form: Form) -> str:
    payment = get_payment(form["id"])
    amount = clean_major_amount(form.get("amount", ""), payment.currency)
    dispute = disputes.open_dispute(payment_id=payment.public_id, amount=amount)
    shown = currencies.display_amount(dispute.amount, payment.currency)
    return f"The payer's bank disputes {shown} of {payment.public_id} ({dispute.public_id})."


def _end_refund(end: Callable[..., object], word: str) -> Act:
    def done(form: Form) -> str:
        end(refund_id=form["id"])
        return f"{form['id']} is {word}."

    return done


def _change_token(verb: str) -> Act:
    def done(form: Form) -> str:
        token = TOKEN_VERBS[verb](token_id=form["id"])
        return f"{token.public_id} is {token.status}."

    return done


def _decide(verb: str) -> Act:
    def done(form: Form) -> str:
        dispute = DECISIONS[verb](dispute_id=form["id"])
        return f"{dispute.public_id} is {dispute.status.replace('_', ' ')}."

    return done


def _expire_link(form: Form) -> str:
    link = registration_links.expire_registration_link(link_id=form["id"])
    return f"{link.public_id} is {link.status}."


def _settle(form: Form) -> str:
    most = clean_major_amount(form.get("most", ""), "INR")
    settlement = settlements.settle_now(most=most, fails="fails" in form)
    shown = currencies.display_amount(settlement.amount, "INR")
    return f"{settlement.public_id} of {shown} is {settlement.status}."


def _adjust(form: Form) -> str:
    amount = clean_major_amount(form.get("amount", ""), "INR")
    if amount is None:
        raise RazorpayError("The amount is missing.")
    entry = balance.record_adjustment(amount=amount, description=form.get("description") or "Adjustment")
    return f"{entry.public_id} is in the balance."


def _downtime(form: Form) -> str:
    entity = downtimes.tell(method=form["method"], status=form["status"])
    return f"The merchant is told that {entity['method']} {'works again' if entity['end'] else 'is down'}."


def _send(form: Form) -> str:
    sent = delivery.redeliver(
        delivery_pk=clean_integer(form["id"], "id"),
        copies=clean_integer(form.get("copies", "1"), "copies"),
        signature=clean_signature(form.get("signature")),
    )
    if sent is None:
        raise RazorpayError("There is no such delivery.")
    last = sent.attempts[-1]
    return f"{sent.event.name} was sent; the merchant answered {last['status'] or last['error']}."


def _release(form: Form) -> str:
    sent = delivery.release(order=clean_release_order(form.get("order")))
    return f"{len(sent)} webhook{'' if len(sent) == 1 else 's'} left."


def _advance(form: Form) -> str:
    advance_clock(clean_integer(form["seconds"], "seconds"))
    return "Time has passed."


def _arm(form: Form) -> str:
    match = form.get("other", "").strip() or form["match"]
    fault = arm_fault({"match": match, "kind": form["kind"], "times": form["times"], "seconds": form["seconds"]})
    return f"The next {fault.remaining} × {fault.match} will go wrong."


def _disarm(form: Form) -> str:
    Fault.objects.all().delete()
    return "No fault is armed."


def _switch(form: Form) -> str:
    """The fields of one form; a switch that is off is not sent, so the form names its switches."""
    changes: dict[str, object] = {
        name: form.get(name, "")
        for name in form.get("fields", "").split()
        if name in {field.name for field in State._meta.fields}
    }
    changes |= {name: name in form for name in form.get("switches", "").split()}
    if changes.get("max_amount") == "":
        changes["max_amount"] = None
    if changes.get("recurring_after_seconds") == "":
        changes["recurring_after_seconds"] = None
    change_settings(changes)
    return "The switches are set."


def _reset(form: Form) -> str:
    wipe()
    return "All is forgotten, the clock and the switches included."


ACTS: dict[str, Act] = {
    "late_success": _late_success,
    "fail": _fail,
    "approve": _approve,
    "debit": _debit,
    "debit_fails": _debit_fails,
    "refund": _refund,
    "dispute": _dispute,
    "process_refund": _end_refund(refunds.process_refund, "processed"),
    "slow_refund": _end_refund(refunds.slow_refund, "no longer instant"),
    "downtime": _downtime,
    "fail_refund": _end_refund(refunds.fail_refund, "failed"),
    **{f"token_{verb}": _change_token(verb) for verb in TOKEN_VERBS},
    **{f"dispute_{verb}": _decide(verb) for verb in DECISIONS},
    "expire_link": _expire_link,
    "settle": _settle,
    "adjust": _adjust,
    "send": _send,
    "release": _release,
    "advance": _advance,
    "arm": _arm,
    "disarm": _disarm,
    "switch": _switch,
    "reset": _reset,
}
