"""What invoicing's endpoints share: JSON whose numbers are exact, periods, and one way to validate a body."""

from __future__ import annotations

import codecs
from decimal import Decimal
from typing import Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.utils import json

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.periods import BillingPeriod, PeriodError

FIRST_YEAR, LAST_YEAR = 2000, 2999
"""Beyond them lies nothing to bill, and soon the end of what dates can be computed with."""


class ExactJSONParser(JSONParser):
    """JSON in which 0.0123 arrives as the Decimal that was written: no float touches money."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            text = codecs.getreader(encoding)(stream)
            return json.load(text, parse_float=Decimal, parse_constant=json.strict_constant)
        except ValueError as error:
            raise ParseError(f"This is not JSON: {error}") from None


def validated(serializer_class: Any, request: Request) -> dict[str, Any]:
    serializer = serializer_class(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


def parse_period(text: Any) -> BillingPeriod:
    try:
        period = BillingPeriod.parse(str(text))
    except PeriodError as error:
        raise InvalidInput.field("period", str(error)) from None
    if not FIRST_YEAR <= period.start.year <= LAST_YEAR:
        raise InvalidInput.field("period", f"must lie between {FIRST_YEAR} and {LAST_YEAR}.")
    return period


def filters(request: Request, *names: str) -> dict[str, str]:
    """The query parameters that narrow a list, named after its fields."""
    return {name: request.query_params[name] for name in names if request.query_params.get(name)}
