"""An index of dead letters by the time they came: the dashboard counts those of two weeks."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("events", "0001_initial")]

    operations = [
        AddIndexConcurrently(
            model_name="deadletter",
            index=models.Index(fields=["first_seen_at"], name="dead_letter_by_time"),
        ),
    ]
