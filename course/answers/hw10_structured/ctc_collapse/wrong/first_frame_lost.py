"""The first frame is never counted.

It has no frame before it, and begins a label unless it is blank.
"""


def ctc_collapse(path, blank):
    path = path.tolist()
    return [path[t] for t in range(1, len(path)) if path[t] != path[t - 1] and path[t] != blank]
