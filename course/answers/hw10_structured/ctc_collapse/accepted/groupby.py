"""itertools.groupby merges."""


def ctc_collapse(path, blank):
    from itertools import groupby

    return [label for label, _ in groupby(path.tolist()) if label != blank]
