"""A target word that stands twice shares itself among both places.

Each target position has a posterior of its own, which sums to 1.
"""


def ibm1_e_step(source, target, table):
    with_null = torch.cat([source.new_zeros(1), source])
    likelihood = table[with_null][:, target].T
    times = (target[:, None] == target).sum(dim=1, keepdim=True)
    return likelihood / likelihood.sum(dim=1, keepdim=True) / times
