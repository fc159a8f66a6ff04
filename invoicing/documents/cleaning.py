"""What HTML and CSS of a template may hold: text, tables, pictures within the page, and links. Nothing that runs, asks
for anything from the network, sends a form or changes where links go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import nh3

_TAGS = {
    "a", "abbr", "address", "article", "aside", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd",
    "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i",
    "img", "li", "main", "ol", "p", "pre", "s", "section", "small", "span", "strong", "sub", "sup", "table", "tbody",
    "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "wbr",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"class", "dir", "lang", "role", "style", "title", "aria-label", "aria-hidden"},
    "a": {"href"},
    "col": {"span"},
    "colgroup": {"span"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align", "headers"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "time": {"datetime"},
}
_EMPTIED = {"script", "style", "iframe", "object", "embed", "noscript", "template", "title", "textarea", "select"}
_SCHEMES = {"https", "http", "mailto", "tel", "upi", "data", "cid"}
_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")

LOGO_OF_EMAIL = "cid:logo"
"""Where an e-mail finds its logo: among its own parts. Many mail programs show no picture that is data within the
text. On a page it leads nowhere."""


def clean_html(html: str) -> str:
    """The fragment without what is not allowed. What stood inside a tag that is not known stays as text."""
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_EMPTIED,
        attributes=_ATTRIBUTES,
        attribute_filter=_allowed,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
    )


def _allowed(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "src":
        return value if value == LOGO_OF_EMAIL or _PICTURE.fullmatch(value) else None
    if attribute == "href":
        return None if value.strip().lower().startswith(("data:", "cid:")) else value
    if attribute == "style":
        return None if any(css_problems(value)) else value
    return value


class CssProblem(NamedTuple):
    line: int
    message: str


_AT_RULES = {"media", "page", "supports"}
_FUNCTIONS = {
    "calc", "clamp", "fit-content", "hsl", "hsla", "is", "linear-gradient", "max", "min", "minmax", "not", "nth-child",
    "nth-last-child", "nth-last-of-type", "nth-of-type", "repeat", "rgb", "rgba", "rotate", "scale", "translate", "var",
    "where",
}  # fmt: skip
"""None of them loads anything. `url`, `src`, `image-set`, `attr` and whatever comes are not among them."""
_TEXT_OR_COMMENT = re.compile(r"""\"[^"\n\r\f]*"|'[^'\n\r\f]*'|/\*.*?\*/""", re.DOTALL)
"""Whichever begins first: there is no comment in a text, and no text in a comment."""
_NOWHERE = (
    ("\\", "CSS can't have a backslash: it hides names."),
    ("<", "CSS can't have “<”."),  # in a comment too: it could end the stylesheet's element
    ("\x00", "CSS can't have a NUL."),
)
_UNFINISHED = (
    ('"', "A text in quotation marks has no end on its line."),
    ("'", "A text in quotation marks has no end on its line."),
    ("/*", "A comment has no end."),
)


def css_problems(css: str) -> Iterator[CssProblem]:
    """What a stylesheet, or a style attribute, can't have, with its line."""
    yield from _with_sign(css, _NOWHERE)
    code = _TEXT_OR_COMMENT.sub(lambda found: "\n" * found.group().count("\n") + " ", css)
    yield from _with_sign(code, _UNFINISHED)
    for number, line in enumerate(code.split("\n"), start=1):
        for name in re.findall(r"@\s*([-\w]*)", line):
            if name.lower() not in _AT_RULES:
                yield CssProblem(number, f"CSS can't have @{name}: only @media, @page and @supports.")
        for name in re.findall(r"([-\w]+)\(", line):
            if name.lower() not in _FUNCTIONS:
                yield CssProblem(number, f"CSS can't have {name}(): nothing is loaded, and nothing is computed.")
    if code.count("{") != code.count("}"):
        yield CssProblem(code.count("\n") + 1, "A brace { } is missing.")


def _with_sign(css: str, signs: tuple[tuple[str, str], ...]) -> Iterator[CssProblem]:
    for number, line in enumerate(css.split("\n"), start=1):
        for sign, sentence in signs:
            if sign in line:
                yield CssProblem(number, sentence)
