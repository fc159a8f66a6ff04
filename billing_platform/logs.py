"""Structured JSON logs: one object a line, with the request id and without secrets."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.conf import settings
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from billing_platform.lib import request_id

_SECRETS = re.compile(
    r"(mbp_(?:live|test)_[A-Za-z0-9]{8}_)[A-Za-z0-9_-]+|(Bearer\s+|Basic\s+)[A-Za-z0-9._~+/=-]+|(/pay/)[A-Za-z0-9_-]+",
    re.IGNORECASE,
)


class ContextFilter(logging.Filter):
    """Adds the request id and the environment to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.current_request_id()
        record.environment = settings.ENVIRONMENT
        return True


class JsonFormatter(BaseJsonFormatter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}{request_id}{environment}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )

    def format(self, record: logging.LogRecord) -> str:
        """The last line of defence: a key, an Authorization header, or the token that opens a pay page, is masked."""
        return _SECRETS.sub(lambda match: f"{match[match.lastindex or 0]}***", super().format(record))
