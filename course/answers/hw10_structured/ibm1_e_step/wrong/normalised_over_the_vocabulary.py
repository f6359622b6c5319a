"""The shares are normalised over all source words of the vocabulary, not over those of the sentence.

Only the words of this sentence, and the null word, can have produced the target word.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    return (table / table.sum(dim=0))[with_null][:, target].T
