"""Each target word goes wholly to its most probable position.

That is the E-step of hard EM. A word is shared out, as long as it is not known where it comes from.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    best = table[with_null][:, target].argmax(dim=0)
    return torch.nn.functional.one_hot(best, len(with_null)).to(table.dtype)
