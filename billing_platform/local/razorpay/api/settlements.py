"""/v1/settlements and the recon report."""

from __future__ import annotations

import calendar
import re
from datetime import datetime

from django.http import HttpRequest

from billing_platform.local.razorpay.api.endpoint import endpoint
from billing_platform.local.razorpay.balance_entities import recon_row, settlement_json
from billing_platform.local.razorpay.entities import collection
from billing_platform.local.razorpay.errors import JSON, RazorpayError
from billing_platform.local.razorpay.lookup import get_settlement, page, window
from billing_platform.local.razorpay.mandate_rules import IST
from billing_platform.local.razorpay.models import BalanceEntry, Settlement
from billing_platform.local.razorpay.validation import require

MAX_RECON_COUNT = 1000
ENTRIES = BalanceEntry.objects.select_related("settlement", "payment__order", "refund", "dispute")


def _list(request: HttpRequest) -> JSON:
    return collection([settlement_json(row) for row in page(Settlement.objects.all(), request.GET.dict())])


def _fetch(request: HttpRequest, settlement_id: str) -> JSON:
    return settlement_json(get_settlement(settlement_id))


def _recon(request: HttpRequest) -> JSON:
    """What was settled in a month or on a day of India, oldest settlement first."""
    params = request.GET.dict()
    require(params, "year", "month")
    start, end = _period(params["year"], params["month"], params.get("day"))
    count, skip = window(params, most=MAX_RECON_COUNT)
    rows = ENTRIES.filter(settlement__created_at__gte=start, settlement__created_at__lt=end)
    ordered = rows.order_by("settlement__created_at", "settlement", "created_at", "pk")
    return collection([recon_row(entry) for entry in ordered[skip : skip + count]])


def _period(year: str, month: str, day: str | None) -> tuple[int, int]:
    """Unix seconds of its start and its end."""
    if not re.fullmatch(r"\d{4}", year):
        raise RazorpayError("The year must be 4 digits.", field="year")
    if not re.fullmatch(r"0?[1-9]|1[0-2]", month):
        raise RazorpayError("The month is not a valid month.", field="month")
    last = calendar.monthrange(int(year), int(month))[1]
    if day is not None and not re.fullmatch(r"\d{1,2}", day):
        raise RazorpayError("The day must be between 1 and 2 digits.", field="day")
    if day is not None and not 1 <= int(day) <= last:
        raise RazorpayError("The day is not a valid day.", field="day")
    start = datetime(int(year), int(month), int(day or 1), tzinfo=IST)
    days = 1 if day is not None else last
    return int(start.timestamp()), int(start.timestamp()) + days * 24 * 60 * 60


settlement_list = endpoint(GET=_list)
settlement_detail = endpoint(GET=_fetch)
settlement_recon = endpoint(GET=_recon)
