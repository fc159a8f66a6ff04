"""The parts of an e-mail. Each writes itself as HTML or as plain text, so a letter is written once for both.

`medium` in the context says which: "html" or "text" (`organisations.notifications.rendering`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django import template
from django.template import Context
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from billing_platform.lib import dates_in_words

register = template.Library()
TEXT = "text"
LONG_WORD = 24  # characters: an address, which may break anywhere on a phone; an amount never breaks
OURS, ON_OURS = "#1f4e79", "#ffffff"  # where no seller speaks


@register.simple_block_tag(takes_context=True)
def heading(context: Context, content: str) -> str:
    words = _line(content)
    return f"{words}\n\n" if _is_text(context) else _html("<h1>{}</h1>", words)


@register.simple_tag(takes_context=True)
def greeting(context: Context, name: str) -> str:
    words = gettext("Dear %(name)s,") % {"name": name}
    return f"{words}\n\n" if _is_text(context) else format_html("<p>{}</p>", words)


@register.simple_block_tag(takes_context=True)
def para(context: Context, content: str) -> str:
    """Nothing at all if its words are empty."""
    words = _line(content)
    if _is_text(context) or not words:
        return f"{words}\n\n"
    return _html("<p>{}</p>", words)


@register.simple_block_tag(takes_context=True)
def small(context: Context, content: str) -> str:
    words = _line(content)
    if _is_text(context) or not words:
        return f"{words}\n\n"
    return _html('<p class="small">{}</p>', words)


@register.simple_block_tag(takes_context=True)
def amount(context: Context, content: str, value: str) -> str:
    """What the letter is about, large, with a line that says what it is."""
    words = _line(content)
    if _is_text(context):
        return f"{value}\n{words}\n\n" if words else f"{value}\n\n"
    return format_html('<p class="amount">{}</p><p class="caption">{}</p>', value, _safe(words))


@register.simple_block_tag(takes_context=True)
def button(context: Context, content: str, url: str) -> str:
    """The one thing to do. Nothing without an address."""
    words = _line(content)
    if not url or _is_text(context):
        return f"{words}: {url}\n\n" if url else ""
    brand = context.get("brand")
    colour, on_colour = getattr(brand, "colour", OURS), getattr(brand, "on_colour", ON_OURS)
    style = f"background: {colour}; color: {on_colour}"
    return format_html('<p><a class="button" style="{}" href="{}">{}</a></p>', style, url, _safe(words))


@register.simple_block_tag(takes_context=True)
def also(context: Context, content: str, url: str) -> str:
    """Another way to go on, quieter than the button."""
    words = _line(content)
    if not url or _is_text(context):
        return f"{words}: {url}\n\n" if url else ""
    return format_html('<p><a href="{}">{}</a></p>', url, _safe(words))


@register.simple_block_tag(takes_context=True)
def facts(context: Context, content: str) -> str:
    if _is_text(context):
        return "\n".join(line for line in content.splitlines() if line.strip()) + "\n\n"
    return _html('<table class="facts" role="presentation">{}</table>', content)


@register.simple_tag(takes_context=True)
def fact(context: Context, label: str, value: object, note: str = "", url: str = "") -> str:
    """A row of `facts`; none without a value. `note` stands below the label, `url` is where the label leads."""
    said = str(value if value is not None else "").strip()
    if not said:
        return ""
    if _is_text(context):
        below = "".join(f"\n  {each}" for each in (note, url) if each)
        return f"{label}: {said}{below}\n"
    name = format_html('<a href="{}">{}</a>', url, label) if url else conditional_escape(label)
    below = format_html('<br><span class="small">{}</span>', note) if note else ""
    shown = format_html_join(mark_safe("<br>"), "{}", ((line,) for line in said.splitlines()))
    width = "long" if max(map(len, said.split())) > LONG_WORD else "short"
    return format_html('<tr><td>{}{}</td><td class="{}">{}</td></tr>', name, below, width, shown)


@register.simple_tag(takes_context=True)
def entry(context: Context, title: str, note: str, url: str = "") -> str:
    """A row of `facts` that is a thing of its own: its title leads to it, a note stands below."""
    if _is_text(context):
        return f"- {title}\n  {note}\n" + (f"  {url}\n" if url else "")
    name = format_html('<a href="{}">{}</a>', url, title) if url else conditional_escape(title)
    return format_html('<tr><td class="entry" colspan="2">{}<br><span class="small">{}</span></td></tr>', name, note)


@register.simple_tag(takes_context=True)
def listed(context: Context, sentences: Iterable[str]) -> str:
    if _is_text(context):
        return "".join(f"- {each}\n" for each in sentences) + "\n"
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((each,) for each in sentences)))


@register.filter(is_safe=False)
def day(value: date | None) -> str:
    """A calendar day in the letter's language: "26 Nov 2026"."""
    return dates_in_words.day_text(value) if value else ""


@register.filter(is_safe=False)
def month(value: date | None) -> str:
    return dates_in_words.month_text(value) if value else ""


@register.filter(is_safe=False)
def moment(value: datetime | None) -> str:
    """An instant in the time zone that it is given in: "26 Nov 2026, 02:53 IST"."""
    return dates_in_words.time_text(value, value.tzinfo) if value and value.tzinfo else ""


@register.filter(is_safe=False)
def in_words(value: str) -> str:
    """A word or sentence that comes from the code, in the letter's language; as it is where there is no translation."""
    return gettext(value) if value else ""


def _is_text(context: Context) -> bool:
    return bool(context["medium"] == TEXT)


def _line(content: str) -> str:
    """On one line: how a template is indented is nobody's concern."""
    return " ".join(content.split())


def _safe(rendered: str) -> SafeString:
    """What the template rendered: its values are escaped already."""
    return mark_safe(rendered)  # noqa: S308


def _html(frame: str, rendered: str) -> SafeString:
    return format_html(frame, _safe(rendered))
