"""docs/errors.md: each code with which a rule says no, and its sentences. `make errors` writes it from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
REFERENCE = CHECKOUT / "docs" / "errors.md"
ROOMS = ("billing_platform", "organisations", "events", "invoicing", "payments", "reconciliation")
SANDBOX = "billing_platform/local"
"""Its errors are Razorpay's own."""
TRANSLATED = {"gettext", "gettext_noop", "_"}
_USUAL_STATUS = 409
Names = dict[str, list[ast.expr | None]]

_INTRODUCTION = """# Error codes

With these codes a rule says no. The API sends one as `code`, with its sentence as `error`; the admin shows the
sentence. Where a sentence has …, the answer names what it is about. [api.md](api.md#errors) explains the answer as a
whole, and the codes that any operation may give. `make errors` writes this page from the code.

| code | status | what is said |
|---|---|---|
"""


@dataclass(frozen=True, order=True, slots=True)
class Refusal:
    code: str
    status: int
    sentence: str


def reference() -> str:
    """The page docs/errors.md."""
    return _INTRODUCTION + "".join(
        _row(code, list(found)) for code, found in groupby(refusals(), lambda each: each.code)
    )


def refusals() -> list[Refusal]:
    """All of the code, each once, in the order of their codes."""
    texts = [file.read_text(encoding="utf-8") for file in _files()]
    trees = [ast.parse(text) for text in texts if "code=" in text or "code = " in text or "status = " in text]
    classes = [each for tree in trees for each in ast.walk(tree) if isinstance(each, ast.ClassDef)]
    statuses = {each.name: status for each in classes if (status := _attribute(each, "status"))}
    of_classes = {
        Refusal(str(code), int(str(statuses.get(each.name, _USUAL_STATUS))), _first_paragraph(each))
        for each in classes
        if (code := _attribute(each, "code")) and str(code).isupper() and "Error" not in each.name
    }
    return sorted(of_classes | {found for tree in trees for found in _raised(tree, statuses)})


def write() -> None:
    REFERENCE.write_text(reference(), encoding="utf-8")


def _files() -> Iterator[Path]:
    for room in ROOMS:
        for file in sorted((CHECKOUT / room).rglob("*.py")):
            path = file.relative_to(CHECKOUT).as_posix()
            if "/migrations/" not in path and not path.startswith(SANDBOX):
                yield file


def _raised(tree: ast.Module, statuses: dict[str, object]) -> Iterator[Refusal]:
    """By calls that name a code."""
    functions = [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)]
    returned: Names = {
        each.name: [node.value for node in _own(each) if isinstance(node, ast.Return)] for each in functions
    }
    everywhere = returned | _assigned(tree)
    for scope in (tree, *functions):
        names = everywhere | _assigned(scope)
        for node in _own(scope):
            if (
                isinstance(node, ast.Call)
                and " " not in (code := _text(_given(node, "code"), names))
                and code.isupper()
            ):
                status = _literal(_given(node, "status")) or statuses.get(ast.unparse(node.func), _USUAL_STATUS)
                sentences = (_text(argument, names) for argument in node.args)
                yield Refusal(code, int(str(status)), next((each for each in sentences if " " in each), ""))


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """What stands in a scope, without the functions within it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.FunctionDef):
            yield from _own(child)


def _assigned(scope: ast.AST) -> Names:
    names: Names = {}
    for each in _own(scope):
        if isinstance(each, ast.Assign):
            for target in each.targets:
                names.setdefault(ast.unparse(target), []).append(each.value)
    return names


def _given(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _attribute(of: ast.ClassDef, name: str) -> object:
    """What a class says of all its errors; None if nothing."""
    for each in of.body:
        if isinstance(each, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in each.targets):
            return _literal(each.value)
    return None


def _literal(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _first_paragraph(of: ast.ClassDef) -> str:
    return " ".join((ast.get_docstring(of) or "").partition("\n\n")[0].split())


def _text(node: ast.expr | None, names: Names) -> str:
    """A text as it stands in the code, with … for what only an error of its own knows; empty if all of it is so. A
    name stands for what it was given, a function of the same file for what it returns."""
    if isinstance(node, ast.Call):
        if ast.unparse(node.func) in TRANSLATED:
            return _text(node.args[0], names)
        node = node.func
    if isinstance(node, ast.Name):
        without = {name: values for name, values in names.items() if name != node.id}  # or it might never end
        return next(filter(None, (_text(value, without) for value in _nearest(node, names))), "")
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, names) or "…" for part in node.values)
    return ""


def _nearest(node: ast.Name, names: Names) -> list[ast.expr | None]:
    """What a name was given, the last time before it is used first."""
    given = names.get(node.id, [])
    before = [value for value in given if value is None or value.lineno <= node.lineno]
    return before[::-1] or given


def _row(code: str, found: list[Refusal]) -> str:
    statuses = ", ".join(sorted({str(each.status) for each in found}))
    sentences = " *or* ".join(each.sentence.replace("|", "\\|") for each in found if each.sentence) or "…"
    return f"| `{code}` | {statuses} | {sentences} |\n"


if __name__ == "__main__":
    write()
