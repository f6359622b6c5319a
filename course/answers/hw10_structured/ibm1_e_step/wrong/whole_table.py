"""The posterior is given for every word of the vocabulary.

A column for each position of this sentence, not for each row of the table.
"""


def ibm1_e_step(source, target, table):
    likelihood = table[:, target].T
    return likelihood / likelihood.sum(dim=1, keepdim=True)
