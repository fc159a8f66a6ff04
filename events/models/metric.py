"""What is counted: a name, a unit, and how the values of its events become one number."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from billing_platform.lib.database.models import BaseModel
from billing_platform.lib.limits import (
    FACTOR_DIGITS,
    FACTOR_PLACES,
    METRIC_NAME_LENGTH,
    QUANTITY_PLACES,
    UNIT_LENGTH,
)
from billing_platform.lib.printable_text import name_of, unprintable
from billing_platform.lib.validators import validate_printed_line
from organisations.models import Organisation
from organisations.scoping import TenantModel

MAX_DIMENSIONS = 8
DIMENSION_LENGTH = 40
SMALLEST_FACTOR = Decimal(1).scaleb(-FACTOR_PLACES)
OPERATION = "operation"
"""The metadata key of a `weighted_sum` event that says whether its value is added to the level or taken off."""
ADD = "add"
OPERATIONS = (ADD, "remove")
OPERATION_IS_NO_DIMENSION = (
    f"The key `{OPERATION}` says whether an event adds to the level or takes off it: as a dimension it would make two "
    "levels."
)

CONVERSION_MAKES_A_UNIT = "Name the unit that the conversion makes: it stands beside the quantity on invoices."


def validate_dimensions(value: object) -> None:
    """Metadata keys that usage is broken down by: few and short, because they are part of an index entry."""
    if not isinstance(value, list) or not all(isinstance(key, str) and key.strip() for key in value):
        raise ValidationError("Give a list of metadata keys.")
    if not all(key.isprintable() for key in value):
        raise ValidationError("A metadata key holds printable characters only.")
    if any(len(key) > DIMENSION_LENGTH for key in value):
        raise ValidationError(f"A metadata key is at most {DIMENSION_LENGTH} characters long.")
    if len(set(value)) != len(value) or len(value) > MAX_DIMENSIONS:
        raise ValidationError(f"Give at most {MAX_DIMENSIONS} different metadata keys.")


class Metric(BaseModel, TenantModel):
    """Known by name and unit: the same name in another unit is another metric, never added up with it.

    Aggregation works within a *meter*: one project, one metric, one combination of dimensions, one month. What
    several meters used is added up, whatever the aggregation.
    """

    class Aggregation(models.TextChoices):
        SUM = "sum", "Sum of the values"
        COUNT = "count", "Number of events"
        MAX = "max", "Greatest value"
        LATEST = "latest", "Latest value"
        UNIQUE = "unique", "Number of different values of a metadata key"
        WEIGHTED_SUM = "weighted_sum", "Level over time, in unit-hours"

    class Rounding(models.TextChoices):
        NONE = "none", "Not rounded"
        UP = "up", "Up"
        DOWN = "down", "Down"
        NEAREST = "nearest", "To the nearest"

    tenant_shared = True

    organisation = models.ForeignKey(
        Organisation,
        verbose_name="customer",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="metrics",
        help_text="Empty: known to every customer. A customer's own metric of that name and unit wins.",
    )
    name = models.CharField(max_length=METRIC_NAME_LENGTH)
    unit = models.CharField(max_length=UNIT_LENGTH)
    display_name = models.CharField(
        "name on invoices",
        max_length=METRIC_NAME_LENGTH,
        blank=True,
        validators=[validate_printed_line],
        help_text="What customers read, such as API calls. Empty: the name and the unit.",
    )
    unit_name = models.CharField(
        "one unit",
        max_length=UNIT_LENGTH,
        blank=True,
        validators=[validate_printed_line],
        help_text="The word for one of them, such as call. Empty: the unit as it is.",
    )
    unit_name_plural = models.CharField(
        "several units",
        max_length=UNIT_LENGTH,
        blank=True,
        validators=[validate_printed_line],
        help_text="The word for several, such as calls. Empty: the same as for one, as in 5 GB.",
    )
    aggregation = models.CharField(max_length=12, choices=Aggregation, default=Aggregation.SUM)
    dimensions = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_dimensions],
        help_text="Metadata keys that usage is broken down by, from now on.",
    )
    unique_property = models.CharField(
        max_length=DIMENSION_LENGTH,
        blank=True,
        help_text="For `unique` only: the metadata key whose different values are counted, such as user_id.",
    )
    multiplier = models.DecimalField(
        max_digits=FACTOR_DIGITS,
        decimal_places=FACTOR_PLACES,
        default=Decimal(1),
        validators=[MinValueValidator(SMALLEST_FACTOR)],
        help_text="The quantity of a month is multiplied by this before it is priced.",
    )
    divisor = models.DecimalField(
        max_digits=FACTOR_DIGITS,
        decimal_places=FACTOR_PLACES,
        default=Decimal(1),
        validators=[MinValueValidator(SMALLEST_FACTOR)],
        help_text="And divided by this: 1073741824 makes GiB of bytes.",
    )
    rounding = models.CharField(
        max_length=7,
        choices=Rounding,
        default=Rounding.NONE,
        help_text="Of the quantity that is priced. Up is away from zero, down towards it.",
    )
    rounding_places = models.PositiveSmallIntegerField(
        "decimals left",
        default=0,
        validators=[MaxValueValidator(QUANTITY_PLACES)],
        help_text="If it is rounded: 0 for whole units.",
    )
    billed_unit = models.CharField(
        "one unit that is priced",
        max_length=UNIT_LENGTH,
        blank=True,
        validators=[validate_printed_line],
        help_text="What the conversion makes, such as GiB. Empty: the unit of the usage.",
    )
    billed_unit_plural = models.CharField(
        "several units that are priced",
        max_length=UNIT_LENGTH,
        blank=True,
        validators=[validate_printed_line],
        help_text="Empty: the same as for one.",
    )
    description = models.TextField(blank=True)
    registered_automatically = models.BooleanField(
        default=False, editable=False, help_text="An event named it before an operator did."
    )

    constraint_fields = {
        "metric_once_per_organisation": "name",
        "metric_names_a_property_if_unique": "unique_property",
        "metric_level_has_no_operation_dimension": "dimensions",
        "metric_factors_above_zero": "multiplier",
        "metric_names_the_unit_it_makes": "billed_unit",
        "metric_rounds_to_stored_places": "rounding_places",
    }

    class Meta:
        ordering = ["name", "unit"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name", "unit"],
                nulls_distinct=False,
                name="metric_once_per_organisation",
                violation_error_message="There is a metric of that name and unit already.",
            ),
            models.CheckConstraint(
                condition=Q(aggregation="unique") ^ Q(unique_property=""),
                name="metric_names_a_property_if_unique",
                violation_error_message=(
                    "Name the metadata key to count if, and only if, the aggregation is `unique`."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(aggregation="weighted_sum", dimensions__contains=[OPERATION]),
                name="metric_level_has_no_operation_dimension",
                violation_error_message=OPERATION_IS_NO_DIMENSION,
            ),
            models.CheckConstraint(
                condition=Q(multiplier__gt=0, divisor__gt=0),
                name="metric_factors_above_zero",
                violation_error_message="Multiplier and divisor must be above zero.",
            ),
            models.CheckConstraint(
                condition=Q(multiplier=models.F("divisor")) | ~Q(billed_unit=""),
                name="metric_names_the_unit_it_makes",
                violation_error_message=CONVERSION_MAKES_A_UNIT,
            ),
            models.CheckConstraint(
                condition=Q(rounding_places__lte=QUANTITY_PLACES),
                name="metric_rounds_to_stored_places",
                violation_error_message=f"A quantity has at most {QUANTITY_PLACES} decimals.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.unit})"

    def clean(self) -> None:
        if (self.aggregation == self.Aggregation.UNIQUE) != bool(self.unique_property):
            raise ValidationError(
                {"unique_property": "Name the metadata key to count if, and only if, the aggregation is `unique`."}
            )
        if self.aggregation == self.Aggregation.WEIGHTED_SUM and OPERATION in self.dimensions:
            raise ValidationError({"dimensions": OPERATION_IS_NO_DIMENSION})
        if self.multiplier != self.divisor and not self.billed_unit:
            raise ValidationError({"billed_unit": CONVERSION_MAKES_A_UNIT})
        for field, text, word in (
            ("display_name", self.name, self.display_name),
            ("unit_name", self.unit, self.unit_name),
        ):
            if not word and (missing := unprintable(text)):
                raise ValidationError(
                    {field: f"{name_of(missing)} can't be printed on invoices yet: give a name for invoices here."}
                )
