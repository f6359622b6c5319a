"""The global random generators of Python, NumPy and torch, as plain data that travels with each call.

A seed that a test sets must mean, in the student's interpreter, what it means in one
process; and what the student's function draws must move the test's generators on.

But whoever may set a generator's state chooses the test's next inputs: a Mersenne Twister
of zeros draws zeros for ever. So a returned state is taken only where the student's
function could have come to it by drawing (:func:`continued`). Where it could not, because
it set a seed itself or drew more than can be followed, the generator goes on from a state
of the trusted side's own, derived from the last one: the same in each run, chosen by nobody.
"""

from __future__ import annotations

import array
import hashlib
import random
import struct

import numpy as np
import torch

N_WORDS = 624
"""Words of 32 bits in the state of MT19937, which all three generators are."""
MAX_BLOCKS = 16_000
"""Blocks of 624 draws, ten million draws in all, that one returned state is followed through."""
TORCH = struct.Struct("<Qii Q 624Q ddd i f i 4x")
"""torch's state: seed, left, seeded, next, words; x, y, rho of the waiting normal, whether it waits; the float's."""
NO_NORMAL = None


def capture() -> tuple:
    """The three states as a tuple of bytes and numbers; equal states give equal tuples."""
    version, words, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    return (
        (version, array.array("I", words).tobytes(), gauss),
        (name, keys.tobytes(), int(position), int(has_gauss), float(cached)),
        torch.get_rng_state().numpy().tobytes(),
    )


def restore(state: tuple) -> None:
    """Set the three generators to what :func:`capture` gave.

    Raises
    ------
    ValueError
        If it is not such a state.
    """
    try:
        (version, words, gauss), (name, keys, position, has_gauss, cached), torch_state = state
        random.setstate((version, tuple(array.array("I", words)), gauss))
        np.random.set_state((name, np.frombuffer(keys, dtype=np.uint32), position, has_gauss, cached))
        torch.set_rng_state(torch.frombuffer(bytearray(torch_state), dtype=torch.uint8))
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ValueError(f"not a state of the random generators: {error}") from None


def continued(before: tuple, claimed: object, budget: list[int]) -> tuple:
    """The state with which the trusted side goes on after a call.

    Parameters
    ----------
    before
        The state with which the call began: the trusted side's own.
    claimed
        What the student's interpreter says the call has left; it may be anything.
    budget
        One number: blocks of draws that may still be followed; what was followed is taken off.
    """
    parts = claimed if type(claimed) is tuple and len(claimed) == 3 else (None, None, None)
    own = zip(before, map(_plain, parts), (_Python, _NumPy, _Torch))
    return tuple(old if old == new else _continued(kind, old, new, budget) for old, new, kind in own)


def same(given: tuple, claimed: object) -> bool:
    """Whether the claim was taken as it is."""
    return type(claimed) is tuple and len(claimed) == 3 and given == tuple(map(_plain, claimed))


def _plain(part: object) -> object:
    """The claim about one generator, or None if it holds what no state holds, and what may not be compared with one."""
    entries = part if type(part) is tuple else (part,)
    return part if all(type(entry) in (bytes, int, float, str, type(None)) for entry in entries) else None


def _continued(kind: type, before: object, claimed: object, budget: list[int]) -> object:
    words, position, _ = kind.read(before)
    try:
        new_words, new_position, normal = kind.read(claimed)
    except (TypeError, ValueError, struct.error):
        new_words = None
    if new_words is not None and new_words.shape == (N_WORDS,) and 0 < new_position <= N_WORDS:
        recent = _follow(words, position, new_words, new_position, budget)
        if recent is not None:
            return kind.write(before, new_words, new_position, kind.known_normal(normal, recent, before))
    seed = hashlib.sha256(repr(before).encode()).digest()
    return kind.write(before, np.random.MT19937(list(seed)).state["state"]["key"].astype(np.uint32), N_WORDS, NO_NORMAL)


def _follow(words, position: int, new_words, new_position: int, budget: list[int]) -> np.ndarray | None:
    """The latest draws on the way from one state to another, or None where there is no way or it is too long."""
    wanted = _tempered(new_words)
    if np.array_equal(words, new_words) and new_position >= position:
        return wanted[:new_position]
    generator = np.random.MT19937()
    state = generator.state
    state["state"] = {"key": words, "pos": N_WORDS}
    generator.state = state
    earlier = _tempered(words)
    blocks = min(MAX_BLOCKS, budget[0])
    while blocks > 0:
        n = min(blocks, 64)
        draws = generator.random_raw(n * N_WORDS).astype(np.uint32).reshape(n, N_WORDS)
        for block in np.flatnonzero((draws[:, :4] == wanted[:4]).all(axis=1)):
            if np.array_equal(draws[block], wanted):
                budget[0] -= int(block) + 1
                before = draws[block - 1] if block else earlier
                return np.concatenate([before, wanted[:new_position]])
        earlier = draws[-1]
        blocks -= n
        budget[0] -= n
    return None


