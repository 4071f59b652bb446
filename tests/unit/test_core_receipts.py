"""Receipts: every leaf proves its place, nothing else does, in any implementation."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend.core.receipts import commitment, leaf, merkle_proof, merkle_root, verify_proof

HASHES = st.binary(min_size=32, max_size=32)
TREES = st.integers(1, 70).map(lambda count: [sha256(bytes([n])).digest() for n in range(count)])


@dataclass(frozen=True)
class Claimed:
    """What a verifier is shown."""

    root: bytes
    leaf: bytes
    index: int
    count: int
    proof: tuple[bytes, ...]

    @property
    def holds(self) -> bool:
        return verify_proof(self.root, self.leaf, self.index, self.count, self.proof)

    @property
    def path(self) -> list[bool]:
        """Which side each sibling is on, as index and count alone decide it."""
        sides, index, width = [], self.index, self.count
        while width > 1:
            if index ^ 1 < width:
                sides.append(index % 2 == 1)
            index, width = index // 2, (width + 1) // 2
        return sides


@st.composite
def claims(draw: st.DrawFn) -> Claimed:
    leaves = draw(TREES)
    index = draw(st.integers(0, len(leaves) - 1))
    proof = tuple(merkle_proof(leaves, index))
    return Claimed(merkle_root(leaves), leaves[index], index, len(leaves), proof)


@pytest.mark.parametrize("count", [*range(1, 34), 255, 599, 600])
def test_leaves_of_every_size_prove(count: int) -> None:
    leaves = [sha256(f"{count}/{n}".encode()).digest() for n in range(count)]
    root = merkle_root(leaves)
    # Of a large tree its ends and some between: each proof builds the tree anew.
    for index in {*range(0, count, 1 + count // 40), count - 1}:
        assert verify_proof(root, leaves[index], index, count, merkle_proof(leaves, index))


@given(claims(), st.data())
def test_a_changed_bit_anywhere_proves_nothing(claimed: Claimed, data: st.DataObject) -> None:
    assert claimed.holds
    parts = [claimed.root, claimed.leaf, *claimed.proof]
    which = data.draw(st.integers(0, len(parts) - 1))
    bit = data.draw(st.integers(0, 255))
    parts[which] = (int.from_bytes(parts[which]) ^ 1 << bit).to_bytes(32)
    root, one, *proof = parts
    assert not replace(claimed, root=root, leaf=one, proof=tuple(proof)).holds


@given(claims(), st.integers(-2, 80))
def test_another_index_proves_nothing(claimed: Claimed, index: int) -> None:
    assume(index != claimed.index)
    assert not replace(claimed, index=index).holds


@given(claims(), st.integers(-2, 80))
def test_another_count_proves_nothing_unless_the_path_is_the_same(
    claimed: Claimed, count: int
) -> None:
    """The root does not commit to the count: the verifier takes it from the chain's event."""
    other = replace(claimed, count=count)
    assume(count <= claimed.index or other.path != claimed.path)
    assert not other.holds


@given(claims(), HASHES)
def test_another_root_or_a_longer_or_shorter_proof_proves_nothing(
    claimed: Claimed, other: bytes
) -> None:
    assert not replace(claimed, root=other).holds
    assert not replace(claimed, proof=(*claimed.proof, other)).holds
    if claimed.proof:
        assert not replace(claimed, proof=claimed.proof[:-1]).holds


def test_a_node_does_not_pass_for_a_leaf() -> None:
    leaves = [sha256(bytes([n])).digest() for n in range(4)]
    root = merkle_root(leaves)
    pair = merkle_root(leaves[:2])
    assert merkle_root([pair, merkle_root(leaves[2:])]) == root
    # What tells them apart is that a leaf is a hash in a domain of its own.
    assert not verify_proof(root, pair, 0, 4, merkle_proof(leaves, 0))


def test_no_leaves_have_no_root_and_no_proof() -> None:
    with pytest.raises(ValueError, match="at least one"):
        merkle_root([])
    for index in (-1, 3):
        with pytest.raises(IndexError):
            merkle_proof([b"x" * 32] * 3, index)


@given(st.binary(min_size=32, max_size=32), st.text(max_size=9), st.binary(max_size=9))
def test_a_commitment_binds_operation_and_details(
    secret: bytes, operation_id: str, details: bytes
) -> None:
    made = commitment(secret, operation_id, details)
    assert made != commitment(secret, f"{operation_id}x", details)
    assert made != commitment(secret, operation_id, details + b"x")
    assert made != commitment(sha256(secret).digest(), operation_id, details)
    # Moving a byte from one part to the other is another message.
    assert made != commitment(secret, operation_id + "x", details[1:])


