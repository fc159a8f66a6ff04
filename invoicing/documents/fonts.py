"""The fonts of the documents: Noto Sans, and one for each Indian script that we can print.

Each is a static Regular and Bold, cut from its wheel once per machine and stored under VAR_DIR. Noto Sans is loaded at
once, a script when a document first needs it. billing_platform/lib/printable_text.py says what all of them cover. Other
scripts are drawn with fonts of the machine, which are prepared in the same way (billing_platform/lib/script_fonts.py).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from django.conf import settings
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont as ReportLabFont

from billing_platform.lib import script_fonts
from invoicing.documents.embedding import StockFont

REGULAR, BOLD = "NotoSans", "NotoSans-Bold"
_FORMAT = 2
"""Of the files under VAR_DIR: a change of how they are cut gives them other names."""

_FIRST_PRIVATE = 0xE000


@dataclass(frozen=True, slots=True)
class FontFamily:
    """A variable file, or one static file for each weight. They are in a wheel; without one they are paths."""

    name: str
    package: str
    regular: str
    bold: str


LATIN = FontFamily(REGULAR, "fontpkg_noto_sans", "NotoSans[wdth,wght].ttf", "NotoSans[wdth,wght].ttf")
SCRIPT_FONTS = {
    "Devanagari": FontFamily(
        "NotoSansDevanagari",
        "fontpkg_noto_sans_devanagari",
        "NotoSansDevanagari[wdth,wght].ttf",
        "NotoSansDevanagari[wdth,wght].ttf",
    ),
    "Bengali": FontFamily("HindSiliguri", "fontpkg_hind_siliguri", "HindSiliguri-Regular.ttf", "HindSiliguri-Bold.ttf"),
    "Tamil": FontFamily(
        "NotoSansTamil", "fontpkg_noto_sans_tamil", "NotoSansTamil[wdth,wght].ttf", "NotoSansTamil[wdth,wght].ttf"
    ),
    "Telugu": FontFamily(
        "NotoSansTelugu", "fontpkg_noto_sans_telugu", "NotoSansTelugu[wdth,wght].ttf", "NotoSansTelugu[wdth,wght].ttf"
    ),
}


class FontMissing(Exception):
    """A document has letters of a script whose font was here when they were typed, and is not any more. It must not be
    drawn with gaps: the font has to be installed again."""

    def __init__(self, script: str) -> None:
        super().__init__(f"No font for {script} is installed on this machine: see DOCUMENT_FONT_DIRS.")


def register_fonts() -> None:
    """Make Noto Sans known to ReportLab in this process."""
    _register(LATIN)


def script_font(script: str, *, bold: bool) -> str:
    """The name of a script's font, which ReportLab knows from now on."""
    family = SCRIPT_FONTS.get(script) or _found(script)
    _register(family)
    return f"{family.name}-Bold" if bold else family.name


def _found(script: str) -> FontFamily:
    if script not in script_fonts.found():
        raise FontMissing(script)
    font = script_fonts.found()[script]
    return FontFamily(f"NotoSans{script.replace(' ', '')}", "", str(font.regular), str(font.bold))


def source_of(family: FontFamily, *, bold: bool = False) -> Path:
    """The file that the wheel brings, or that was found on the machine."""
    if not family.package:
        return Path(family.bold if bold else family.regular)
    spec = find_spec(family.package)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"The package {family.package} is not installed: run make install.")
    return Path(spec.origin).parent / "files" / (family.bold if bold else family.regular)


@cache
def _register(family: FontFamily) -> None:
    regular, bold = family.name, f"{family.name}-Bold"
    for name, is_bold in ((regular, False), (bold, True)):
        file = str(_static_font(family, name, bold=is_bold))
        font = StockFont(name, file) if family == LATIN else ReportLabFont(name, file, asciiReadable=False)
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(regular, normal=regular, bold=bold, italic=regular, boldItalic=bold)


def _static_font(family: FontFamily, name: str, *, bold: bool) -> Path:
    """Cutting an instance takes seconds, so it is stored. Several processes may do it at once: each writes a file of
    its own and renames it, so nobody ever reads half a font."""
    source = source_of(family, bold=bold)
    folder = Path(settings.VAR_DIR) / "fonts"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    target = folder / f"{name}-{_FORMAT}-{digest}.ttf"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    os.close(handle)
    try:
        _cut(source, 700 if bold else 400, Path(temporary))
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


def _cut(source: Path, weight: int, target: Path) -> None:
    font = TTFont(source, recalcTimestamp=False)
    if "fvar" in font:
        # its own PostScript name for each weight: ReportLab would otherwise draw regular twice
        axes = {axis.axisTag for axis in font["fvar"].axes}
        place = {axis: value for axis, value in (("wght", weight), ("wdth", 100)) if axis in axes}
        font = instancer.instantiateVariableFont(font, place, updateFontNames=True)
    _give_every_glyph_a_code(font)
    font.save(target)


def _give_every_glyph_a_code(font: TTFont) -> None:
    """Ligatures and joined forms have no character. ReportLab draws characters, and would make some up in the order
    in which documents need them: then the bytes of one document depended on those before it."""
    mapped = set(font.getBestCmap().values())
    nameless = [glyph for glyph in font.getGlyphOrder() if glyph not in mapped and glyph != ".notdef"]
    tables = [table for table in font["cmap"].tables if table.isUnicode() and table.format in (4, 12)]
    for table in tables:
        table.cmap.update({_FIRST_PRIVATE + index: glyph for index, glyph in enumerate(nameless)})
