"""Merkle trees against the vectors of Certificate Transparency, and against the recursive words of RFC 6962."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciliation.proof.merkle import EMPTY, climb, leaf_hash, node_hash, path, root

# the eight leaves with which implementations of RFC 6962 are compared, and the roots over the first n of them
LEAVES = [bytes.fromhex(each) for each in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize(("count", "expected"), enumerate(ROOTS, start=1))
def test_roots_are_those_of_certificate_transparency(count: int, expected: str) -> None:
    assert root([leaf_hash(leaf) for leaf in LEAVES[:count]]).hex() == expected


def test_a_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert root([]) == EMPTY == sha256(b"").digest()


def by_the_book(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962: split at the largest power of two that is less than n."""
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return node_hash(by_the_book(hashes[:split]), by_the_book(hashes[split:]))


@given(st.integers(1, 70).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1))))
def test_each_leaf_leads_to_the_root_and_no_other_does(chosen: tuple[int, int]) -> None:
    count, index = chosen
    hashes = [leaf_hash(bytes([number])) for number in range(count)]
    steps = path(hashes, index)
    assert climb(hashes[index], steps) == root(hashes) == by_the_book(hashes)
    assert climb(leaf_hash(b"another"), steps) != root(hashes)


@given(st.integers(1, 70))
def test_the_tree_over_blocks_is_the_tree_over_leaves(count: int) -> None:
    hashes = [leaf_hash(bytes([number])) for number in range(count)]
    blocks = [root(hashes[start : start + 8]) for start in range(0, count, 8)]
    assert root(blocks) == root(hashes)
