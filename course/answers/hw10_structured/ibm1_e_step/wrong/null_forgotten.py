"""The null word is forgotten.

Every source sentence begins with the null word: the posterior has I + 1 columns, the first for the null word.
"""


def ibm1_e_step(source, target, table):
    likelihood = table[source][:, target].T
    return likelihood / likelihood.sum(dim=1, keepdim=True)
