"""The shapes of analytics in JSON, and as rows of a file. Costs are before tax, by currency, never added up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from rest_framework import serializers

from billing_platform.lib.http.fields import DecimalText
from billing_platform.lib.number_formats import money_text, plain_text, short_text
from events.selectors.realtime import RealTime
from invoicing.services.analytics import Breakdown, Bucket, Costs, MetricSummary, Summary, Totals, change_in_percent
from invoicing.services.costs import CostRow, MonthCost

Row = dict[str, Any]


class CostsField(serializers.DictField):
    """Amounts by currency: {"INR": "1180.00"}."""

    child = serializers.CharField()


class MetricSummarySerializer(serializers.Serializer):
    metric_name = serializers.CharField()
    unit = serializers.CharField()
    aggregation = serializers.CharField(help_text="Empty where it only costs, such as late usage.")
    quantity = DecimalText(allow_null=True, help_text="null: `unique` metrics of more than 93 days.")
    event_count = serializers.IntegerField()
    costs = CostsField()


class MonthCostSerializer(serializers.Serializer):
    period = serializers.CharField()
    state = serializers.ChoiceField(choices=["invoiced", "so_far"])
    costs = CostsField()
    invoice = serializers.UUIDField(allow_null=True)
    number = serializers.CharField()
    forecast = serializers.CharField(allow_null=True, help_text="What the running month will probably cost.")


class TotalsSerializer(serializers.Serializer):
    start = serializers.DateField()
    end = serializers.DateField(help_text="The first day that no longer counts.")
    event_count = serializers.IntegerField()
    costs = CostsField()


class SummarySerializer(TotalsSerializer):
    mode = serializers.CharField()
    previous = TotalsSerializer(help_text="As many days right before.")
    event_count_change = serializers.CharField(allow_null=True, help_text="In percent; null: nothing before.")
    cost_changes = CostsField(help_text="In percent, of currencies that both spans have.")
    metrics = MetricSummarySerializer(many=True)
    months = MonthCostSerializer(many=True, help_text="The whole months that the days lie in.")


class BucketSerializer(TotalsSerializer):
    metrics = MetricSummarySerializer(many=True)


class TrendsSerializer(serializers.Serializer):
    start = serializers.DateField()
    end = serializers.DateField()
    group_by = serializers.CharField()
    mode = serializers.CharField()
    buckets = BucketSerializer(many=True, help_text="All of the span; the first and the last may be parts.")


class CostRowSerializer(serializers.Serializer):
    kind = serializers.CharField(help_text="usage, or the kind of the lines without usage.")
    metric_name = serializers.CharField()
    unit = serializers.CharField()
    project_id = serializers.UUIDField(allow_null=True, help_text="null: what no project caused.")
    project_name = serializers.CharField()
    value = serializers.CharField(help_text="Of the dimension; empty where it was not sent.")
    currency = serializers.CharField()
    amount = serializers.CharField(help_text="Before discounts.")
    discount = serializers.CharField()
    cost = serializers.CharField()


class CostTotalSerializer(serializers.Serializer):
    currency = serializers.CharField()
    amount = serializers.CharField()
    discount = serializers.CharField()
    cost = serializers.CharField()


class CostBreakdownSerializer(serializers.Serializer):
    start = serializers.DateField()
    end = serializers.DateField()
    group_by = serializers.CharField()
    dimension = serializers.CharField()
    mode = serializers.CharField()
    months = MonthCostSerializer(many=True)
    totals = CostTotalSerializer(many=True)
    rows = CostRowSerializer(many=True, help_text="What costs most first.")


class MinuteSerializer(serializers.Serializer):
    start = serializers.DateTimeField()
    accepted = serializers.IntegerField()
    pending = serializers.IntegerField(help_text="Of them not counted yet.")


class RecentMetricSerializer(serializers.Serializer):
    metric_name = serializers.CharField()
    unit = serializers.CharField()
    this_hour = serializers.IntegerField(help_text="Counted events that happened in the running hour.")
    last_hour = serializers.IntegerField()


class RealTimeSerializer(serializers.Serializer):
    mode = serializers.CharField()
    as_of = serializers.DateTimeField()
    counted_until = serializers.DateTimeField(help_text="What was accepted before is counted.")
    lag_seconds = serializers.IntegerField()
    backlog = serializers.IntegerField(help_text="Events that wait to be counted.")
    quarantined = serializers.IntegerField(help_text="Events that wait for a person.")
    minutes = MinuteSerializer(many=True)
    metrics = RecentMetricSerializer(many=True)


COLUMNS = ("metric_name", "unit", "quantity", "event_count", "currency", "cost")


def summary_answer(found: Summary, mode: str) -> Row:
    now, before = found.totals, found.previous
    changes = {
        currency: change_in_percent(cost, before.costs[currency])
        for currency, cost in now.costs.items()
        if currency in before.costs
    }
    return {
        **totals_row(now),
        "mode": mode,
        "previous": totals_row(before),
        "event_count_change": _percent(change_in_percent(now.event_count, before.event_count)),
        "cost_changes": {currency: _percent(change) for currency, change in changes.items() if change is not None},
        "metrics": [metric_row(each) for each in found.metrics],
        "months": [month_row(each) for each in found.months],
    }


def totals_row(totals: Totals) -> Row:
    return {
        "start": totals.first.isoformat(),
        "end": totals.after.isoformat(),
        "event_count": totals.event_count,
        "costs": costs_row(totals.costs),
    }


def bucket_row(bucket: Bucket) -> Row:
    return {**totals_row(bucket.totals), "metrics": [metric_row(each) for each in bucket.metrics]}


def metric_row(found: MetricSummary) -> Row:
    return {
        "metric_name": found.metric[0],
        "unit": found.metric[1],
        "aggregation": found.aggregation,
        "quantity": None if found.quantity is None else short_text(found.quantity),
        "event_count": found.event_count,
        "costs": costs_row(found.costs),
    }


def month_row(month: MonthCost) -> Row:
    forecast = month.forecast
    return {
        "period": str(month.period),
        "state": month.state.value,
        "costs": costs_row({month.currency: month.cost}),
        "invoice": month.invoice_id and str(month.invoice_id),
        "number": month.number,
        "forecast": None if forecast is None else money_text(forecast, month.currency),
    }


def costs_row(costs: Costs) -> dict[str, str]:
    return {currency: money_text(cost, currency) for currency, cost in costs.items()}


def breakdown_row(row: CostRow, by: str, projects: Mapping[str, str]) -> Row:
    kind, name, unit = row.key if by == "metric" else ("", "", "")
    project = row.key[0] if by == "project" else ""
    return {
        "kind": kind,
        "metric_name": name,
        "unit": unit,
        "project_id": project or None,
        "project_name": projects.get(project, ""),
        "value": row.key[0] if by == "dimension" else "",
        **cost_row(row),
    }


def cost_row(row: CostRow) -> Row:
    return {
        "currency": row.currency,
        "amount": money_text(row.amount, row.currency),
        "discount": money_text(row.discount, row.currency),
        "cost": money_text(row.cost, row.currency),
    }


def real_time_answer(found: RealTime, mode: str) -> Row:
    times = {name: getattr(found, name) for name in ("as_of", "counted_until")}
    numbers = {name: getattr(found, name) for name in ("lag_seconds", "backlog", "quarantined")}
    metrics = [
        {
            "metric_name": each.metric[0],
            "unit": each.metric[1],
            "this_hour": each.this_hour,
            "last_hour": each.last_hour,
        }
        for each in found.metrics
    ]
    about = {"mode": mode, **times, **numbers, "minutes": found.minutes, "metrics": metrics}
    return dict(RealTimeSerializer(about).data)


def metric_cells(metrics: Sequence[MetricSummary], *before: Any) -> Iterator[tuple[Any, ...]]:
    """A row of a file for each metric, and a further one for each further currency, without the quantity again."""
    for each in metrics:
        quantity = "" if each.quantity is None else short_text(each.quantity)
        numbers: tuple[Any, ...] = (quantity, each.event_count)
        for currency, cost in costs_row(each.costs).items() or (("", ""),):
            yield (*before, *each.metric, *numbers, currency, cost)
            numbers = "", ""


def breakdown_projects(found: Breakdown) -> set[UUID]:
    return {UUID(row.key[0]) for row in found.rows if row.key[0]}


def _percent(change: Decimal | None) -> str | None:
    return None if change is None else plain_text(change)
