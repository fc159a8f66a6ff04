"""Confirm what is done to many rows of a list, and do it as a worker does."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.test.client import Client

from organisations.models import BulkJob
from organisations.services.bulk.running import run_job


def hidden(client: Client, url: str, *names: str) -> dict[str, str]:
    """What the page that asks carries: its token, and the seal of what it shows."""
    page = client.get(url)
    assert page.status_code == 200, page.status_code
    shown = page.content.decode()
    return {name: re.findall(f'name="{name}" value="([^"]+)"', shown)[0] for name in names or ("once", "seal")}


def begun(client: Client, url: str, **answers: Any) -> BulkJob:
    """The job that confirming begins."""
    answer = client.post(url, {**hidden(client, url), **answers})
    assert answer.status_code == 302, answer.context["form"].errors
    found = re.search(r"/bulkjob/([0-9a-f-]{36})/", answer.url)
    assert found, answer.url
    return BulkJob.objects.get(pk=UUID(found[1]))


def confirmed(client: Client, url: str, **answers: Any) -> BulkJob:
    """The same, worked off."""
    job = begun(client, url, **answers)
    run_job(job_id=job.pk)
    job.refresh_from_db()
    return job


def outcomes(job: BulkJob) -> dict[str, tuple[str, str]]:
    """What became of each row, and why, by its name."""
    return {item.name: (item.state, item.reason) for item in job.items.all()}
