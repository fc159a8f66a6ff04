"""Rules, from the API to the e-mail: what they see, whom they tell, and that an alert is there once."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.client import Client
from django.test.utils import CaptureQueriesContext

from billing_platform.lib import clock
from billing_platform.lib.errors import DomainError
from events.models import Alert, AlertRule, AlertRuleState
from events.services.alerting import judging, rules
from events.services.alerting.acknowledging import acknowledge
from events.services.alerting.preview import preview_rule
from events.usage.report import Grain, Question, Span, usage_report
from invoicing.services.upcoming import upcoming_invoice
from organisations.models import Notification, Organisation, Project
from tests import factories
from tests.events.alerts.language import at, calls, history, judge, mails, rule, use
from tests.events.language import event, send, settle
from tests.invoicing.language import per_unit

D = Decimal


def test_a_cost_is_that_of_the_upcoming_invoice_before_tax(acme: Organisation, project: Project) -> None:
    per_unit("2.50")
    with clock.standing_at(at("11-01 00:00")):
        rule(acme, "So far", "cost_threshold", "month_to_date", 500, 1000)
        rule(acme, "Projected", "cost_threshold", "projected", 2000)
    use(project, at("11-10 12:00"), 300)
    judge(at("11-10 12:30"))
    assert history()[1] == "11-10 So far 500: 750, firing"
    with clock.standing_at(at("11-10 12:30") + timedelta(seconds=30)):
        upcoming = upcoming_invoice(organisation=acme)
    assert Alert.objects.get(rule__name="So far").value == upcoming.so_far.totals.subtotal
    assert upcoming.projected is not None
    assert Alert.objects.get(rule__name="Projected").value == upcoming.projected.totals.subtotal
    assert "11-10 Alert: The cost so far in November 2026 is ₹750.00, at or above ₹500.00" in mails()


def test_what_is_unusual_for_the_hour_of_the_week(acme: Organisation, project: Project) -> None:
    calls()
    for weeks in range(1, 6):
        use(project, at("11-26 14:10") - timedelta(weeks=weeks), 100 + weeks)
    with clock.standing_at(at("11-26 13:00")):
        pattern = rule(acme, "Odd", "unusual_pattern", "hour_of_week", 4)
    judge(at("11-26 15:06"))
    (alert,) = Alert.objects.filter(rule=pattern)
    assert "dropped to zero: 0 call in the hour from 26 Nov 2026, 14:00 IST" in alert.sentence
    assert alert.usual == 103
    use(project, at("11-26 14:20"), 104, received=at("11-26 15:10"))
    judge(at("11-26 15:12"))
    assert history() == ["11-26 Odd 4: 20, recovered 11-26"]


def test_values_are_those_of_the_usage_explorer(acme: Organisation, project: Project) -> None:
    """Whatever the aggregation; test usage is in none but that of its own project."""
    other = factories.project(acme, "Other")
    asked = {}
    for aggregation, extra in (("sum", {}), ("count", {}), ("max", {}), ("latest", {}), ("unique", {})):
        extra = {"unique_property": "user"} if aggregation == "unique" else extra
        metric = calls(acme, aggregation=aggregation, **extra)
        metric.name = aggregation
        metric.save()
        asked[aggregation] = metric
    for number, (owner, value) in enumerate([(project, 5), (project, 9), (other, 7), (project, 2)]):
        moment = at(f"11-04 1{number}:00")
        send(
            owner,
            *(
                event(
                    f"{name}-{number}",
                    value,
                    metric_name=name,
                    timestamp=moment.isoformat(),
                    metadata={"user": str(value)},
                )
                for name in asked
            ),
            at=moment,
        )
    with clock.standing_at(at("11-04 20:00")):
        settle()
        for name, metric in asked.items():
            for of in (None, project):
                rule(acme, f"{name} {of}", "usage_threshold", "month", 1, metric=metric, project=of)
        judging.judge_due()
        for row in Alert.objects.select_related("rule__metric", "rule__project"):
            span = Span(acme, at("11-01 00:00").date(), at("12-01 00:00").date())
            report = usage_report(Question(span, row.rule.metric, Grain.DAY, row.rule.project))
            assert row.value == report.total.quantity, row
    assert Alert.objects.count() == 10


def test_what_fires_while_a_rule_is_muted_or_cools_down_is_noted_and_not_told(
    acme: Organisation, project: Project
) -> None:
    calls()
    with clock.standing_at(at("11-01 00:00")):
        cooling = rule(acme, "Cool", "usage_threshold", "month", 10, 20, 30, 40, cool_down_minutes=60)
        muted = rule(acme, "Mute", "usage_threshold", "month", 10, 40)
        rules.mute_rule(rule_id=muted.pk, until=at("11-02 00:00"), reason="A load test")
    for moment, value in (("11-01 10:00", 12), ("11-01 10:30", 10), ("11-01 11:02", 10), ("11-02 10:00", 10)):
        use(project, at(moment), value)
        judge(at(moment) + timedelta(minutes=1))
    told = {(row.rule.name, int(row.threshold)): row.notice for row in Alert.objects.all()}
    assert told == {
        ("Cool", 10): "sent",
        ("Cool", 20): "cooling_down",
        ("Cool", 30): "sent",
        ("Cool", 40): "sent",
        ("Mute", 10): "muted",
        ("Mute", 40): "sent",
    }
    assert len(mails()) == 4
    assert cooling.alerts.count() == 4


def test_a_rule_that_says_something_else_begins_anew(acme: Organisation, project: Project) -> None:
    calls()
    use(project, at("11-04 10:00"), 50)
    with clock.standing_at(at("11-04 11:00")):
        month = rule(acme, "Month", "usage_threshold", "month", 40)
        judging.judge_due()
        rules.update_rule(rule_id=month.pk, name="Calls")
        assert Alert.objects.get().is_open
        rules.update_rule(rule_id=month.pk, thresholds=[D(30), D(40)])
        judging.judge_due()
        assert history() == ["11-04 Calls 30: 50, firing", "11-04 Calls 40: 50, over 11-04"]
        rules.update_rule(rule_id=month.pk, is_active=False)
        assert judging.judge_due() == 0


def test_a_jump_from_nothing_is_told_where_the_rule_says_from_how_much_on(acme: Organisation, project: Project) -> None:
    calls()
    with clock.standing_at(at("11-03 00:00")):
        rule(acme, "Silent", "usage_spike", "previous_day", 100)
        rule(acme, "Jump", "usage_spike", "previous_day", 100, least_usage=D(100))
    use(project, at("11-04 10:00"), 500)
    judge(at("11-05 00:06"))
    assert history() == ["11-05 Jump 100: 400, firing"]
    assert Alert.objects.get().sentence.startswith(
        "api_calls (call): 500 call on 4 Nov 2026, 400% more than the 0 call of the day before, counted as 100 call"
    )
    with pytest.raises(ValidationError, match="Only a jump"):
        rule(acme, "Month", "usage_threshold", "month", 10, least_usage=D(1))


def test_the_preview_is_what_would_have_been_judged(acme: Organisation, project: Project) -> None:
    calls()
    for day in (1, 2, 3, 12):
        use(project, at(f"11-{day:02} 10:00"), 10 * day)
    with clock.standing_at(at("11-14 12:00")):
        month = rule(acme, "Month", "usage_threshold", "month", 30, 60, step=100)
        preview = preview_rule(month)
        assert [(f"{p.at:%m-%d}", [int(t) for t in p.fired]) for p in preview.points if p.fired] == [
            ("11-02", [30]),
            ("11-03", [60]),
            ("11-12", [160]),
        ]
        assert preview.times == 3
        assert len(preview.points) == 31
        spike = rule(acme, "Spike", "usage_spike", "previous_day", 90)
        assert [f"{p.at:%m-%d}" for p in preview_rule(spike).points if p.fired] == ["11-02"]
        assert len(preview_rule(rule(acme, "Hour", "usage_spike", "previous_hour", 90)).points) == 720


def test_an_e_mail_leads_to_a_page_on_which_its_reader_acknowledges(
    acme: Organisation, project: Project, client: Client
) -> None:
    calls()
    use(project, clock.now(), 50)
    rule(acme, "Month", "usage_threshold", "month", 10, 20, recipients=["ops@acme.example"])
    judging.judge_due()
    mail = Notification.objects.get(kind="alert")
    assert mail.recipients == ["ops@acme.example"]
    assert mail.text.count("api_calls (call): 50 call") == 2
    path = re.search(r"/alerts/\S+", mail.text)[0]  # type: ignore[index]
    assert "Acknowledge all of them" in client.get(path).content.decode()
    assert Alert.objects.filter(state="firing").count() == 2
    assert "Somebody looks after it" in client.post(path, follow=True).content.decode()
    assert set(Alert.objects.values_list("state", "acknowledged_by")) == {
        ("acknowledged", "who has the e-mail to ops@acme.example")
    }
    assert client.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 404


def test_a_hindi_customer_reads_of_its_alert_in_hindi(acme: Organisation, project: Project) -> None:
    acme.language = Organisation.Language.HINDI
    acme.save()
    calls()
    use(project, clock.now(), 50)
    rule(acme, "Month", "usage_threshold", "month", 20, recipients=["ops@acme.example"])
    judging.judge_due()
    mail = Notification.objects.get(kind="alert")
    assert "सीमा 20 call तक पहुँचा" in mail.text
    assert mail.subject.startswith("अलर्ट: ")
    assert "at or above 20 call" in Alert.objects.get().sentence  # operators read it in English


def test_by_the_api(api: Client, acme: Organisation, project: Project) -> None:
    calls()
    here = f"/api/v1/admin/organisations/{acme.pk}/alert-rules"
    body = {"name": "Month", "kind": "usage_threshold", "span": "month", "thresholds": ["10", 30], "step": "100"}
    wrong = _post(api, here, body)
    assert (wrong.status_code, list(wrong.json()["details"])) == (400, ["metric"])
    assert _post(api, here, body | {"metric_name": "no", "unit": "call"}).status_code == 404
    made = _post(api, here, body | {"metric_name": "api_calls", "unit": "call", "recipients": ["a@b.example"]}).json()
    assert (made["thresholds"], made["step"], made["operator"], made["value"]) == (["10", "30"], "100", "gte", None)
    there = f"/api/v1/admin/alert-rules/{made['id']}"
    changed = api.patch(there, {"thresholds": ["5"], "step": None}, content_type="application/json").json()
    assert (changed["thresholds"], changed["step"], changed["metric_name"]) == (["5"], None, "api_calls")
    for part, sentence in (("span", "projected"), ("operator", "near")):
        assert api.patch(there, {part: sentence}, content_type="application/json").status_code == 400
    use(project, clock.now(), 7)
    judging.judge_due()
    assert api.get(there).json()["value"] == "7"
    (alert,) = api.get(f"/api/v1/admin/organisations/{acme.pk}/alert-history?state=firing").json()["results"]
    assert (alert["threshold"], alert["value"], alert["rule_name"]) == ("5", "7", "Month")
    done = _post(api, f"/api/v1/admin/alerts/{alert['id']}/acknowledge", {}).json()
    assert (done["state"], done["acknowledged_by"]) == ("acknowledged", "admin")
    until = (clock.now() + timedelta(days=1)).isoformat()
    assert _post(api, f"{there}/mute", {"until": until, "reason": "Tests"}).json()["mute_reason"] == "Tests"
    assert _post(api, f"{there}/mute", {"until": "2020-01-01T00:00:00Z", "reason": "x"}).status_code == 400
    assert _post(api, f"{there}/unmute", {}).json()["muted_until"] is None
    assert _post(api, f"{there}/test", {}).json()["recipients"] == ["a@b.example"]
    assert api.get(f"{there}/preview").json()["times"] == 1
    assert api.delete(there).status_code == 204
    assert api.get(there).json()["retired_at"] is not None
    assert api.get(f"/api/v1/admin/organisations/{acme.pk}/alert-history").json()["results"][0]["state"] == "over"
    refused = api.patch(there, {"name": "Again"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (409, "ALERT_RULE_RETIRED")
    again = _post(api, here, body | {"metric_name": "api_calls", "unit": "call"}).json()  # the name is free again
    for query, found in (("", [again["id"]]), ("?is_retired=true", [made["id"]])):
        assert [each["id"] for each in api.get(here + query).json()["results"]] == found
    assert judging.judge_due() == 1


def _post(api: Client, path: str, body: dict[str, Any]) -> Any:
    return api.post(path, body, content_type="application/json")


def test_the_database_holds_what_an_alert_saw(acme: Organisation, project: Project) -> None:
    calls()
    use(project, clock.now(), 50)
    month = rule(acme, "Month", "usage_threshold", "month", 10)
    judging.judge_due()
    alert = Alert.objects.get()
    stranger = factories.project(factories.organisation("Stranger"))
    for change in (
        lambda: Alert.objects.update(value=D(1)),
        lambda: Alert.objects.all().delete(),
        lambda: AlertRule.objects.filter(pk=month.pk).update(project=stranger),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(
            organisation=acme,
            rule=month,
            threshold=10,
            period_start=alert.period_start,
            period_end=alert.period_end,
            value=50,
            notice="sent",
        )


def test_queries_do_not_grow_with_rules_and_customers(acme: Organisation, project: Project) -> None:
    calls()

    def queries(customers: int) -> int:
        for number in range(customers):
            owner = factories.organisation(f"C{customers}-{number}")
            factories.project(owner)
            rule(owner, "Month", "usage_threshold", "month", 10)
            rule(owner, "Jump", "usage_spike", "previous_hour", 50)
            rule(owner, "Odd", "unusual_pattern", "hour_of_week", 4)
            rule(owner, "Cost", "cost_threshold", "projected", 100)
        AlertRuleState.objects.update(due_at=clock.now())
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert judging.judge_due() == AlertRuleState.objects.count()
        return len(captured)

    few = queries(2)
    assert queries(20) == few < 60


@pytest.mark.django_db(transaction=True)
def test_workers_that_judge_at_once_note_each_alert_once() -> None:
    owner = factories.organisation("Acme")
    project = factories.project(owner)
    calls()
    use(project, clock.now(), 50)
    for number in range(12):
        rule(owner, f"Rule {number}", "usage_threshold", "month", 10, 20)

    def work() -> None:
        try:
            judging.judge_due()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Alert.objects.count() == 24
    assert Notification.objects.filter(kind="alert").count() == 12


def test_acknowledging_stays_with_who_was_first(acme: Organisation, project: Project) -> None:
    calls()
    use(project, clock.now(), 50)
    rule(acme, "Month", "usage_threshold", "month", 10)
    judging.judge_due()
    alert = Alert.objects.get()
    acknowledge(alert_id=alert.pk, by="one")
    assert acknowledge(alert_id=alert.pk, by="two").acknowledged_by == "one"
    Alert.objects.update(state="over", ended_at=clock.now())
    with pytest.raises(DomainError, match="over"):
        acknowledge(alert_id=alert.pk, by="two")
