"""The labels are filled up with blanks to the length of the path.

Their number is what it is.
"""


def ctc_collapse(path, blank):
    merged = torch.unique_consecutive(path)
    labels = merged[merged != blank].tolist()
    return labels + [blank] * (len(path) - len(labels))
