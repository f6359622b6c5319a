"""Loops over examples and components, solve and slogdet."""


def log_density(x, weights, means, covariances):
    n, d = x.shape
    rows = []
    for row in x:
        terms = []
        for weight, mean, covariance in zip(weights, means, covariances):
            difference = row - mean
            distance = difference @ torch.linalg.solve(covariance, difference)
            terms.append(
                torch.log(weight) - 0.5 * (d * math.log(2 * math.pi) + torch.linalg.slogdet(covariance)[1] + distance)
            )
        rows.append(torch.logsumexp(torch.stack(terms), dim=0))
    return torch.stack(rows)
