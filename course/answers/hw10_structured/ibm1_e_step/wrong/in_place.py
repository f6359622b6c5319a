"""The table is normalised in place.

table /= ... changes the caller's table too.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    likelihood = table[with_null][:, target].T
    table /= table.sum(dim=0)
    return likelihood / likelihood.sum(dim=1, keepdim=True)
