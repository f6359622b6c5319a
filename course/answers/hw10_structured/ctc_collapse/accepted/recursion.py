"""The first frame by itself, then the rest; a tuple."""


def ctc_collapse(path, blank):
    labels = ()
    for t in range(len(path) - 1, -1, -1):
        first = int(path[t])
        if first != blank and (t == 0 or int(path[t - 1]) != first):
            labels = (first, *labels)
    return labels
