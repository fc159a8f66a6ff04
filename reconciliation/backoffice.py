"""What reconciliation adds to shared pages: what does not agree, and the runs that look for it."""

from __future__ import annotations

from billing_platform.lib.admin.contributions import Contribution, Group, SidebarItem, Urgency, Verb, Waits
from organisations.scoping import reaches_every_organisation
from reconciliation import set_up
from reconciliation.models import CheckRun, DailyStatement, Discrepancy, ProofBlock, Run

BACKOFFICE = Contribution(
    set_up=set_up.steps,
    sidebar=(
        SidebarItem(Group.RECONCILIATION, Discrepancy, "difference"),
        SidebarItem(Group.RECONCILIATION, Discrepancy, "balance", page="completeness", page_title="Completeness"),
        SidebarItem(Group.RECONCILIATION, Run, "fact_check", reaches_every_organisation),
        SidebarItem(Group.RECONCILIATION, DailyStatement, "verified", reaches_every_organisation),
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
            owner="assigned_to__username",
            ever=Discrepancy.objects.for_organisations,
        ),
        Waits(
            kind="checks_failed",
            one="reconciliation run has a check that failed: see why, and run it again",
            many="reconciliation runs have a check that failed: see why, and run it again",
            rows=lambda user: Run.objects.for_organisations(user).failed(),
            model=Run,
            filters={"attention": "failed"},
            urgency=Urgency.BILLING,
            since="created_at",
        ),
        Waits(
            kind="reconciliation_late",
            one="daily reconciliation is late: see how far it is, or begin it",
            many="daily reconciliations are late: see how far they are",
            rows=lambda user: Run.objects.for_organisations(user).late(),
            model=Run,
            filters={"attention": "late"},
            urgency=Urgency.BILLING,
            since="created_at",
        ),
    ),
    mends={
        "discrepancies": Verb("Decide", "reconciliation.resolve_discrepancy"),
        "checks_failed": Verb("Run again", "reconciliation.start_run"),
        "reconciliation_late": Verb("Begin", "reconciliation.start_run"),
    },
    operators_may=frozenset({"start_run", "resolve_discrepancy"}),
    unwatched=frozenset({CheckRun, DailyStatement, ProofBlock}),
)
