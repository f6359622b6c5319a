"""The null word has a column, but no share.

It competes with the source words for each target word, by its own row of the table.
"""


def ibm1_e_step(source, target, table):
    likelihood = table[source][:, target].T
    posterior = likelihood / likelihood.sum(dim=1, keepdim=True)
    return torch.cat([torch.zeros_like(posterior[:, :1]), posterior], dim=1)
