"""InvoiceDocument to an HTML page: for the customer's page, and as the body of an e-mail.

A template is a fragment of HTML and a stylesheet that somebody wrote, or the built-in ones. What it makes is cleaned
and put into a page of ours, so that its head, its policy and its title are never a template's.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from billing_platform.lib.colours import readable_on
from billing_platform.lib.errors import quoted
from invoicing.documents.cleaning import clean_html, css_problems
from invoicing.documents.document import InvoiceDocument
from invoicing.documents.html_values import Medium, values_of
from invoicing.documents.sandbox import render_alone
from invoicing.documents.standing import AS_ISSUED, Standing
from invoicing.documents.template_engine import TemplateRefused, render

MAX_HTML, MAX_CSS = 64_000, 32_000  # characters of a template

POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "form-action 'none'",
        "base-uri 'none'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
    ]
)
"""The Content-Security-Policy of a page: nothing is loaded, nothing runs, and it belongs to no site of ours."""

_STACKS = {
    "sans": '"Noto Sans", "Noto Sans Devanagari", "Noto Sans Tamil", "Noto Sans Telugu", system-ui, sans-serif',
    "system": "system-ui, -apple-system, sans-serif",
    "serif": '"Noto Serif", Georgia, "Times New Roman", serif',
}
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Source:
    """The HTML and CSS of a template; what is empty is the built-in."""

    html: str = ""
    css: str = ""


BUILT_IN = Source()


def built_in(part: str) -> str:
    """The built-in template as it is written: `html` or `css`."""
    return _read(f"page.{part}")


def render_page(
    document: InvoiceDocument,
    *,
    source: Source = BUILT_IN,
    standing: Standing = AS_ISSUED,
    medium: Medium = Medium.PAGE,
    logo: str = "",
    links: Mapping[str, str] | None = None,
) -> str:
    """The whole page. `logo` is where the picture that the document names is found: `picture_within`, or LOGO_OF_EMAIL.
    `links` are addresses such as `pdf`.

    Raises TemplateRefused where the template can't be rendered; the built-in one always can.
    """
    values = values_of(document, standing, medium, logo, links or {})
    if problem := next(css_problems(source.css), None):
        refused = TemplateRefused(problem.message, problem.line)
        refused.field = "css"
        raise refused
    body = render_alone(source.html, values) if source.html else clean_html(render(built_in("html"), values))
    return _PAGE.format(
        title=escape(f"{document.title} {document.number} · {document.seller.name}"),
        style=_style(document, source.css or built_in("css")),
        body=body,
    )


def check_source(source: Source) -> None:
    """What can be known of a template without a document. Raises TemplateRefused."""
    for name, text, most in (("HTML", source.html, MAX_HTML), ("CSS", source.css, MAX_CSS)):
        if len(text) > most:
            raise TemplateRefused(f"The {name} has more than {most:,} characters.")
        if "\x00" in text:
            raise TemplateRefused(f"The {name} holds a character that can't be stored: {quoted(chr(0))}.")


def _style(document: InvoiceDocument, css: str) -> str:
    """With the values in place of our variables, which Gmail does not know."""
    colour = document.brand_colour
    named = {"brand": colour, "on-brand": readable_on(colour), "font": _STACKS[document.look.font]}
    for name, value in named.items():
        css = css.replace(f"var(--{name})", value)
    return ":root{" + "".join(f"--{name}:{value};" for name, value in named.items()) + "}\n" + css


def picture_within(logo: bytes | None) -> str:
    """A picture as an address that holds it."""
    if not logo:
        return ""
    kind = "png" if logo.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(logo).decode()}"


@cache
def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data: cid:">
<meta name="color-scheme" content="light">
<title>{title}</title>
<style>
{style}
</style>
</head>
<body>
{body}
</body>
</html>
"""
