"""The kinds of e-mails: what each tells whom, and whether a customer may do without. Each app registers its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from billing_platform.lib.errors import quoted
from billing_platform.lib.registry import Registry
from organisations.models import Purpose


class Audience(Enum):
    """Who reads an e-mail. What goes to sellers and operators is nothing that a customer chooses."""

    CUSTOMER = "customer"
    SELLER = "seller"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Kind:
    name: str
    """Stands on the row: "invoice_issued"."""
    label: str
    """For people: "Invoice issued"."""
    template: str
    """Names templates/emails/<template>.html."""
    purpose: Purpose
    audience: Audience = Audience.CUSTOMER
    may_be_switched_off: bool = False
    why: str = ""
    """Why a customer can't switch it off, in one sentence."""
    stays_with_its_readers: bool = False
    """Never sent again to anybody else: what it holds was made for them."""

    def __post_init__(self) -> None:
        if self.may_be_switched_off == bool(self.why):
            raise ValueError(f"{self.name}: give the reason why it can't be switched off, and only then.")
        if self.may_be_switched_off and self.audience is not Audience.CUSTOMER:
            raise ValueError(f"{self.name}: only a customer switches something off.")


KINDS: Registry[Kind] = Registry()


def kind_named(name: str) -> Kind:
    """Raises LookupError for a name that no app has registered."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise LookupError(f"{quoted(name)} is no kind of e-mail: an app registers each in its email_kinds.py.")


def kind_may_be_switched_off(name: str) -> bool:
    """False for a kind that an older version knew."""
    return any(kind.may_be_switched_off for kind in KINDS if kind.name == name)


def names_of_others() -> list[str]:
    """The kinds that sellers and operators get."""
    return [kind.name for kind in KINDS if kind.audience is not Audience.CUSTOMER]


def register(kinds: Iterable[Kind]) -> None:
    """Each app calls it once, in its `AppConfig.ready()`."""
    for kind in kinds:
        KINDS.register(kind)
