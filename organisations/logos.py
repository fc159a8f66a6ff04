"""A seller's logo: which pictures are accepted, and how a picture is changed before it is stored.

Pictures are opened by a library that knows two dozen formats, one of which is a program (EPS). So only PNG and JPEG
are opened, told by the file's content and not by its name. The picture is drawn again in a small size and stored under
the hash of its content, so that an invoice always finds the picture that it was issued with.
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
MAX_PIXELS = 16_000_000  # as of a camera; a larger picture is a mistake or an attack, because unpacking takes seconds
STORED_SIZE = (1000, 300)  # pixels; on paper a logo has 60 mm by 18 mm: this is 420 dots per inch

_FORMATS = ("PNG", "JPEG")
_TOO_MANY_PIXELS = f"The picture has too many pixels. Take one of at most {MAX_PIXELS // 1_000_000} megapixels."
_ONLY = "Take a PNG or JPEG picture."


def cleaned(content: bytes) -> tuple[str, bytes]:
    """The name to store a logo under, and the picture in its stored form. Raises ValidationError."""
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
    """The stored picture, checked by the rules for uploads. Raises ValidationError if they refuse it."""
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
    """The picture with its size read, but not unpacked. Raises ValidationError."""
    if len(content) > MAX_BYTES:
        raise ValidationError(f"The picture is larger than {MAX_BYTES // 1024 // 1024} MB. Take a smaller one.")
    try:
        picture = Image.open(BytesIO(content), formats=_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValidationError(_TOO_MANY_PIXELS) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise ValidationError(f"This file is not a picture that can be printed. {_ONLY}") from error
    if picture.width * picture.height > MAX_PIXELS:
        raise ValidationError(_TOO_MANY_PIXELS)
    return picture


class LogoFormField(forms.FileField):
    """Checks a picture when the form is sent, so that the form shows what is wrong."""

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
        """Store the picture under its hash. If a file of this name exists, it is the same picture."""
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
    """An ImageField that stores small PNG and JPEG pictures only, whether a form or code assigns the file."""

    attr_class = _LogoFile

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(**{"form_class": LogoFormField, **kwargs})
