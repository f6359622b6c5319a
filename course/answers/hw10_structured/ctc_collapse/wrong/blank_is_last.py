"""The largest class of the path is taken for the blank.

The blank is an argument.
"""


def ctc_collapse(path, blank):
    merged = torch.unique_consecutive(path)
    return merged[merged != path.max()].tolist()
