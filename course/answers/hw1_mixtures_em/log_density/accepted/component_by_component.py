"""Logaddexp over the components, one after the other."""


def log_density(x, weights, means, covariances):
    total = torch.full((x.shape[0],), -math.inf, dtype=x.dtype)
    for z in range(weights.numel()):
        factor = torch.linalg.cholesky(covariances[z])
        whitened = torch.linalg.solve_triangular(factor, (x - means[z]).T, upper=False)
        log_gaussian = (
            -0.5 * whitened.pow(2).sum(0) - factor.diag().log().sum() - 0.5 * x.shape[1] * math.log(2 * math.pi)
        )
        total = torch.logaddexp(total, weights[z].log() + log_gaussian)
    return total
