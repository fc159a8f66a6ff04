"""The calls of docs/api.md; their bodies, which `make examples` copies into the platform for its OpenAPI document."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
DOCUMENT = CHECKOUT / "docs" / "api.md"
EXAMPLES = CHECKOUT / "billing_platform" / "http" / "request_examples.json"
_SECTION = re.compile(r"(?ms)^## A call for each operation$.*?(?=^## )")
_CALL = re.compile(r"(?m)^    (curl .*(?:\n {6,}.*)*)")
_SPELLED_OUT = {"/api/v1/admin/exchange-rates/USD/INR": "/api/v1/admin/exchange-rates/{base}/{target}"}


@dataclass(frozen=True)
class Call:
    """One curl command. Its address begins after $BASE; ids stand in braces."""

    method: str
    address: str
    body: str | None
    by_project: bool

    @property
    def template(self) -> str:
        """The address as OpenAPI writes it."""
        path = self.address.partition("?")[0]
        return _SPELLED_OUT.get(path, path)


def calls() -> Iterator[Call]:
    found = _SECTION.search(DOCUMENT.read_text(encoding="utf-8"))
    assert found, f"{DOCUMENT} has lost its calls"
    for command in _CALL.findall(found[0]):
        yield _read(command)


def without_calls(document: str) -> str:
    return _SECTION.sub("", document)


def _read(command: str) -> Call:
    words = iter(shlex.split(command.replace("\\\n", " "))[1:])
    options: list[tuple[str, str]] = []
    plain: list[str] = []
    for word in words:
        if word.startswith("-"):
            options.append((word, next(words)))
        else:
            plain.append(word)
    (address,) = plain
    given = dict(options)
    method = given.get("-X", "POST" if {"-d", "-F"} & set(given) else "GET")
    by_project = ("-H", "$AS_PROJECT") in options
    return Call(method, address.removeprefix("$BASE"), given.get("-d"), by_project)


def examples() -> str:
    bodies = {f"{call.method} {call.template}": json.loads(call.body) for call in calls() if call.body}
    return json.dumps(bodies, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    EXAMPLES.write_text(examples(), encoding="utf-8")
