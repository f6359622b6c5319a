"""The places are returned, not the labels.

Index the path with them.
"""


def ctc_collapse(path, blank):
    new = torch.ones(len(path), dtype=torch.bool)
    new[1:] = path[1:] != path[:-1]
    return (new & (path != blank)).nonzero()[:, 0]
