"""An index for what was billed by month of issue: without it the dashboard reads all invoices."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("invoicing", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="invoice",
            index=models.Index(
                fields=["issue_date"],
                include=["id", "organisation", "currency", "total", "amount_credited", "amount_paid"],
                condition=~Q(status="draft") & ~Q(status="void"),
                name="invoice_billed",
            ),
        ),
    ]