def _tempered(words: np.ndarray) -> np.ndarray:
    """The draws that a block of words gives."""
    y = words.astype(np.uint32)
    y = y ^ (y >> np.uint32(11))
    y = y ^ ((y << np.uint32(7)) & np.uint32(0x9D2C5680))
    y = y ^ ((y << np.uint32(15)) & np.uint32(0xEFC60000))
    return y ^ (y >> np.uint32(18))


def _pairs(draws: np.ndarray, high_bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Every two uniform numbers in [0, 1) of 53 bits that four draws in a row can have made.

    The first draw of two gives the 27 high bits, in torch all 32.
    """
    if len(draws) < 4:
        return np.empty(0), np.empty(0)
    first, second = draws[:-1].astype(np.uint64), draws[1:].astype(np.uint64)
    if high_bits == 32:
        whole = ((first << np.uint64(32)) | second) & np.uint64(2**53 - 1)
    else:
        whole = ((first >> np.uint64(5)) << np.uint64(26)) | (second >> np.uint64(6))
    uniform = whole.astype(np.float64) / 2.0**53
    return uniform[:-2], uniform[2:]


def _among(value: object, possible: np.ndarray) -> bool:
    return type(value) is float and bool(np.isclose(possible, value, rtol=1e-9, atol=1e-12).any())


class _Python:
    """``random``: Box and Muller's second normal waits for the next call of ``gauss``."""

    @staticmethod
    def read(state):
        version, words, gauss = state
        words = np.frombuffer(words, dtype=np.uint32)
        if version != 3 or words.shape != (N_WORDS + 1,):
            raise ValueError("another kind of state")
        return words[:-1], int(words[-1]), gauss

    @staticmethod
    def write(before, words, position, normal):
        return (3, np.append(words, np.uint32(position)).astype(np.uint32).tobytes(), normal)

    @staticmethod
    def known_normal(normal, recent, before):
        if normal is None or (type(normal) is float and normal == before[2]):
            return normal
        first, second = _pairs(recent, 27)
        possible = np.sin(first * 2 * np.pi) * np.sqrt(-2 * np.log1p(-second))
        return normal if _among(normal, possible) else NO_NORMAL


class _NumPy:
    """``numpy.random``: the second normal of Marsaglia's polar method waits."""

    @staticmethod
    def read(state):
        name, words, position, has_normal, normal = state
        if name != "MT19937" or type(position) is not int:
            raise ValueError("another kind of state")
        return np.frombuffer(words, dtype=np.uint32), position, normal if has_normal else None

    @staticmethod
    def write(before, words, position, normal):
        return ("MT19937", words.tobytes(), position, int(normal is not None), 0.0 if normal is None else normal)

    @staticmethod
    def known_normal(normal, recent, before):
        if normal is None or (type(normal) is float and before[3:] == (1, normal)):
            return normal
        x, y = (2 * u - 1 for u in _pairs(recent, 27))
        with np.errstate(divide="ignore", invalid="ignore"):
            possible = x * np.sqrt(-2 * np.log(x * x + y * y) / (x * x + y * y))
        return normal if _among(normal, possible) else NO_NORMAL


class _Torch:
    """torch's generator of the CPU: Box and Muller's second normal waits."""

    @staticmethod
    def read(state):
        if type(state) is not bytes or len(state) != TORCH.size:
            raise ValueError("another kind of state")
        seed, left, seeded, following, *rest = TORCH.unpack(state)
        words, (_, y, _, has_normal, _, _) = rest[:N_WORDS], rest[N_WORDS:]
        if not seeded or max(words) >= 2**32 or not (left == 1 and following == 0 or left + following == N_WORDS + 1):
            raise ValueError("not a state that the generator comes to")
        # a fresh seed stands at the end of a block that was never drawn from
        return np.array(words, dtype=np.uint32), following or N_WORDS, y if has_normal else None

    @staticmethod
    def write(before, words, position, normal):
        seed = TORCH.unpack(before)[0]
        waiting = (0.0, 0.0 if normal is None else normal, 0.0, int(normal is not None), 0.0, 0)
        return TORCH.pack(seed, N_WORDS + 1 - position, 1, position, *map(int, words), *waiting)

    @staticmethod
    def known_normal(normal, recent, before):
        if normal is None or normal == _Torch.read(before)[2]:
            return normal
        first, second = _pairs(recent, 32)
        possible = np.sin(first * 2 * np.pi) * np.sqrt(-2 * np.log1p(-second))
        return normal if _among(normal, possible) else NO_NORMAL
