"""A frame counts if it differs from the one before and is no blank."""


def ctc_collapse(path, blank):
    new = torch.ones(len(path), dtype=torch.bool)
    new[1:] = path[1:] != path[:-1]
    return path[new & (path != blank)]
