"""A small number is added to the denominator.

A word that is rare everywhere then belongs nowhere. Some position has a positive t: nothing needs to be added.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    likelihood = table[with_null][:, target].T
    return likelihood / (likelihood.sum(dim=1, keepdim=True) + 1e-10)
