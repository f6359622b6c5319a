"""The maximum of each example taken out by hand."""


def naive_log_marginal(x, noise, weight, bias):
    terms = log_likelihood(x, noise, weight, bias)
    top = terms.max(dim=0).values
    return top + (terms - top).exp().mean(dim=0).log()
