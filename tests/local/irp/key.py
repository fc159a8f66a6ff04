"""A key with which the stand-in of the portal signs. Made for the tests, and of no use anywhere else."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

MODULUS = int(
    "cfa4e549005a440c9e028848e2da8b9e516cbbd2fb223ad4eb453239ee27856bf0d02fdc7711f32add2887ddd74c4c8c6e8f"
    "5820956e2cbbfdfceb99785d0e1124016abb63fe32b052ed9f1f1273e352c1e3de1c8d3dea482bdac42cdecb4e33c566c650"
    "3594dd52877072896b0bfe103b163a91ebf94711e305fea4d41705a2138c0b240b2a4a58433ed1a0bc20c064633f6157d5a9"
    "529067f2ed91ed8af552459992b1af4c8fd06dd384cfdd1b13aafa989a406c19ba4a44b83254893417db30ac86c9ab5113f5"
    "8e7d5575b85b34981e71ce5e9c2abdedb1113463886d0bfc2ee878475d0d649244be4d49a6e736e9debd807a5e602ea00cfa"
    "6c0e7b614853",
    16,
)
_PRIVATE = int(
    "14becbc2ec61c2ff63b600646523228f31b6b9ae8d8aa648142d634ee85d5320d7fc0f7169055bbf17936f6799955f91d43b"
    "46b9bd5436ec9d5141e9f65d8daf3c0d56dadc004f3e25e58f0a98045e0781a440d2521b87d1a81800eb8962d485aaf3915d"
    "52cd1f039a2680e5a67d4492888f62fb509124d443a89b555fc9e10a59bdd6404adb157ef6f0f74d49abf2798baa16746ffc"
    "403695709786642b9daab41447e4ee652d9f526349ea76173a59048277ea36b367e8a1c59b3c1d0eb8d4990cc4e46a4e102e"
    "5b43f27481eeb2d8e3a1ffca6cc2dac668658f9b6fa57e4196a3ec6879e859f54701650bddf1bf8fff7190ce8182dc4c09fb"
    "98c2053780b9",
    16,
)
PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAz6TlSQBaRAyeAohI4tqL
nlFsu9L7IjrU60UyOe4nhWvw0C/cdxHzKt0oh93XTEyMbo9YIJVuLLv9/OuZeF0O
ESQBartj/jKwUu2fHxJz41LB494cjT3qSCvaxCzey04zxWbGUDWU3VKHcHKJawv+
EDsWOpHr+UcR4wX+pNQXBaITjAskCypKWEM+0aC8IMBkYz9hV9WpUpBn8u2R7Yr1
UkWZkrGvTI/QbdOEz90bE6r6mJpAbBm6SkS4MlSJNBfbMKyGyatRE/WOfVV1uFs0
mB5xzl6cKr3tsRE0Y4htC/wu6HhHXQ1kkkS+TUmm5zbp3r2Ael5gLqAM+mwOe2FI
UwIDAQAB
-----END PUBLIC KEY-----
"""
_PREFIX = bytes.fromhex("3031300d060960864801650304020105000420")
_SIZE = 256


def signed(content: dict[str, Any]) -> str:
    """A JWT of the portal: RS256, with the content as text in `data`."""
    head = _packed(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    body = _packed(json.dumps({"data": json.dumps(content), "iss": "NIC"}).encode())
    digest = _PREFIX + sha256(f"{head}.{body}".encode()).digest()
    block = b"\x00\x01" + b"\xff" * (_SIZE - len(digest) - 3) + b"\x00" + digest
    signature = pow(int.from_bytes(block), _PRIVATE, MODULUS).to_bytes(_SIZE)
    return f"{head}.{body}.{_packed(signature)}"


def _packed(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
