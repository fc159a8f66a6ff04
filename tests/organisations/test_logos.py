"""A logo is a PNG or JPEG by content, limited in size, drawn again and stored under its hash."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms import modelform_factory
from PIL import Image

from organisations import logos
from organisations.models import BillingEntity
from tests import factories

pytestmark = pytest.mark.usefixtures("own_media")


def picture(kind: str, size: tuple[int, int] = (600, 200), mode: str = "RGB", **options: Any) -> bytes:
    output = BytesIO()
    Image.new(mode, size).save(output, kind, **options)
    return output.getvalue()


def huge_png(side: int) -> bytes:
    """A PNG that claims a size and holds no pixel: what a decompression bomb looks like before it is opened."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def upload(content: bytes, name: str = "logo.png") -> Any:
    form_class = modelform_factory(BillingEntity, fields=["logo"])
    return form_class({}, {"logo": SimpleUploadedFile(name, content)}, instance=factories.billing_entity())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (picture("EPS"), "not a picture that can be printed. Take a PNG or JPEG"),
        (picture("GIF"), "not a picture that can be printed"),
        (picture("TIFF"), "not a picture that can be printed"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture that can be printed"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture that can be printed"),
        (picture("PNG")[:150], "damaged"),
        (huge_png(5_000), "at most 16 megapixels"),
        (huge_png(13_300), "at most 16 megapixels"),
        (huge_png(60_000), "at most 16 megapixels"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * logos.MAX_BYTES, "larger than 5 MB"),
    ],
    ids=["eps", "gif", "tiff", "svg", "postscript", "half", "large", "bomb", "greater-bomb", "bytes"],
)
@pytest.mark.django_db
def test_the_form_refuses_a_file_that_is_no_png_or_jpeg_whatever_its_name(content: bytes, sentence: str) -> None:
    form = upload(content)
    assert not form.is_valid()
    with pytest.raises(ValidationError, match=sentence):
        raise form.errors.as_data()["logo"][0]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1"])
def test_a_png_of_any_colour_mode_is_accepted(mode: str) -> None:
    name, content = logos.cleaned(picture("PNG", mode=mode))
    assert name.endswith(".png")
    assert logos.drawable(content) == content


def test_a_large_picture_is_stored_small_and_without_metadata() -> None:
    noisy = picture("JPEG", (4000, 1200), exif=b"Exif\x00\x00secret place")
    name, content = logos.cleaned(noisy)
    assert name.endswith(".jpg")
    assert Image.open(BytesIO(content)).size == (1000, 300)
    assert b"secret place" not in content


@pytest.mark.django_db
def test_a_logo_is_stored_under_its_hash_and_a_new_logo_does_not_delete_the_old_one() -> None:
    entity = factories.billing_entity()
    entity.logo.save("../../etc/passwd", ContentFile(picture("PNG", (60, 20))))
    first = entity.logo.name
    assert first.startswith("logos/")
    assert len(first) == len("logos/.png") + 40
    entity.logo.save("same.png", ContentFile(picture("PNG", (60, 20))))
    assert entity.logo.name == first
    entity.logo.save("other.png", ContentFile(picture("PNG", (60, 21))))
    assert entity.logo.name != first
    assert default_storage.exists(first)


@pytest.mark.django_db
def test_an_uploaded_logo_is_stored_small() -> None:
    form = upload(picture("JPEG", (3000, 300)))
    assert form.is_valid(), form.errors
    form.save()
    entity = BillingEntity.objects.get()
    assert entity.logo.width == 1000
    assert entity.logo.name.startswith("logos/")
