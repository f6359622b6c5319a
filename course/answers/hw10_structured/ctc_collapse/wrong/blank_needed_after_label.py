"""A label counts only if a blank follows it.

Two different labels may be neighbours.
"""


def ctc_collapse(path, blank):
    path = path.tolist() + [blank]
    return [path[t] for t in range(len(path) - 1) if path[t] != blank and path[t + 1] == blank]
