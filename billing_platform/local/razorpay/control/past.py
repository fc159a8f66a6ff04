"""What happened before the sandbox was there: taken as it is told, and no webhook tells of it."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest

from billing_platform.local.razorpay.api.endpoint import json_of
from billing_platform.local.razorpay.control.endpoint import Route, control
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.models import BalanceEntry, Dispute, Order, Payment, Refund, Settlement

CAPTURED = (Payment.Status.CAPTURED, Payment.Status.REFUNDED)
ModelT = TypeVar("ModelT", bound=Model)


@transaction.atomic
def _remember(request: HttpRequest) -> JSON:
    """`orders`, `payments`, `refunds`, `disputes`, `settlements` (each with its recon rows as `rows`): lists, spelt as
    Razorpay's answers. What they belong to is told with them, or known already."""
    told = json_of(request)
    try:
        orders = Order.objects.bulk_create([_row(Order, each) for each in told.get("orders", [])])
        payments = Payment.objects.bulk_create(_payments(told.get("payments", [])))
        refunds = Refund.objects.bulk_create(_of_payments(Refund, told.get("refunds", [])))
        Dispute.objects.bulk_create(_of_payments(Dispute, told.get("disputes", [])))
        for each in told.get("settlements", []):
            _settle(each)
    except (KeyError, TypeError, AttributeError) as error:
        raise RazorpayError(f"This can't have happened: {error!r}") from error
    return {"orders": len(orders), "payments": len(payments), "refunds": len(refunds)}


def _row(model: type[ModelT], entity: dict[str, Any], **more: Any) -> ModelT:
    names = {field.name for field in model._meta.fields} - {"id"}
    return model(public_id=entity["id"], **{name: entity[name] for name in names & entity.keys()}, **more)


def _payments(told: list[dict[str, Any]]) -> list[Payment]:
    orders = Order.objects.in_bulk([each["order_id"] for each in told], field_name="public_id")
    captured = [{"captured": each["status"] in CAPTURED} for each in told]
    return [
        _row(Payment, each | more, order=orders[each["order_id"]]) for each, more in zip(told, captured, strict=True)
    ]


def _of_payments(model: type[ModelT], told: list[dict[str, Any]]) -> list[ModelT]:
    payments = Payment.objects.in_bulk([each["payment_id"] for each in told], field_name="public_id")
    return [_row(model, each, payment=payments[each["payment_id"]]) for each in told]


def _settle(entity: dict[str, Any]) -> None:
    settlement = _row(Settlement, entity)
    settlement.save()
    for row in entity["rows"]:
        payment = Payment.objects.filter(public_id=row["entity_id"]).first()
        refund = Refund.objects.filter(public_id=row["entity_id"]).first()
        BalanceEntry.objects.create(
            kind=row["type"],
            public_id=row["entity_id"],
            payment=refund.payment if refund else payment,
            refund=refund,
            settlement=settlement,
            due_at=settlement.created_at,
            **{name: row[name] for name in ("amount", "credit", "debit", "fee", "tax", "created_at")},
        )


ROUTES: list[Route] = [("past", control(POST=_remember))]
