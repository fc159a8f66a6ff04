"""A seller's logo: what is taken, and what becomes of it before it is stored.

Pictures come from outside and end up in a library that opens two dozen formats, one of which is a program (EPS). So
only PNG and JPEG are opened, by what the file is and not by what it is called; and what is kept is drawn anew, small,
under the hash of its content: an invoice that names it will find the same picture for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.db import models
from django.db.models.fields.files import ImageFieldFile
from PIL import Image, ImageOps

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 16_000_000  # what a camera makes; more is a mistake or an attack: it takes seconds to unpack
STORED_SIZE = (1000, 300)  # on paper a logo has 60 mm by 18 mm: this is 420 dots an inch

_FORMATS = ("PNG", "JPEG")
_TOO_MANY_PIXELS = f"The picture has too many pixels. Take one of at most {MAX_PIXELS // 1_000_000} megapixels."
_ONLY = "Take a PNG or JPEG picture."


def cleaned(content: bytes) -> tuple[str, bytes]:
    """The name to store a logo under, and the picture as it will be drawn. Raises ValidationError."""
    picture = _opened(content)
    is_photo = picture.format == "JPEG"
    output = BytesIO()
    with _told_if_damaged():
        small = ImageOps.exif_transpose(picture).convert("RGB" if is_photo else "RGBA")
        small.thumbnail(STORED_SIZE)
        if is_photo:
            small.save(output, "JPEG", quality=90, optimize=True)
        else:
            small.save(output, "PNG", optimize=True)
    name = hashlib.sha256(output.getvalue()).hexdigest()[:40]
    return f"logos/{name}.{'jpg' if is_photo else 'png'}", output.getvalue()


def drawable(content: bytes) -> bytes:
    """The stored picture, if it is one that we would take. Raises ValidationError."""
    picture = _opened(content)
    with _told_if_damaged():
        picture.load()
    return content


@contextmanager
def _told_if_damaged() -> Iterator[None]:
    try:
        yield
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise ValidationError(f"The picture is damaged and can't be read. {_ONLY}") from error


def _opened(content: bytes) -> Image.Image:
    """The picture with its size known and nothing unpacked yet."""
    if len(content) > MAX_BYTES:
        raise ValidationError(f"The picture is larger than {MAX_BYTES // 1024 // 1024} MB. Take a smaller one.")
    try:
        picture = Image.open(BytesIO(content), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValidationError(_TOO_MANY_PIXELS) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ValidationError(f"That is no picture we can print. {_ONLY}") from error
    if picture.width * picture.height > MAX_PIXELS:
        raise ValidationError(_TOO_MANY_PIXELS)
    return picture


class LogoFormField(forms.FileField):
    """Says what is wrong with a picture while the form is still open."""

    widget = forms.ClearableFileInput

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.widget.attrs["accept"] = "image/png,image/jpeg"

    def to_python(self, data: Any) -> Any:
        file = super().to_python(data)
        if file is None:
            return None
        if file.size > MAX_BYTES:
            raise ValidationError(f"The picture is larger than {MAX_BYTES // 1024 // 1024} MB. Take a smaller one.")
        cleaned(file.read())
        file.seek(0)
        return file


class _LogoFile(ImageFieldFile):
    def save(self, name: str, content: File[bytes], save: bool = True) -> None:
        """Store the picture under its own hash; where that is there already, it is the same picture."""
        content.seek(0)
        name, picture = cleaned(content.read())
        if not self.storage.exists(name):
            self.storage.save(name, ContentFile(picture))
        self.name = name
        setattr(self.instance, self.field.attname, name)
        self._committed = True
        if save:
            self.instance.save()


class LogoField(models.ImageField):
    """An ImageField that keeps small PNG and JPEG pictures only, whoever assigns the file."""

    attr_class = _LogoFile

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": LogoFormField, **kwargs})
