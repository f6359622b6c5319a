"""Where nothing is left, None is returned.

An empty list.
"""


def ctc_collapse(path, blank):
    merged = torch.unique_consecutive(path)
    labels = merged[merged != blank].tolist()
    return labels or None
