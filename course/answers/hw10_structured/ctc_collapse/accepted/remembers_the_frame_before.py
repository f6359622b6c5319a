"""A loop that remembers the frame before; a list."""


def ctc_collapse(path, blank):
    labels, before = [], blank
    for label in path.tolist():
        if label != before and label != blank:
            labels.append(label)
        before = label
    return labels
