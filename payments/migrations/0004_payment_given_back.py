"""An index of the few payments of which something went back: what all customers owe asks for them."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("payments", "0003_allocation_by_time")]

    operations = [
        AddIndexConcurrently(
            model_name="payment",
            index=models.Index(
                fields=["id"], condition=Q(status="reversed") | Q(amount_refunded__gt=0), name="payment_given_back"
            ),
        ),
    ]
