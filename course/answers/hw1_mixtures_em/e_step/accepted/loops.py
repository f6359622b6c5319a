"""Loops, with the odds against each component."""


def e_step(x, weights, means, covariances):
    rows = []
    for row in x:
        terms = [
            w.log() + torch.distributions.MultivariateNormal(m, c).log_prob(row)
            for w, m, c in zip(weights, means, covariances)
        ]
        top = max(terms)
        shares = torch.stack([torch.exp(term - top) for term in terms])
        rows.append(shares / shares.sum())
    return torch.stack(rows)
