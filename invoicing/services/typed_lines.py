"""Lines that a person types: of a one-off invoice, or on a month's draft beside its usage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from billing_platform.lib.errors import InvalidInput
from billing_platform.lib.gst import INDIA
from billing_platform.lib.limits import MAX_LINES, MAX_MONEY, QUANTITY_PLACES, UNIT_PRICE_PLACES
from billing_platform.lib.money import ZERO, exact_arithmetic, round_money
from billing_platform.lib.number_formats import NumberError, parse_decimal
from billing_platform.lib.validators import require, validate_printed_paragraphs, validate_sac
from invoicing.lines import Line, LineKind
from invoicing.steps import Step
from organisations.models import Organisation

TypedLine = Mapping[str, Any]
"""`{description, quantity, unit_price, sac?}`; numbers as text or Decimal, the price before tax."""


def read_typed_lines(lines: Sequence[TypedLine], *, organisation: Organisation, currency: str) -> tuple[Line, ...]:
    """The lines, checked. Without a code of its own, a line has the seller's. Raises InvalidInput at the field."""
    if len(lines) > MAX_LINES:
        raise InvalidInput.field("lines", f"Give at most {MAX_LINES} lines.")
    seller = organisation.billing_entity
    default_sac = seller.default_sac if seller.country == INDIA else ""
    given = tuple(_read(index, line, currency, default_sac) for index, line in enumerate(lines))
    if abs(sum((line.amount for line in given), ZERO)) >= MAX_MONEY:
        raise InvalidInput.field("lines", "The lines must add up to less than 10,000,000,000,000.")
    return given


def _read(index: int, line: TypedLine, currency: str, default_sac: str) -> Line:
    number = partial(_number, index, line)
    description = str(line.get("description", "")).strip()
    if not description:
        raise InvalidInput.field(f"lines[{index}].description", "Say what is charged.")
    require(f"lines[{index}].description", description, validate_printed_paragraphs)
    sac = str(line.get("sac") or default_sac)
    if sac:
        require(f"lines[{index}].sac", sac, validate_sac)
    quantity = number("quantity", QUANTITY_PLACES)
    unit_price = number("unit_price", UNIT_PRICE_PLACES)
    with exact_arithmetic():
        exact = quantity * unit_price
    amount = round_money(exact, currency)
    if quantity <= ZERO:
        raise InvalidInput.field(f"lines[{index}].quantity", "The quantity must be greater than 0.")
    if abs(amount) >= MAX_MONEY:
        raise InvalidInput.field(f"lines[{index}].unit_price", "The amount must be less than 10,000,000,000,000.")
    return Line(
        kind=LineKind.ONE_OFF,
        description=description,
        quantity=quantity,
        unit_price=unit_price,
        amount=amount,
        sac=sac,
        steps=(Step(description, quantity, unit_price, ZERO, exact),),
    )


def _number(index: int, line: TypedLine, name: str, places: int) -> Decimal:
    try:
        return parse_decimal(line.get(name, ""), places=places, max_digits=14)
    except NumberError as error:
        raise InvalidInput.field(f"lines[{index}].{name}", str(error)) from None
