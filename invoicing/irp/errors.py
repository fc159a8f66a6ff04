"""How a call to the portal can fail: refused for good, refused for now, known already, or unclear."""

from __future__ import annotations

from billing_platform.lib.errors import DomainError


class IrpError(DomainError):
    """The portal refused, or its answer never came. `unclear`: it may have happened there."""

    code = "IRP_ERROR"
    status = 502
    unclear = False


class IrpRefused(IrpError):
    """The portal refused the document and changed nothing; asking again gives the same. `codes` are its own."""

    code = "IRP_REFUSED"
    status = 409

    def __init__(self, message: str, *, codes: tuple[str, ...] = ()) -> None:
        super().__init__(message, details={"portal_codes": list(codes)})
        self.codes = codes


class IrpElsewhere(IrpRefused):
    """Another portal gave this document an IRN: it is recorded from there."""

    unclear = True


class IrpBusy(IrpError):
    """The portal, or the way to it, is out of order, or does not know a GSTIN yet: it changed nothing. Ask later."""


class IrpUnclear(IrpError):
    """No answer, or one that can't be read: it may have happened."""

    unclear = True


class IrpDuplicate(IrpError):
    """The document has an IRN already."""

    status = 409

    def __init__(self, irn: str) -> None:
        super().__init__("The portal has given this document an IRN before.")
        self.irn = irn


class IrpNotConfigured(IrpError):
    """This installation has no provider."""

    code = "IRP_NOT_CONFIGURED"
    status = 409
