"""Only blanks are removed.

A label that lasts several frames is one label.
"""


def ctc_collapse(path, blank):
    return [label for label in path.tolist() if label != blank]
