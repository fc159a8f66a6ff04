"""The engine of HTML templates that people write: a part of Jinja that can only choose, repeat and print values.

Three walls stand behind each other. The language: only the nodes, filters and tests listed here are compiled, which
have no calls, no macros, no imports and no arithmetic. The values: names and items of plain dicts and lists, never
attributes of objects. The process: `sandbox.py` runs this file as a program of its own, without settings, environment,
files or network, with limits of time and memory. It cleans the HTML too: tags in tags can take a parser hours.

Only the standard library, Jinja and nh3 are imported: the program starts in a tenth of a second.
"""

from __future__ import annotations

import codecs
import importlib.util
import json
import resource
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import jinja2.debug  # noqa: F401  # which Jinja imports when an error needs its line: later it could not
from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

codecs.lookup("unicode_escape")  # Jinja reads texts with it; its module could not be opened later

MAX_OUTPUT = 2_000_000
"""Characters of a page; one of 500 lines has a tenth of it."""
CPU_SECONDS = 2
MEMORY_BYTES = 384 * 1024 * 1024

_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem,
    nodes.Slice, nodes.If, nodes.For, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or,
    nodes.Not, nodes.CondExpr, nodes.Assign, nodes.Concat, nodes.Tuple, nodes.List, nodes.Keyword,
)  # fmt: skip
_WORDS = {
    "Call": "a call", "Macro": "a macro", "CallBlock": "a call", "Include": "include", "Import": "import",
    "FromImport": "import", "Extends": "extends", "Block": "a block", "Mul": "*", "Pow": "**", "Mod": "%",
    "Add": "+ (join texts with ~)", "Sub": "-", "Div": "/", "FloorDiv": "//", "Neg": "-", "Pos": "+",
    "ScopedEvalContextModifier": "autoescape", "FilterBlock": "a filter block", "Dict": "a dictionary",
    "NSRef": "a namespace", "With": "with", "AssignBlock": "a set block",
}  # fmt: skip
_FILTERS = (
    "capitalize", "count", "d", "default", "e", "escape", "first", "join", "last", "length", "lower", "reverse",
    "title", "trim", "truncate", "upper",
)  # fmt: skip
_TESTS = ("defined", "undefined", "none", "odd", "even", "eq", "==", "ne", "!=", "in", "string", "sequence")
_LOOP = ("index", "index0", "revindex", "revindex0", "first", "last", "length")
_RESERVED = ("self", "super", "caller", "varargs", "kwargs")
"""What Jinja itself would put there."""
_STYLES = {"short": "%d/%m/%Y", "iso": "%Y-%m-%d"}
_HARMLESS_EVENTS = frozenset({"compile", "exec", "code.__new__", "object.__getattr__", "sys._getframe"})
"""What Jinja does to name the line of an error. Whatever opens, starts or connects is an event of another name."""


