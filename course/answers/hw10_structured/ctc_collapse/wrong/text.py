"""The labels are joined into a text.

A list of numbers is asked for.
"""


def ctc_collapse(path, blank):
    merged = torch.unique_consecutive(path)
    return "".join(str(int(label)) for label in merged[merged != blank])
