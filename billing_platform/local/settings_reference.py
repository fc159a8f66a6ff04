"""docs/settings.md and deploy/env.example: written by `make settings` from the settings' own lines."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from billing_platform.environment import VARIABLES, Variable

CHECKOUT = Path(__file__).resolve().parents[2]
REFERENCE, EXAMPLE = CHECKOUT / "docs" / "settings.md", CHECKOUT / "deploy" / "env.example"
_HEADING = re.compile(r"# --- (.+?)(?: \(.*\))? -+")
_ELSEWHERE = "read by other files"
_KINDS = {
    "str": "text",
    "bool": "true or false",
    "int": "number",
    "list": "list",
    "dict": "by name",
    "json": "JSON",
    "db_url": "address",
    "email_url": "address",
}

_INTRODUCTION = """# Settings

Environment variables hold everything that differs between machines. `make settings` writes this page and
[deploy/env.example](../deploy/env.example) from `billing_platform/settings.py` and `billing_platform/environment.py`.
`python manage.py check --deploy` reports what a production set-up lacks (`billing_platform.E001` to `E006`, `W001`,
`W002`). A list is comma-separated. What is *secret* belongs into a file that only the platform's account may read.
"""
_EXAMPLE_INTRODUCTION = """\
# The environment of a production set-up: /etc/billing/billing.env for systemd, billing.env beside compose.yaml.
# Written by `make settings`; docs/settings.md explains each variable. Readable by the platform's account alone (0600).
# One NAME=value in each line, without quotes; a line that begins with # is a comment.

# --- set these ---
"""


@dataclass(frozen=True, slots=True)
class Read:
    """A variable as the settings read it."""

    section: str
    kind: str
    default: str


def read_by_settings(source: str) -> dict[str, Read]:
    """Name → how it is read, in the order of the settings."""
    headings = {
        number: found[1] for number, line in enumerate(source.splitlines(), 1) if (found := _HEADING.match(line))
    }
    calls = [call for call in ast.walk(ast.parse(source)) if isinstance(call, ast.Call) and _reads(call)]
    known: dict[str, Read] = {}
    for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        section = headings[max(number for number in headings if number < call.lineno)]
        name, kind = ast.literal_eval(call.args[0]), ast.unparse(call.func).removeprefix("env.")
        known.setdefault(name, Read(section, _KINDS[kind], _default(call)))
    return known


def reference() -> str:
    """The page docs/settings.md."""
    return _INTRODUCTION + "".join(_sections())


def example() -> str:
    """The file deploy/env.example: first what has to be set, then all others with their defaults, as comments."""
    needed = [f"# {_plain(each)}\n{each.name}={each.example}\n" for each in VARIABLES if each.example is not None]
    others = [f"# {_plain(each)}\n# {each.name}={_literal(each)}\n" for each in VARIABLES if each.example is None]
    return _EXAMPLE_INTRODUCTION + "\n" + "\n".join(needed) + "\n# --- these have a default ---\n\n" + "\n".join(others)


def write() -> None:
    REFERENCE.write_text(reference(), encoding="utf-8")
    EXAMPLE.write_text(example(), encoding="utf-8")


def _settings() -> dict[str, Read]:
    return read_by_settings((CHECKOUT / "billing_platform" / "settings.py").read_text(encoding="utf-8"))


def _sections() -> Iterator[str]:
    known, last = _settings(), ""
    place = {name: number for number, name in enumerate(known)}
    for variable in sorted(VARIABLES, key=lambda each: place.get(each.name, len(place))):
        read = known.get(variable.name, Read(_ELSEWHERE, "text", "none"))
        if read.section != last:
            last = read.section
            yield f"\n## {last[0].upper()}{last[1:]}\n\n| variable | type | default | what it is |\n|---|---|---|---|\n"
        secret = ", *secret*" if variable.secret else ""
        default = variable.default or read.default
        yield f"| `{variable.name}` | {read.kind}{secret} | {default} | {variable.meaning} |\n"


def _reads(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "env"


def _default(call: ast.Call) -> str:
    """As it would stand in the environment, in backticks; nothing where the code computes it."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "default"), None)
    try:
        value = ast.literal_eval(given) if given is not None else ""
    except ValueError:
        return ""
    if value in ("", []):
        return "none"
    if isinstance(value, list):
        value = ",".join(value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _plain(variable: Variable) -> str:
    """Without links and backticks, as the file has it."""
    text = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", variable.meaning).replace("`", "")
    return text[0].upper() + text[1:] + "."


def _literal(variable: Variable) -> str:
    """The default, if it can be typed."""
    read = _settings().get(variable.name)
    default = variable.default or (read.default if read else "")
    return default.strip("`") if re.fullmatch(r"`[^`]*`", default) and variable.default != "`SITE_URL`" else ""


if __name__ == "__main__":
    write()
