"""A typed codec: plain Python, NumPy and torch values as a JSON header and raw buffers.

The two interpreters that grade a submission exchange values through it, and one of them is hostile. So a value has
one of the exact types below (``type(x) is T``; a subclass never arrives as itself), nothing received is run or
looked up by name outside the fixed tables here, and every size is bounded on both sides before memory is taken.

Header: the JSON text ``[VERSION, node, has_text]``, ASCII. A node is null, true, false, an integer, a finite float, a
short string, or a list ``[tag, ...]``. Buffers: the data of arrays and tensors, little-endian and C-contiguous, in the
order of their nodes; then, if ``has_text``, one with all bytes objects and longer strings, end to end.
"""

import json
from collections.abc import Callable, Sequence

import torch

from course.grading.engine.codec_bounds import LIMITS, CodecError, Limits, check_header, loads
from course.grading.engine.codec_decoder import Decoder
from course.grading.engine.codec_encoder import Encoder

__all__ = ["LIMITS", "CodecError", "Limits", "decode", "encode"]

VERSION = 1
_dumps = json.JSONEncoder(allow_nan=False, check_circular=False, separators=(",", ":")).encode


def encode(
    value: object,
    *,
    reference: Callable[[object], dict | None] | None = None,
    tensor: Callable[[torch.Tensor], dict | None] | None = None,
    limits: Limits = LIMITS,
) -> tuple[bytes, list[memoryview]]:
    """Return the header and the buffers of ``value``.

    ``reference(obj)`` is asked for each object of a type that the codec does not know, and answers with a dict of
    plain JSON that stands for it, or None. ``tensor(t)`` may answer with such a dict to travel with the tensor ``t``.
    CodecError: a type without a reference (named), a cyclic container, an array or tensor of a kind that cannot be
    sent, or more than ``limits``. What the two functions raise passes through.
    """
    encoder = Encoder(limits, reference, tensor)
    try:
        node = encoder.node(value, 0)
        header = _dumps([VERSION, node, bool(encoder.text)]).encode("ascii")
    except (RecursionError, MemoryError) as error:
        raise CodecError(f"the value is too large to be encoded: {type(error).__name__}") from None
    check_header(header, limits)
    return header, encoder.all_buffers()


def decode(
    header: bytes,
    buffers: Sequence[bytes],
    *,
    resolve: Callable[[dict], object] | None = None,
    tensor: Callable[[torch.Tensor, dict], torch.Tensor] | None = None,
    limits: Limits = LIMITS,
) -> object:
    """Return the value of a message, whoever wrote it: arrays and tensors own their memory, tensors are leaves.

    ``resolve(reference)`` gives the object that a reference stands for; ``tensor(t, extra)`` gets each tensor that
    came with a dict and returns what takes its place. CodecError: anything wrong with the message, or a dict for
    which no function was given. What the two functions raise passes through.
    """
    header = bytes(header)
    check_header(header, limits)
    try:
        message = loads(header.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise CodecError(f"the header is not the codec's JSON: {type(error).__name__}") from None
    if type(message) is not list or len(message) != 3 or type(message[0]) is not int or message[0] != VERSION:
        raise CodecError(f"the header is not [{VERSION}, node, has_text]")
    _, node, has_text = message
    decoder = Decoder(limits, resolve, tensor, buffers, has_text)
    try:
        value = decoder.node(node, 0)
    except (RecursionError, MemoryError) as error:
        raise CodecError(f"the message is too large to be decoded: {type(error).__name__}") from None
    decoder.check_all_used()
    return value
