"""What a student's function did to its arguments, done to the test's own."""

from __future__ import annotations

import numpy as np
import torch

PLAIN = (int, float, bool, str, bytes, complex, type(None))


def change_in_place(originals: object, changed: object) -> None:
    """Make the arguments look as the student's function left its own copies of them."""
    if type(originals) is not type(changed):
        return
    if isinstance(originals, torch.Tensor):
        if originals.shape == changed.shape and not torch.equal(originals, changed):
            with torch.no_grad():
                originals.copy_(changed)
    elif isinstance(originals, np.ndarray):
        if originals.shape == changed.shape:
            np.copyto(originals, changed, casting="unsafe")
    elif isinstance(originals, dict):
        for key in originals.keys() & changed.keys():
            change_in_place(originals[key], changed[key])
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
                change_in_place(originals[index], changed[index])
        originals[len(changed) :] = []
        originals.extend(changed[len(originals) :])
