"""JSON logs: one object per line, with the request id and without secrets."""

from __future__ import annotations

import logging
import re
from typing import Any

import msgspec
from django.conf import settings

from billing_platform.lib.http import request_id

_SECRETS = re.compile(
    r"(mbp_(?:live|test)_[A-Za-z0-9]{8}_)[A-Za-z0-9_-]+|(Bearer\s+|Basic\s+)[A-Za-z0-9._~+/=-]+"
    r"|(/(?:pay|debits|portal/open)/)[A-Za-z0-9_-]+",
    re.IGNORECASE,
)
_SIGNS = (
    "mbp_",
    "bearer",
    "basic",
    "/pay/",
    "/debits/",
    "/portal/open/",
)  # every secret has one of them; this search is much faster than the patterns
_OWN = {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
"""The attributes of every log record. Others were given as `extra`."""


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON. API keys, Authorization headers and tokens of customers' links are masked."""
        line = msgspec.json.encode(self._fields(record), enc_hook=str).decode()
        lower = line.lower()
        if any(sign in lower for sign in _SIGNS):
            line = _SECRETS.sub(lambda match: f"{match[match.lastindex or 0]}***", line)
        return line

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.current_request_id(),
            "environment": settings.ENVIRONMENT,
        }
        for name, value in record.__dict__.items():
            if name not in _OWN:
                fields[name] = value
        if record.exc_info:
            fields["exc_info"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack_info"] = self.formatStack(record.stack_info)
        return fields
