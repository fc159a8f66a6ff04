"""An index of allocations by time: what was owed at the end of a past day asks for what was credited since."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0002_payments_that_wait")]

    operations = [
        AddIndexConcurrently(
            model_name="paymentallocation",
            index=models.Index(fields=["created_at"], name="allocation_by_time"),
        ),
    ]