class TemplateRefused(Exception):
    """A template that can't be rendered: why, and where."""

    def __init__(self, message: str, line: int = 0, name: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.name = message, line, name
        self.field = "html"
        """Where it stands: html or css."""

    @property
    def in_words(self) -> str:
        return f"Line {self.line}: {self.message}" if self.line else self.message

    def as_json(self) -> dict[str, Any]:
        return {"message": self.message, "line": self.line, "name": self.name}


class _Missing(StrictUndefined):
    """What is not there is an error, with the name that was probably meant."""

    known: tuple[str, ...] = ()

    @property
    def _undefined_message(self) -> str:
        name = str(self._undefined_name)
        names = [str(each) for each in self._undefined_obj] if isinstance(self._undefined_obj, Mapping) else self.known
        close = get_close_matches(name, names, n=1, cutoff=0.5)
        meant = f" Did you mean “{close[0]}”?" if close else f" Known here: {', '.join(sorted(names)[:12])}."
        return f"{name}\nThere is no “{name}”.{meant if names else ''}"


class _Environment(ImmutableSandboxedEnvironment):
    """Looks up items of dicts and lists, and the counters of a loop: nothing has attributes."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._value(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._value(obj, argument)

    def _value(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if isinstance(obj, Mapping) and isinstance(name, str) and name in obj:
            return obj[name]
        if isinstance(obj, list | tuple) and isinstance(name, int) and -len(obj) <= name < len(obj):
            return obj[name]
        if isinstance(obj, LoopContext) and name in _LOOP:
            return getattr(obj, name)
        return self.undefined(obj=obj, name=name)


def _date(value: Any, style: str = "long") -> str:
    """2026-11-01 as 1 Nov 2026, 01/11/2026 (short) or as it is (iso); an empty text stays empty."""
    if not value:
        return ""
    day = date.fromisoformat(str(value))
    return day.strftime(_STYLES[style]) if style in _STYLES else f"{day.day} {day:%b %Y}"


def _breaks(value: Any) -> Markup:
    """A text with line breaks, as HTML."""
    return Markup("<br>").join(escape(line) for line in str(value).splitlines())


def render(source: str, values: Mapping[str, Any], *, alone: bool = False) -> str:
    """The HTML of a template. `alone`: the process is there for it only, and gives up whatever it could do besides.

    Raises TemplateRefused.
    """
    try:
        environment = _environment(values)
        tree = environment.parse(source)
        for node in _within(tree):
            _check(node)
        template = environment.from_string(tree)
        if alone:
            sys.addaudithook(_refuse)
        return _collected(template.generate(values))
    except TemplateSyntaxError as error:
        raise TemplateRefused(error.message or "The template can't be read.", error.lineno) from None
    except UndefinedError as error:
        name, _, sentence = str(error).partition("\n")
        raise TemplateRefused(sentence or name, _line_of(error), name) from None
    except RecursionError:
        raise TemplateRefused("The template is nested too deeply.") from None
    except MemoryError:
        raise TemplateRefused("The template takes too much memory.") from None
    except TemplateRefused:
        raise
    except Exception as error:  # whatever a template can do to a filter
        raise TemplateRefused(f"This can't be rendered: {str(error)[:200]}", _line_of(error)) from None


def _environment(values: Mapping[str, Any]) -> _Environment:
    missing = type("Missing", (_Missing,), {"known": tuple(values), "__slots__": ()})
    environment = _Environment(autoescape=True, undefined=missing, trim_blocks=True, lstrip_blocks=True)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS} | {"date": _date, "breaks": _breaks}
    environment.tests = {name: environment.tests[name] for name in _TESTS}
    return environment


def _within(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(node.iter_child_nodes())


def _check(node: nodes.Node) -> None:
    kind = type(node).__name__
    if not isinstance(node, _NODES) or (isinstance(node, nodes.For) and node.recursive):
        raise TemplateRefused(f"Templates can't use {_WORDS.get(kind, kind.lower())}.", node.lineno, kind)
    if isinstance(node, nodes.Name) and node.name in _RESERVED:
        raise TemplateRefused(f"There is no “{node.name}”.", node.lineno, node.name)
    name = getattr(node, "attr", None) or getattr(node, "name", None)
    if isinstance(name, str) and name.startswith("_"):
        raise TemplateRefused(f"Names can't begin with _: “{name}”.", node.lineno, name)
    if isinstance(node, nodes.Filter) and node.name not in (*_FILTERS, "date", "breaks"):
        raise TemplateRefused(f"There is no filter “{node.name}”.", node.lineno, node.name or "")
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        raise TemplateRefused(f"There is no test “{node.name}”.", node.lineno, node.name)


def _collected(pieces: Iterator[str]) -> str:
    found: list[str] = []
    length = 0
    for piece in pieces:
        length += len(piece)
        if length > MAX_OUTPUT:
            raise TemplateRefused(f"The page would have more than {MAX_OUTPUT:,} characters.")
        found.append(piece)
    return "".join(found)


def _line_of(error: BaseException) -> int:
    lines = [line for frame, line in traceback.walk_tb(error.__traceback__) if frame.f_code.co_filename == "<template>"]
    return lines[-1] if lines else 0


def _refuse(event: str, _arguments: Sequence[Any]) -> None:
    if event not in _HARMLESS_EVENTS:
        raise PermissionError(f"A template can't do this: {event}")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))  # those that it has: in, out and errors


def _beside(name: str) -> Any:
    """A module of this folder, without the packages around it, whose imports take a second."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main() -> NoReturn:
    """Reads one job from standard input, and answers it as JSON: {"html"}, which is clean, or {"error"}."""
    cleaning = _beside("cleaning")
    _limit()
    job = json.loads(sys.stdin.buffer.read())
    try:
        html = cleaning.clean_html(render(job["source"], job["values"], alone=True))
        answer: dict[str, Any] = {"html": _collected(iter([html]))}
    except TemplateRefused as error:
        answer = {"error": error.as_json()}
    sys.stdout.buffer.write(json.dumps(answer).encode())
    sys.stdout.buffer.flush()
    sys.exit(0)


if __name__ == "__main__":
    main()
