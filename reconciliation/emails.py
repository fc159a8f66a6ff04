"""E-mails of reconciliation: what the daily run found, and that it is late."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse

from billing_platform.lib.admin.contributions import list_address, page_address
from billing_platform.lib.dates_in_words import day_text
from organisations.models import BillingEntity
from organisations.notifications.outbox import queue_email
from reconciliation.models import Discrepancy, Run
from reconciliation.selectors.people import who_may_resolve
from reconciliation.selectors.summary import Listed, Part, Summary, summary_of


def queue_summary(run: Run) -> None:
    """Mail what a daily run came to, once for each run; unless all agrees and RECONCILIATION_MAIL_ALWAYS is off."""
    summary = summary_of(run)
    if summary.is_quiet and not settings.RECONCILIATION_MAIL_ALWAYS:
        return
    _queue("reconciliation_summary", run.pk, {"run": run, "page": _page(run), **_words_of(summary)})


def queue_late(newest: Run, *, today: date) -> None:
    """Mail that the daily run is late, once a day."""
    context = {"run": newest, "is_begun": newest.finished_at is None, "page": _page(newest)}
    _queue("reconciliation_late", today, context)


def _queue(kind: str, about: Any, context: dict[str, Any]) -> None:
    recipients = _recipients()
    if recipients:
        queue_email(
            organisation=None,
            kind=kind,
            dedupe_key=f"{kind}:{about}",
            recipients=recipients,
            context=context,
        )


def _recipients() -> list[str]:
    """The addresses of the settings; else of those who may decide about everybody's; else of the default seller."""
    if settings.RECONCILIATION_MAIL_TO:
        return list(settings.RECONCILIATION_MAIL_TO)
    people = who_may_resolve([None]).exclude(email="").values_list("email", flat=True)
    if people:
        return sorted({*people})
    return list(BillingEntity.objects.filter(is_default=True).values_list("email", flat=True)[:1])


def _words_of(summary: Summary) -> dict[str, Any]:
    parts = (("New", summary.new), ("Still standing", summary.standing), ("Gone", summary.gone))
    return {
        "summary": summary,
        "parts": [{"title": title, "part": part, "rows": _rows(part)} for title, part in parts if part.count],
        "squares": f"{settings.SITE_URL}{page_address(Run, 'last_days')}",
        "list": f"{settings.SITE_URL}{list_address(Discrepancy, attention='standing')}",
    }


def _rows(part: Part) -> list[dict[str, str]]:
    return [
        {"about": each.discrepancy.about, "said": _said(each), "page": _page(each.discrepancy)} for each in part.worst
    ]


def _said(listed: Listed) -> str:
    row = listed.discrepancy
    facts = [str(row.get_kind_display()), f"about {listed.worth}" if listed.worth else "", _since(listed)]
    return " · ".join(each for each in facts if each)


def _since(listed: Listed) -> str:
    day = f"since {day_text(listed.discrepancy.first_seen_at.date())}"
    return f"{day}, {listed.age}" if listed.discrepancy.age_days else day


def _page(row: Run | Discrepancy) -> str:
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return f"{settings.SITE_URL}{reverse(name, args=[row.pk])}"
