"""The label that the path ends with is lost.

A label is written when it ends: the last one must be written after the loop.
"""


def ctc_collapse(path, blank):
    labels, before = [], blank
    for label in path.tolist():
        if label != before:
            if before != blank:
                labels.append(before)
            before = label
    return labels
