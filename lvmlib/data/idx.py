"""The IDX format, in which MNIST was published: a header, then an array of unsigned bytes."""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib

import numpy as np
from jaxtyping import UInt8

UNSIGNED_BYTE = 0x08
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: str | os.PathLike) -> UInt8[np.ndarray, "..."]:
    """Read an IDX file of unsigned bytes, compressed by gzip or not.

    The header is two zero bytes, the type's code (8: unsigned byte), the number of
    dimensions, and each dimension as a big-endian 32-bit number. The array follows, the last
    dimension fastest.

    Raises
    ------
    ValueError
        If the file is not IDX, holds another type, or is longer or shorter than its header says.
    FileNotFoundError
        If there is no such file.

    References
    ----------
    LeCun, Cortes & Burges, The MNIST database of handwritten digits, "File formats".
    """
    with open(path, "rb") as file:
        content = file.read()
    if content.startswith(GZIP_MAGIC):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{os.fspath(path)} is truncated or damaged: its gzip stream does not decompress ({error})") from error
    if len(content) < 4 or content[:2] != b"\0\0":
        raise ValueError(f"{os.fspath(path)} is not an IDX file: it begins with {content[:4]!r}, not with two zero bytes")
    code, n_dimensions = content[2], content[3]
    if code != UNSIGNED_BYTE:
        raise ValueError(f"{os.fspath(path)} holds IDX type 0x{code:02x}; only unsigned bytes, 0x08, are read")
    offset = 4 + 4 * n_dimensions
    if len(content) < offset:
        raise ValueError(
            f"{os.fspath(path)} is truncated: its header of {n_dimensions} dimensions needs {offset} bytes, it has {len(content)}"
        )
    shape = struct.unpack(f">{n_dimensions}I", content[4:offset])
    expected = math.prod(shape)
    if len(content) - offset != expected:
        raise ValueError(
            f"{os.fspath(path)} holds {len(content) - offset:,} values, but its header says {' x '.join(map(str, shape))} = {expected:,}"
        )
    return np.frombuffer(content, np.uint8, offset=offset).reshape(shape)
