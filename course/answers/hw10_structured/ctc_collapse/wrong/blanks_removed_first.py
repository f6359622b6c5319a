"""The blanks are removed before equal neighbours are merged.

Then no label could ever stand twice in a row: merge first.
"""


def ctc_collapse(path, blank):
    labels = [label for label in path.tolist() if label != blank]
    return [label for t, label in enumerate(labels) if t == 0 or label != labels[t - 1]]
