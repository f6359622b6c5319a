"""The translation probabilities are returned as they stand in the table.

Bayes' rule divides by their sum over the positions.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    return table[with_null][:, target].T.clone()
