"""The history of a price: each change of it as the whole price in words, before and after."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from billing_platform.lib.admin.history import Change, HistoryEntry, Names, changes_of, entries_of, history_from
from invoicing.admin.prices.price_words import whole_price_text
from invoicing.models import PricingRule

SAYS_NOTHING = ("id", "created_at")
PRICE_COLUMNS = ("model", "parameters", "free_units", "minimum", "maximum", "charge_at_zero", "currency")


def price_history(rule: PricingRule, *, names_people: bool) -> list[HistoryEntry]:
    """The newest entries first. What the price was before each change is worked out backwards from what it is now."""
    state: dict[str, Any] = {name: getattr(rule, name) for name in PRICE_COLUMNS}
    told: dict[Any, tuple[Change, ...]] = {}
    names: Names = {}
    entries = entries_of(rule)
    for entry in entries:
        changes: Mapping[str, Any] = entry.changes or {}
        touched = [name for name in PRICE_COLUMNS if name in changes]
        after, state = state, state | {name: _stored(name, changes[name][0]) for name in touched}
        if touched:
            told[entry.pk] = (Change("Price", _words(state), _words(after)),)
    return history_from(
        entries, lambda entry: (*told.get(entry.pk, ()), *_others(entry, names)), names_people=names_people
    )


def _others(entry: Any, names: Names) -> Iterable[Change]:
    """The changes of an entry that are not of the price itself."""
    left = {
        name: values for name, values in (entry.changes or {}).items() if name not in (*PRICE_COLUMNS, *SAYS_NOTHING)
    }
    return changes_of(entry, names, changes=left)


def _stored(name: str, text: Any) -> Any:
    """A value as the audit log wrote it: text, and JSON for the parameters."""
    if text in (None, "None"):
        return None
    return json.loads(text) if name == "parameters" and isinstance(text, str) else text


def _words(state: Mapping[str, Any]) -> str:
    """Empty for what was before the rule was made."""
    if not state["parameters"] or not state["currency"]:
        return ""
    return whole_price_text({**state["parameters"], **state}, str(state["currency"]))
