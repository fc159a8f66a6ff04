"""Fonts of scripts that no wheel brings: Kannada, Malayalam, Gujarati and others, found in the machine's font folders.

Noto's files are looked for by their names, as Debian's fonts-noto-core and other distributions install them. What is
there is found out once in a process. Web and worker have to find the same: they share the setting
DOCUMENT_FONT_DIRS, and their machines should have the same packages.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fontTools.ttLib import TTFont

BLOCKS = {
    "Gurmukhi": (0x0A00, 0x0A7F),
    "Gujarati": (0x0A80, 0x0AFF),
    "Odia": (0x0B00, 0x0B7F),
    "Kannada": (0x0C80, 0x0CFF),
    "Malayalam": (0x0D00, 0x0D7F),
    "Sinhala": (0x0D80, 0x0DFF),
    "Thai": (0x0E00, 0x0E7F),
    "Ol Chiki": (0x1C50, 0x1C7F),
    "Meetei Mayek": (0xABC0, 0xABFF),
}
"""First and last code point of each script that can be looked for. All of them are written from left to right."""

_FILE_NAMES = {"Odia": "Oriya"}  # where Noto calls a script otherwise


class ScriptFont(NamedTuple):
    """Static files, or twice the same variable one."""

    regular: Path
    bold: Path


class _Folders:
    paths: tuple[Path, ...] = ()


def look_in(folders: Iterable[str | Path]) -> None:
    """Where to look: once, when the process starts. Of two fonts for a script, that in the first folder counts."""
    _Folders.paths = tuple(map(Path, folders))
    found.cache_clear()
    _letters.cache_clear()


@cache
def found() -> dict[str, ScriptFont]:
    """The fonts that are there, by script."""
    files: dict[str, Path] = {}
    for folder in _Folders.paths:
        for path in sorted(folder.rglob("NotoSans*.ttf")) if folder.is_dir() else ():
            files.setdefault(path.name, path)
    fonts = {script: _font(script, files) for script in BLOCKS}
    return {script: font for script, font in fonts.items() if font}


def _font(script: str, files: dict[str, Path]) -> ScriptFont | None:
    name = f"NotoSans{_FILE_NAMES.get(script, script).replace(' ', '')}"
    regular, bold = files.get(f"{name}-Regular.ttf"), files.get(f"{name}-Bold.ttf")
    if regular and bold:
        return ScriptFont(regular, bold)
    variable = next(
        (files[f"{name}{end}"] for end in ("[wdth,wght].ttf", "[wght].ttf") if f"{name}{end}" in files), None
    )
    return ScriptFont(variable, variable) if variable else None


def block_of(code: int) -> str:
    """The script that a code point belongs to, whether its font is there or not; empty for any other."""
    return next((script for script, (first, last) in BLOCKS.items() if first <= code <= last), "")


def covers(script: str, code: int) -> bool:
    """Whether the script's font is there and has a glyph for the code point, in both weights."""
    return script in found() and code in _letters(script)


@cache
def _letters(script: str) -> frozenset[int]:
    font = found()[script]
    weights = [frozenset(TTFont(path, lazy=True).getBestCmap()) for path in {font.regular, font.bold}]
    return frozenset.intersection(*weights)
