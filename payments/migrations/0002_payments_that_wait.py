"""Indexes of the few payments with a problem, and of those by Razorpay: without them the dashboard reads all payments."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="payment",
            index=models.Index(fields=["organisation"], condition=~Q(problem=""), name="payment_with_problem"),
        ),
        AddIndexConcurrently(
            model_name="payment",
            index=models.Index(fields=["paid_at"], condition=Q(kind="gateway"), name="payment_online"),
        ),
    ]