@pytest.mark.parametrize(("program", "committed"), [(b"", b"c" * 32), (b"p" * 20, b"c" * 31)])
def test_a_leaf_takes_an_address_and_a_commitment(program: bytes, committed: bytes) -> None:
    with pytest.raises(ValueError, match="20-byte"):
        leaf(program, 1, 0, 1, committed)


# Written out for other implementations. Program 0x11…11, batch 7, words 0x2a00 + index,
# commitments under the secret 00 01 … 1f of operation "op_<index>" and details {"n":<index>}.
COMMITMENTS = [
    "6c8079fd5872adf64cf797d97445298a02af705a87124fd55ebf6c4e53217be4",
    "374de4a2e7e796b60e19e12a1f77a126fdb0c93080c6f2093e13c180e3db3f02",
    "f2645590f369f75d5297e7da1dd0f2e2ba873fb5c51ed4021b49ecd82eb17336",
    "f7cdad09f57ffea36e6d6111b9eb63e332f89bb4a2759854714f75436d37a7b3",
    "9075d8afe01fec2373b1f6693581ccac68e09e223eb8fdf18300e978509d8b9f",
]
LEAVES = [
    "2acfb25436ab28588bbed34a2d96cebcfe2eec2f8e39305bbf0c1987ca11f3b5",
    "3253b9399afbeb7f50881e0833e2642140f0fd124dd41ff393c0d7bab4ac5705",
    "58ea5929284382107c556b2801e4ea0725bd15b450dc0592f456fb4b46c06217",
    "55cd842f2f94048b3f5013a099c10e633a24a1cf7f6fc881df0ecc5a97b5e7a7",
    "8954a0a6216d1eb49d200ad2f6ddf925652ebd7e2e9d2cceb94ff1d628740f74",
]
ROOTS = {
    1: "2acfb25436ab28588bbed34a2d96cebcfe2eec2f8e39305bbf0c1987ca11f3b5",
    2: "584814a7cdcd3cc6795e9a666548b629ac1c1e54166388c2372f8002eb79f115",
    3: "d225e6ad0edfcd82f42a4c006948e50c8b197da3e3119e08802565f648c30ac2",
    4: "87f9b8d3e16d8c4620cd6fcb5312ede3d169c1448d63ed9ad9765098a642c87e",
    5: "d155ef1471c9948e09fdc73f81638b36736bd2bee9248e946a7ba21814b8068c",
}
PROOF_OF_2_IN_5 = [
    "55cd842f2f94048b3f5013a099c10e633a24a1cf7f6fc881df0ecc5a97b5e7a7",
    "584814a7cdcd3cc6795e9a666548b629ac1c1e54166388c2372f8002eb79f115",
    "8954a0a6216d1eb49d200ad2f6ddf925652ebd7e2e9d2cceb94ff1d628740f74",
]


def golden_leaves() -> list[bytes]:
    secret, program = bytes(range(32)), b"\x11" * 20
    made = [commitment(secret, f"op_{n}", b'{"n":%d}' % n) for n in range(5)]
    assert [one.hex() for one in made] == COMMITMENTS
    return [leaf(program, 7, n, 0x2A00 + n, one) for n, one in enumerate(made)]


def test_golden_vectors() -> None:
    leaves = golden_leaves()
    assert [one.hex() for one in leaves] == LEAVES
    assert {n: merkle_root(leaves[:n]).hex() for n in ROOTS} == ROOTS
    assert [sibling.hex() for sibling in merkle_proof(leaves, 2)] == PROOF_OF_2_IN_5


def test_golden_vectors_from_the_description_alone() -> None:
    """The format in SHA-256 and nothing else, as an auditor would write it."""
    framed = b"\x00\x00\x00\x04op_2" + b"\x00\x00\x00\x07" + b'{"n":2}'
    hidden = hmac.new(bytes(range(32)), b"mereau/commitment/1" + framed, sha256).digest()
    shown = b"\x11" * 20 + (7).to_bytes(8) + (2).to_bytes(4) + (0x2A02).to_bytes(32)
    leaves = [bytes.fromhex(one) for one in LEAVES]
    assert sha256(b"\x00mereau/receipt/1" + shown + hidden).digest() == leaves[2]

    def pair(left: bytes, right: bytes) -> bytes:
        return sha256(b"\x01" + left + right).digest()

    four = pair(pair(leaves[0], leaves[1]), pair(leaves[2], leaves[3]))
    assert pair(four, leaves[4]).hex() == ROOTS[5]
    assert verify_proof(
        bytes.fromhex(ROOTS[5]), leaves[2], 2, 5, [bytes.fromhex(one) for one in PROOF_OF_2_IN_5]
    )
