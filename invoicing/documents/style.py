"""Type, colours and measures of the documents; and the one way that text from outside gets into markup."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph

from billing_platform.lib.dates_in_words import day_text
from invoicing.documents.fonts import BOLD, REGULAR

MARGIN = 16 * mm
INK = colors.HexColor("#1b1f24")
MUTED = colors.HexColor("#5c6670")
RULE = colors.HexColor("#d5dae0")
SHADE = colors.HexColor("#f4f6f8")

BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=8.5, leading=12, textColor=INK, splitLongWords=1)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=7.5, leading=10.5, textColor=MUTED)
STRONG = ParagraphStyle("strong", parent=BODY, fontName=BOLD)
LABEL = ParagraphStyle("label", parent=BODY, fontName=BOLD, fontSize=7, leading=10, textColor=MUTED)
RIGHT = ParagraphStyle("right", parent=BODY, alignment=TA_RIGHT)
STRONG_RIGHT = ParagraphStyle("strong-right", parent=STRONG, alignment=TA_RIGHT)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]|[\ud800-\udfff]")


def safe(text: str) -> str:
    """Text from outside for ReportLab's markup: nothing in it is a tag, a link or an image."""
    return escape(_CONTROL.sub("", text)).replace("\n", "<br/>")


def paragraph(text: str, style: ParagraphStyle = BODY) -> Paragraph:
    return Paragraph(safe(text), style)


def readable_on(background: str) -> colors.Color:
    """White or ink, whichever can be read on a brand's colour."""
    red, green, blue = colors.HexColor(background).rgb()
    return colors.white if 0.299 * red + 0.587 * green + 0.114 * blue < 0.6 else INK


def brand_ink(colour: str) -> colors.Color:
    """A brand's colour for type on white paper; ink where it is too light to be read."""
    return colors.HexColor(colour) if readable_on(colour) == colors.white else INK


def plain_number(number: Decimal) -> str:
    """1200.50000000 is 1,200.5 on paper."""
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def day(value: date) -> str:
    return day_text(value)
