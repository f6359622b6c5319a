"""The null word is given half of the prior, and the source words share the other half.

Other models do so. In Model 1 all I + 1 positions are alike before the words are seen.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    prior = torch.full((len(with_null),), 0.5 / len(source), dtype=table.dtype)
    prior[0] = 0.5
    joint = prior * table[with_null][:, target].T
    return joint / joint.sum(dim=1, keepdim=True)
