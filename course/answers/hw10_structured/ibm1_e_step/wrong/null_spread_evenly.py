"""The null word's translation probabilities are taken as 1 / F, not from the table.

The null word has a row of the table like any other word: row 0.
"""


def ibm1_e_step(source, target, table):
    likelihood = table[source][:, target].T
    null = torch.full_like(likelihood[:, :1], 1 / table.shape[1])
    likelihood = torch.cat([null, likelihood], dim=1)
    return likelihood / likelihood.sum(dim=1, keepdim=True)
