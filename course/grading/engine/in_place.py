"""What a student's function did to its arguments, done to the test's own where the test looks at that.

Elsewhere it is not: a test that computes what it expects after the call, from what it
passed, would be told by the function what to expect.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

PLAIN = (int, float, bool, str, bytes, complex, type(None))


def change_in_place(originals: object, changed: object, allowed: Callable[[object], bool]) -> None:
    """Make those arguments that are ``allowed`` look as the student's function left its own copies of them.

    ``originals`` is the list of all arguments, which itself is the caller's.
    """
    if type(changed) is not list or [type(part) for part in changed] != [list, dict]:
        return
    args, kwargs = originals
    for original, left in zip(args, changed[0]):
        _change(original, left, allowed)
    for name in kwargs.keys() & changed[1].keys():
        _change(kwargs[name], changed[1][name], allowed)


def _change(originals: object, changed: object, allowed: Callable[[object], bool]) -> None:
    if type(originals) is not type(changed):
        return
    if isinstance(originals, tuple) or (type(originals) in (list, dict) and not allowed(originals)):
        # the containers stay, and what is in them may be watched
        pairs = (
            ((originals[key], changed[key]) for key in originals.keys() & changed.keys())
            if type(originals) is dict
            else zip(originals, changed)
        )
        for original, left in pairs:
            _change(original, left, allowed)
        return
    if isinstance(originals, (torch.Tensor, np.ndarray, set)) and not allowed(originals):
        return
    if isinstance(originals, torch.Tensor):
        if originals.shape == changed.shape and not torch.equal(originals, changed):
            with torch.no_grad():
                originals.copy_(changed)
    elif isinstance(originals, np.ndarray):
        if originals.shape == changed.shape:
            np.copyto(originals, changed, casting="unsafe")
    elif isinstance(originals, set):
        originals.intersection_update(changed)
        originals.update(changed)
    elif isinstance(originals, dict):
        for key in originals.keys() & changed.keys():
            _change(originals[key], changed[key], allowed)
        for key, value in changed.items():
            if key not in originals or type(originals[key]) in PLAIN:
                originals[key] = value
        for key in originals.keys() - changed.keys():
            del originals[key]
    elif isinstance(originals, list):
        for index in range(min(len(originals), len(changed))):
            if type(originals[index]) in PLAIN or type(originals[index]) is not type(changed[index]):
                originals[index] = changed[index]
            else:
                _change(originals[index], changed[index], allowed)
        originals[len(changed) :] = []
        originals.extend(changed[len(originals) :])
