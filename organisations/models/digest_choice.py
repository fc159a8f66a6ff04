"""Whether an operator gets the daily digest."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from billing_platform.lib.database.models import BaseModel


class DigestChoice(BaseModel):
    """One user's own. Who has chosen nothing gets the digest on days on which something waits."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="digest_choice")
    is_on = models.BooleanField("send me the daily digest", default=True)
    when_nothing_waits = models.BooleanField("also on days on which nothing waits", default=False)

    def __str__(self) -> str:
        return str(self.user)
