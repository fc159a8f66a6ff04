"""/v1/customers and the tokens of a customer."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest

from billing_platform.local.razorpay import clock
from billing_platform.local.razorpay.api.endpoint import body_of, endpoint
from billing_platform.local.razorpay.entities import collection
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_customer, get_token, page
from billing_platform.local.razorpay.mandate_entities import customer_json, token_json
from billing_platform.local.razorpay.models import Customer, Token
from billing_platform.local.razorpay.services import customers, tokens


def _create(request: HttpRequest) -> JSON:
    return customer_json(customers.create_customer(data=body_of(request)))


def _list(request: HttpRequest) -> JSON:
    return collection([customer_json(row) for row in page(Customer.objects.all(), request.GET.dict())])


def _fetch(request: HttpRequest, customer_id: str) -> JSON:
    return customer_json(get_customer(customer_id))


def _edit(request: HttpRequest, customer_id: str) -> JSON:
    return customer_json(customers.edit_customer(customer_id=customer_id, data=body_of(request)))


def _tokens(request: HttpRequest, customer_id: str) -> JSON:
    """Without those that are rejected, expired or never used."""
    unusable = Q(status__in=(Token.Status.REJECTED, Token.Status.INITIATED)) | Q(expires_at__lte=clock.now())
    rows = get_customer(customer_id).tokens.filter(deleted_at=None).exclude(unusable).order_by("-pk")
    return collection([token_json(token) for token in rows])


def _token_of(customer_id: str, token_id: str) -> Token:
    customer, token = get_customer(customer_id), get_token(token_id)
    if token.customer != customer:
        raise RazorpayError("The id provided does not exist")
    return token


def _token(request: HttpRequest, customer_id: str, token_id: str) -> JSON:
    return token_json(_token_of(customer_id, token_id))


def _delete_token(request: HttpRequest, customer_id: str, token_id: str) -> JSON:
    tokens.delete_token(token_id=_token_of(customer_id, token_id).public_id)
    return {"deleted": True}


def _cancel_token(request: HttpRequest, customer_id: str, token_id: str) -> JSON:
    tokens.cancel_token(token_id=_token_of(customer_id, token_id).public_id)
    return {"status": "cancellation_initiated"}


customer_list = endpoint(GET=_list, POST=_create)
customer_detail = endpoint(GET=_fetch, PUT=_edit)
token_list = endpoint(GET=_tokens)
token_detail = endpoint(GET=_token, DELETE=_delete_token)
token_cancel = endpoint(PUT=_cancel_token)
