"""Which characters the fonts of our documents can print: a table, and what was found on this machine.

The table holds what the wheels' fonts of invoicing/documents/fonts.py can draw, so that no font has to be loaded to
check a text; tests/invoicing/test_printable_text.py compares it with the font files. More scripts are printed where
their fonts are installed (script_fonts.py). Forms refuse other characters, because the document would have a gap in
their place.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right

from billing_platform.lib import script_fonts

_COVERED = """
20-7E A0-377 37A-37F 384-38A 38C 38E-3A1 3A3-3E1 3F0-52F 900-983 985-98C 98F-990 993-9A8 9AA-9B0 9B2 9B6-9B9 9BC-9C4
9C7-9C8 9CB-9CE 9D7 9DC-9DD 9DF-9E3 9E6-9F1 9F3-9FB B82-B83 B85-B8A B8E-B90 B92-B95 B99-B9A B9C B9E-B9F BA3-BA4
BA8-BAA BAE-BB9 BBE-BC2 BC6-BC8 BCA-BCD BD0 BD7 BE6-BFA C00-C0C C0E-C10 C12-C28 C2A-C39 C3C-C44 C46-C48 C4A-C4D
C55-C56 C58-C5A C5D C60-C63 C66-C6F C77-C7F 10FB 1AB0-1AC0 1AC5 1AC7-1ACE 1C80-1C88 1D00-1DF9 1DFB-1F15 1F18-1F1D
1F20-1F45 1F48-1F4D 1F50-1F57 1F59 1F5B 1F5D 1F5F-1F7D 1F80-1FB4 1FB6-1FC4 1FC6-1FD3 1FD6-1FDB 1FDD-1FEF 1FF2-1FF4
1FF6-1FFE 2000-2064 2066-2071 2074-208E 2090-209C 20A0-20C0 20F0 2100-215F 2183-2184 2189 2212 25CC 2C60-2C7F 2DE0-2E5D
A640-A69F A700-A7CA A7D0-A7D1 A7D3 A7D5-A7D9 A7F2-A7FF A8FF A92E AB30-AB6B FB00-FB06 FE00 FE20-FE2F FEFF FFFC-FFFD
10780-10785 10787-107B0 107B2-107BA 1DF00-1DF1E
"""
SCRIPTS = {
    "Devanagari": (0x0900, 0x097F),
    "Bengali": (0x0980, 0x09FF),
    "Tamil": (0x0B80, 0x0BFF),
    "Telugu": (0x0C00, 0x0C7F),
}
"""First and last code point of each script that has a font of its own. Noto Sans draws all other characters."""

_JOINERS = frozenset("\u200c\u200d")  # invisible, and part of how Indian scripts are spelled
_DANDAS = frozenset("\u0964\u0965")  # end a sentence in several scripts
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def _parsed(table: str) -> tuple[list[int], list[int]]:
    bounds = [(first, last or first) for first, _, last in (each.partition("-") for each in table.split())]
    return [int(first, 16) for first, _ in bounds], [int(last, 16) for _, last in bounds]


_FIRSTS, _LASTS = _parsed(_COVERED)


def is_in_table(character: str) -> bool:
    """Whether one of the wheels' fonts has a glyph for the character."""
    code = ord(character)
    found = bisect_right(_FIRSTS, code) - 1
    return found >= 0 and code <= _LASTS[found]


def is_covered(character: str) -> bool:
    """Whether a font that is here has a glyph for the character."""
    return is_in_table(character) or script_fonts.covers(installable_script(character), ord(character))


def installable_script(character: str) -> str:
    """The script of a character whose font is not ours, but may be installed on the machine; empty for any other."""
    return script_fonts.block_of(ord(character))


def script_names() -> str:
    """The scripts other than Latin that can be printed here: “Devanagari, Bengali, Tamil or Telugu”."""
    *names, last = [*SCRIPTS, *script_fonts.found()]
    return f"{', '.join(names)} or {last}"


def is_printable(character: str) -> bool:
    """Whether the character is covered and visible. Control characters and direction marks are not printable."""
    if " " <= character <= "~":
        return True
    if unicodedata.category(character) in _INVISIBLE:
        return character in _JOINERS
    return is_covered(character)


def script_of(character: str, *, within: str = "") -> str:
    """The script whose font draws the character, `within` a text of a script; empty where Noto Sans does."""
    code = ord(character)
    if character in _DANDAS and within and (within in SCRIPTS or script_fonts.covers(within, code)):
        return within
    for script, (first, last) in SCRIPTS.items():
        if first <= code <= last:
            return script
    script = script_fonts.block_of(code)
    return script if script_fonts.covers(script, code) else ""


def unprintable(text: str, *, line_breaks: bool = False) -> str | None:
    """The first character of a text that can't be printed, or None if all of them can.

    The text is composed first (Unicode NFC), as it is before drawing: e and U+0301 become é. With `line_breaks`, line
    breaks and tabs are allowed.
    """
    for character in unicodedata.normalize("NFC", text):
        if not is_printable(character) and not (line_breaks and character in "\n\r\t"):
            return character
    return None


def spelled_out(text: str) -> str:
    """The text with each character that can't be printed replaced by its code point: "ಕ" becomes "(U+0C95)".

    For names that come from programs, such as a metric's, where nobody can be asked for another name.
    """
    return "".join(
        character if is_printable(character) else f"(U+{ord(character):04X})"
        for character in unicodedata.normalize("NFC", text)
    )


def name_of(character: str) -> str:
    """How a message names a character: “ಕ” (KANNADA LETTER KA), or U+202E (…) if the character is invisible."""
    if unicodedata.category(character) in _INVISIBLE or unicodedata.combining(character):
        name = unicodedata.name(character, "")
        return f"U+{ord(character):04X} ({name})" if name else f"U+{ord(character):04X}"
    return f"“{character}” ({unicodedata.name(character, f'U+{ord(character):04X}')})"
