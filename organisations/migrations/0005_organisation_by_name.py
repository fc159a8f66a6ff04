"""An index in the order of lists and menus of customers, which sorted all of them for the first page."""

from __future__ import annotations

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("organisations", "0004_job_days")]

    operations = [
        AddIndexConcurrently(
            model_name="organisation",
            index=models.Index(fields=["name", "-id"], name="organisation_by_name"),
        ),
    ]
