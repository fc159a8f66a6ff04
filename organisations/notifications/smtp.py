"""Django's SMTP backend, which keeps what the server said of recipients that it refused while it took others."""

from __future__ import annotations

import smtplib
from typing import Any

from django.core.mail.backends import smtp


class EmailBackend(smtp.EmailBackend):
    refused: dict[str, tuple[int, bytes]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.refused = {}

    @property
    def connection_class(self) -> Any:
        backend = self
        base = smtplib.SMTP_SSL if self.use_ssl else smtplib.SMTP

        class Remembering(base):  # type: ignore[misc, valid-type]  # one of two
            def sendmail(self, *args: Any, **kwargs: Any) -> Any:
                backend.refused = super().sendmail(*args, **kwargs)
                return backend.refused

        return Remembering
