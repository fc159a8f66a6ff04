"""An index of failed payments by their time: the dashboard counts those of two weeks."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0004_payment_given_back")]

    operations = [
        AddIndexConcurrently(
            model_name="payment",
            index=models.Index(fields=["attempted_at"], condition=Q(status="failed"), name="payment_failed_by_time"),
        ),
    ]
