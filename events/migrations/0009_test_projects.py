from django.db import migrations

from billing_platform.lib.sql import sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0008_sentences_of_constraints"),
        ("organisations", "0008_project_mode"),
    ]

    operations = [
        sql_file(__file__, "test_projects"),
    ]
