"""What an e-mail address is there for."""

from __future__ import annotations

from django.db import models


class Purpose(models.TextChoices):
    """Of an e-mail, and of whoever reads it at a customer."""

    BILLING = "billing", "Billing"
    FINANCE = "finance", "Finance"
    TECHNICAL = "technical", "Technical"
