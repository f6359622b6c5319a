"""The shares are normalised over the target words.

Each target word chooses among source positions: for each j the sum over i is 1.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    likelihood = table[with_null][:, target].T
    return likelihood / likelihood.sum(dim=0, keepdim=True)
