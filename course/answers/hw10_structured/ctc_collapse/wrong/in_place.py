"""Repeated frames are overwritten with blanks, in the argument.

Writing into path changes what the caller holds.
"""


def ctc_collapse(path, blank):
    again = torch.zeros(len(path), dtype=torch.bool)
    again[1:] = path[1:] == path[:-1]
    path[again] = blank
    return path[path != blank].tolist()
