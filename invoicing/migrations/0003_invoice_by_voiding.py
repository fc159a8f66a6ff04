"""An index of the few void invoices: what was owed at the end of a past day asks for those that are void since."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("invoicing", "0002_invoice_billed")]

    operations = [
        AddIndexConcurrently(
            model_name="invoice",
            index=models.Index(
                fields=["voided_at"], condition=Q(voided_at__isnull=False), name="invoice_by_voiding"
            ),
        ),
    ]
