"""Type, colours and measures of the documents."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm

from billing_platform.lib.dates_in_words import day_text
from billing_platform.lib.number_formats import format_percent
from invoicing.documents.fonts import BOLD, REGULAR

MARGIN = 16 * mm
INK = colors.HexColor("#1b1f24")
MUTED = colors.HexColor("#5c6670")
RULE = colors.HexColor("#d5dae0")
SHADE = colors.HexColor("#f4f6f8")
ALARM = "#b3261e"

BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=8.5, leading=12, textColor=INK, splitLongWords=1)
SMALL = ParagraphStyle("small", parent=BODY, fontSize=7.5, leading=10.5, textColor=MUTED)
STRONG = ParagraphStyle("strong", parent=BODY, fontName=BOLD)
LABEL = ParagraphStyle("label", parent=BODY, fontName=BOLD, fontSize=7, leading=10, textColor=MUTED)
SMALL_RIGHT = ParagraphStyle("small-right", parent=SMALL, alignment=TA_RIGHT)
RIGHT = ParagraphStyle("right", parent=BODY, alignment=TA_RIGHT)
STRONG_RIGHT = ParagraphStyle("strong-right", parent=STRONG, alignment=TA_RIGHT)
FLUSH = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]


def readable_on(background: str) -> colors.Color:
    """White or ink, whichever can be read on a brand's colour."""
    red, green, blue = colors.HexColor(background).rgb()
    return colors.white if 0.299 * red + 0.587 * green + 0.114 * blue < 0.6 else INK


def brand_ink(colour: str) -> colors.Color:
    """A brand's colour for type on white paper; ink where it is too light to be read."""
    return colors.HexColor(colour) if readable_on(colour) == colors.white else INK


def percent(rate: Decimal) -> str:
    """18.000 is 18% on paper."""
    return format_percent(rate)


def day(value: date) -> str:
    return day_text(value)
