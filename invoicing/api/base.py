"""What invoicing's endpoints share: periods, and one way to validate a body."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.periods import BillingPeriod, PeriodError
from billing_platform.lib.validators import require, validate_business_date


def validated(serializer_class: Any, request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def parse_period(text: Any) -> BillingPeriod:
    try:
        period = BillingPeriod.parse(str(text))
    except PeriodError as error:
        raise InvalidInput.field("period", str(error)) from None
    require("period", period.start, validate_business_date)
    return period
