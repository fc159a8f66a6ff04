"""Noto Sans for ReportLab: static Regular and Bold cut from the variable font, once per machine."""

from __future__ import annotations

import os
import tempfile
from functools import cache
from pathlib import Path

import fontpkg_noto_sans
from django.conf import settings
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont as ReportLabFont

REGULAR, BOLD = "NotoSans", "NotoSans-Bold"
_WEIGHTS = {REGULAR: 400, BOLD: 700}
_VARIABLE = "NotoSans[wdth,wght].ttf"


@cache
def register_fonts() -> None:
    """Make both weights known to ReportLab in this process."""
    for name, weight in _WEIGHTS.items():
        pdfmetrics.registerFont(ReportLabFont(name, str(_static_font(name, weight))))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)


def _static_font(name: str, weight: int) -> Path:
    """Cutting an instance takes seconds, so it is kept. Several processes may do it at once: each writes a file of
    its own and renames it, so nobody ever reads half a font."""
    folder = Path(settings.VAR_DIR) / "fonts"
    target = folder / f"{name}-{_source().stat().st_size}.ttf"
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    os.close(handle)
    try:
        _cut(weight, Path(temporary))
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return target


def _source() -> Path:
    return Path(fontpkg_noto_sans.__file__).parent / "files" / _VARIABLE


def _cut(weight: int, target: Path) -> None:
    font = TTFont(_source(), recalcTimestamp=False)
    # its own PostScript name for each weight: ReportLab would otherwise draw regular twice
    static = instancer.instantiateVariableFont(font, {"wght": weight, "wdth": 100}, updateFontNames=True)
    static.save(target)
