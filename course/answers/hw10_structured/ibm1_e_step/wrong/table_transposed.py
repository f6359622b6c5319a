"""The table is read as t(e | f): its rows are taken for target words.

table[e, f] is the probability that the source word e becomes the target word f.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    likelihood = table[target][:, with_null]
    return likelihood / likelihood.sum(dim=1, keepdim=True)
