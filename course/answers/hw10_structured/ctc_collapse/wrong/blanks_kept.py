"""Equal neighbours are merged, but the blanks stay.

They are no labels.
"""


def ctc_collapse(path, blank):
    return torch.unique_consecutive(path).tolist()
