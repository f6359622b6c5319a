"""Source positions are rows and target words columns.

A row for each target word, a column for each position.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    likelihood = table[with_null][:, target]
    return (likelihood / likelihood.sum(dim=0)).contiguous()
