"""How the body of a request is read: JSON without floats, checked by one serializer."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.serializers import Serializer
from rest_framework.utils import json


class ExactJsonParser(JSONParser):
    """JSON in which 0.0123 arrives as the Decimal that was written: no float touches money or a quantity."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            text = stream.read().decode(encoding)
            return json.loads(text, parse_float=Decimal, parse_constant=json.strict_constant)
        except RecursionError:
            raise exceptions.ParseError("This is not JSON: it is nested too deeply.") from None
        except InvalidOperation:
            raise exceptions.ParseError("A number's exponent is beyond all measure.") from None
        except ValueError as error:
            raise exceptions.ParseError(f"This is not JSON: {error}") from None


def validated(serializer: type[Serializer[Any]], request: Request, *, change_of: Any = None) -> dict[str, Any]:
    """The checked values of a body: of a whole object, or of a change (PATCH) of the object that is given.

    Raises DRF's ValidationError (400), which names each bad field.
    """
    body = serializer(change_of, data=request.data, partial=change_of is not None)
    body.is_valid(raise_exception=True)
    values: dict[str, Any] = body.validated_data
    return values
