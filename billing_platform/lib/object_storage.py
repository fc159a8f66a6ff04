"""Documents and logos in an S3-compatible storage instead of a folder: the options of django-storages' backend."""

from __future__ import annotations

from typing import Any

BACKEND = "storages.backends.s3.S3Storage"
_CONNECT_SECONDS, _READ_SECONDS = 5, 30
_TRIES = 4  # of each call, with growing pauses; a job that fails after them is tried again later


def s3_options(
    *, bucket: str, endpoint: str = "", region: str = "", access_key: str = "", secret_key: str = "", prefix: str = ""
) -> dict[str, Any]:
    """Without keys, boto3 looks for them where it always does: environment, files, the machine's role.

    Objects get no access list: in S3 they are private then, also where a bucket refuses lists. Nobody gets a link to
    an object; whoever may read a document gets it through our views.
    """
    from botocore.config import Config  # takes a tenth of a second, which only those pay who use it

    return {
        "bucket_name": bucket,
        "endpoint_url": endpoint or None,
        "region_name": region or None,
        "access_key": access_key or None,
        "secret_key": secret_key or None,
        "location": prefix,
        "default_acl": None,
        "querystring_auth": True,
        "file_overwrite": False,
        "max_memory_size": 16 * 1024 * 1024,  # larger than any document: none is written to the disk on its way
        "client_config": Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _TRIES, "mode": "standard"},
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "auto"},
        ),
    }
