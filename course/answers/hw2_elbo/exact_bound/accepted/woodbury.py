"""ln p(x) by the small matrix, the bound by traces."""


def exact_bound(x, mean, log_scale, weight, bias, noise_scale):
    l = weight.shape[1]
    centred = x - bias
    small = torch.eye(l, dtype=x.dtype) + weight.T @ weight / noise_scale**2
    factor = torch.linalg.cholesky(small)
    whitened = torch.linalg.solve_triangular(factor, weight.T @ centred.T / noise_scale**2, upper=False)
    constant = x.shape[1] * (math.log(noise_scale) + 0.5 * math.log(2 * math.pi))
    log_marginal = -constant - factor.diagonal().log().sum() - 0.5 * ((centred / noise_scale) ** 2).sum(1) + 0.5 * (whitened**2).sum(0)
    spread = torch.einsum("nl,dl,dl->n", (2 * log_scale).exp(), weight, weight)
    distance = ((centred - torch.einsum("nl,dl->nd", mean, weight)) ** 2).sum(1)
    elbo = -constant - (distance + spread) / (2 * noise_scale**2)
    elbo = elbo - 0.5 * ((2 * log_scale).exp() + mean**2 - 1 - 2 * log_scale).sum(1)
    return log_marginal, elbo
