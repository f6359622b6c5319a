"""Loops over examples and components."""


def elbo(x, responsibilities, weights, means, covariances):
    values = []
    for row, shares in zip(x, responsibilities):
        value = torch.zeros((), dtype=x.dtype)
        for z, share in enumerate(shares):
            if share > 0:
                log_gaussian = torch.distributions.MultivariateNormal(means[z], covariances[z]).log_prob(row)
                value = value + share * (weights[z].log() + log_gaussian - share.log())
        values.append(value)
    return torch.stack(values)
