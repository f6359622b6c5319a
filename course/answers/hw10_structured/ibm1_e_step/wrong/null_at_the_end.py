"""The null word's share stands in the last column.

Column 0 is the null word's, so that column i belongs to the i-th source word.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source, source.new_zeros(1)])
    likelihood = table[with_null][:, target].T
    return likelihood / likelihood.sum(dim=1, keepdim=True)
