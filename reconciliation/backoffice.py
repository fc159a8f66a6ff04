"""What reconciliation adds to shared pages: what does not agree, and the runs that look for it."""

from __future__ import annotations

from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem, Urgency, Waits
from organisations.scoping import reaches_every_organisation
from reconciliation.models import CheckRun, Discrepancy, Run

BACKOFFICE = Contribution(
    sidebar=(
        SidebarItem(Group.RECONCILIATION, Discrepancy, "difference"),
        SidebarItem(Group.RECONCILIATION, Run, "fact_check", reaches_every_organisation),
    ),
    waits=(
        Waits(
            kind="discrepancies",
            one="number does not agree with another: repair it, or say why",
            many="numbers do not agree with others: repair them, or say why",
            rows=lambda user: Discrepancy.objects.for_organisations(user).standing(),
            model=Discrepancy,
            filters={"attention": "standing"},
            urgency=Urgency.MONEY,
            since="first_seen_at",
        ),
    ),
    operators_may=frozenset({"start_run", "resolve_discrepancy"}),
    unwatched=frozenset({CheckRun}),
)
