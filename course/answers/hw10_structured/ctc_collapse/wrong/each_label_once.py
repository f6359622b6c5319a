"""Each label is kept once.

A label may come again later: only neighbours are merged.
"""


def ctc_collapse(path, blank):
    return [label for label in dict.fromkeys(path.tolist()) if label != blank]
