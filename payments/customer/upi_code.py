"""A QR code as a picture for a web page."""

from __future__ import annotations

from invoicing.documents.qr import packed_code

QUIET = 4  # modules around it, which readers need


def svg_code(content: str) -> str:
    """Black on white in any colour scheme: many readers take no other."""
    code = packed_code(content)
    width = (code.modules + 7) // 8
    dark = []
    for row in range(code.modules):
        bits = int.from_bytes(code.bits[row * width : (row + 1) * width], "big")
        for column in range(code.modules):
            if not bits >> (width * 8 - 1 - column) & 1:
                dark.append(f"M{column + QUIET} {row + QUIET}h1v1h-1z")
    side = code.modules + 2 * QUIET
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{"".join(dark)}"/></svg>'
    )
