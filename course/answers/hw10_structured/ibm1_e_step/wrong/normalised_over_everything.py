"""All shares of a sentence pair together sum to 1.

Each target word has a posterior of its own, with the sum 1.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    likelihood = table[with_null][:, target].T
    return likelihood / likelihood.sum()
