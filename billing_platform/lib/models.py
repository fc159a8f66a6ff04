"""What every table of ours starts from: a UUID key and creation and change times."""

from __future__ import annotations

import uuid

from django.db import models

from billing_platform.lib import clock


class BaseModel(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
