"""Table 13 of GSTR-1: the numbers used, in unbroken ranges of each series. Ten bytes a document, however many."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from invoicing.returns.documents import DocumentKind, ReturnDocument

NATURES = {
    DocumentKind.INVOICE: (1, "Invoices for outward supply"),
    DocumentKind.CREDIT_NOTE: (5, "Credit Note"),
}
"""Number and name of the nature of a document."""


@dataclass(frozen=True, slots=True)
class NumberRange:
    """From and to as printed; `cancelled` are void."""

    kind: DocumentKind
    first: str
    last: str
    total: int
    cancelled: int

    @property
    def net(self) -> int:
        return self.total - self.cancelled


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers between two of a series that no document of the return has."""

    kind: DocumentKind
    before: str
    after: str


@dataclass(slots=True)
class _Series:
    running: array[int] = field(default_factory=lambda: array("Q"))
    width: array[int] = field(default_factory=lambda: array("B"))  # characters of the number: a width may change
    void: array[int] = field(default_factory=lambda: array("B"))


@dataclass(slots=True)
class Numbers:
    """Takes documents in any order."""

    _series: dict[tuple[DocumentKind, str], _Series] = field(default_factory=dict)

    def add(self, document: ReturnDocument) -> None:
        series = self._series.setdefault((document.kind, document.series), _Series())
        series.running.append(document.sequence_number)
        series.width.append(len(document.number))
        series.void.append(document.is_void)

    def ranges(self) -> Iterator[NumberRange]:
        """By kind and series; a gap begins a new range."""
        for kind, name, run in self._runs():
            series = self._series[kind, name]
            first, last = (_text(name, series, index) for index in (run[0], run[-1]))
            yield NumberRange(kind, first, last, len(run), sum(series.void[index] for index in run))

    def gaps(self) -> Iterator[Gap]:
        before: tuple[DocumentKind, str, str] | None = None
        for kind, name, run in self._runs():
            series = self._series[kind, name]
            if before is not None and before[:2] == (kind, name):
                yield Gap(kind, before[2], _text(name, series, run[0]))
            before = kind, name, _text(name, series, run[-1])

    def _runs(self) -> Iterator[tuple[DocumentKind, str, list[int]]]:
        for kind, name in sorted(self._series, key=lambda key: (NATURES[key[0]][0], key[1])):
            series = self._series[kind, name]
            run: list[int] = []
            for index in sorted(range(len(series.running)), key=series.running.__getitem__):
                if run and series.running[index] != series.running[run[-1]] + 1:
                    yield kind, name, run
                    run = []
                run.append(index)
            yield kind, name, run


def _text(name: str, series: _Series, index: int) -> str:
    return f"{name}{series.running[index]:0{series.width[index] - len(name)}d}"
