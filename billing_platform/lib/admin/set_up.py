"""The lines of the set-up checklist: what a new installation needs, how each stands, and the way to its mend."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Stage(IntEnum):
    """The order of the checklist: what is needed before the first invoice comes first."""

    SELLER = 1
    PRICES = 2
    CUSTOMERS = 3
    PAYMENTS = 4
    MACHINE = 5

    @property
    def title(self) -> str:
        return _TITLES[self]


_TITLES = {
    Stage.SELLER: "Seller and documents",
    Stage.PRICES: "Prices and tax",
    Stage.CUSTOMERS: "First customer",
    Stage.PAYMENTS: "Payments",
    Stage.MACHINE: "People and machine",
}


class State(StrEnum):
    DONE = "Done"
    MISSING = "Missing"
    ADVISED = "Advised"
    """Works without it: it keeps nothing from being green."""
    NOT_NEEDED = "Not needed"


@dataclass(frozen=True, slots=True)
class Step:
    """One line. `url` leads to the page that does it, and `button` says what is done there; both may be empty where it
    is done outside of the admin."""

    stage: Stage
    title: str
    state: State
    sentence: str
    button: str = ""
    url: str = ""


def step(
    stage: Stage,
    title: str,
    *,
    is_done: bool,
    done: str,
    missing: str,
    button: str = "",
    url: str = "",
    advised: bool = False,
) -> Step:
    """A line that is done, or else missing (or only advised), each with its sentence."""
    if is_done:
        return Step(stage, title, State.DONE, done, "Look" if url else "", url)
    return Step(stage, title, State.ADVISED if advised else State.MISSING, missing, button, url)
