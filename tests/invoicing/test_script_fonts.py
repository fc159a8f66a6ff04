"""Scripts without a wheel are printed where their fonts are installed; where they are not, no box is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from billing_platform.lib import printable_text, script_fonts
from billing_platform.lib.errors import DomainError
from billing_platform.lib.validators import validate_printed_line
from invoicing.documents import render_pdf, text
from invoicing.documents.fonts import SCRIPT_FONTS, FontMissing, source_of
from invoicing.selectors.documents import invoice_document
from invoicing.services import issuing
from organisations.models import Organisation
from tests.invoicing.language import one_off

SINHALA = "සිංහල"
DEBIAN = Path("/usr/share/fonts/truetype/noto")


@pytest.fixture(autouse=True)
def _nothing_is_remembered() -> Iterator[None]:
    yield
    forget([])


def forget(folders: list[Path]) -> None:
    """As in a process that was started with these folders."""
    script_fonts.look_in(folders)
    for remembered in (text.wrapped, text._word, text._drawable_character):
        remembered.cache_clear()


def fonts_of(page: Any) -> str:
    return " ".join(font.get_object()["/BaseFont"] for font in page["/Resources"]["/Font"].values())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A font for Sinhala, in a folder below it, as installed: Bengali letters under the names of Sinhala's."""
    where = tmp_path / "truetype"
    where.mkdir()
    for weight in ("Regular", "Bold"):
        font = TTFont(source_of(SCRIPT_FONTS["Bengali"], bold=weight == "Bold"))
        glyphs = list(font.getBestCmap().values())
        letters = {code: glyphs[number] for number, code in enumerate(range(0x0D80, 0x0DF3))}
        for table in font["cmap"].tables:
            if table.isUnicode():
                table.cmap = {**table.cmap, **letters}
        font.save(where / f"NotoSansSinhala-{weight}.ttf")
    return tmp_path


def test_a_font_that_is_installed_is_found_and_its_letters_are_taken(folder: Path) -> None:
    with pytest.raises(ValidationError, match="For Sinhala, its font has to be installed"):
        validate_printed_line(SINHALA)
    forget([folder])
    validate_printed_line(f"{SINHALA} Private Limited।")
    assert printable_text.script_names() == "Devanagari, Bengali, Tamil, Telugu or Sinhala"
    with pytest.raises(ValidationError, match="or in Devanagari, Bengali, Tamil, Telugu or Sinhala ones"):
        validate_printed_line("മലയാളം")


def test_a_font_of_one_weight_only_is_none(folder: Path) -> None:
    (folder / "truetype" / "NotoSansSinhala-Bold.ttf").unlink()
    forget([folder])
    assert script_fonts.found() == {}


@pytest.mark.django_db
def test_a_document_typed_while_the_font_was_there_is_drawn_with_it_or_fails_visibly(
    acme: Organisation, folder: Path
) -> None:
    forget([folder])
    acme.legal_name = SINHALA
    acme.save()
    document = invoice_document(issuing.finalize_invoice(invoice_id=one_off(acme).pk))
    page = PdfReader(BytesIO(render_pdf(document))).pages[0]
    assert "HindSiliguri" in fonts_of(page)
    forget([])
    with pytest.raises(FontMissing, match="No font for Sinhala is installed on this machine"):
        render_pdf(document)


@pytest.mark.django_db
def test_an_invoice_is_not_issued_while_the_font_is_gone(acme: Organisation, folder: Path) -> None:
    forget([folder])
    acme.legal_name = SINHALA
    acme.save()
    draft = one_off(acme)
    forget([])
    with pytest.raises(DomainError, match="SINHALA LETTER DANTAJA SAYANNA"):
        issuing.finalize_invoice(invoice_id=draft.pk)


@pytest.mark.django_db
@pytest.mark.skipif(not DEBIAN.is_dir(), reason="fonts-noto-core is not installed")
@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("Kannada", "ಕ್ಷೇತ್ರ ಇನ್ಫೋಟೆಕ್"),
        ("Malayalam", "മലയാളം"),
        ("Gujarati", "શ્રી ગણેશ"),
        ("Gurmukhi", "ਪੰਜਾਬੀ"),
        ("Odia", "ଓଡ଼ିଆ"),
        ("Thai", "ภาษาไทย"),
    ],
)
def test_the_scripts_of_debians_package_are_shaped_and_can_be_copied(
    acme: Organisation, script: str, name: str
) -> None:
    forget([DEBIAN])
    validate_printed_line(name)
    acme.legal_name = name
    acme.save()
    content = render_pdf(invoice_document(issuing.finalize_invoice(invoice_id=one_off(acme).pk)))
    page = PdfReader(BytesIO(content)).pages[0]
    assert script.replace(" ", "") in fonts_of(page) or script == "Odia"
    for word in name.split():
        as_glyphs = word.encode("utf-16-be").hex().encode() in page["/Contents"].get_data()
        assert as_glyphs or word in page.extract_text(), word
