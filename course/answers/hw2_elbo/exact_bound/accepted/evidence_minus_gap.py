"""The bound as ln p(x) less the KL to the exact posterior, in float64 inside."""


def exact_bound(x, mean, log_scale, weight, bias, noise_scale):
    kept = x.dtype
    x, mean, log_scale, weight, bias = (part.double() for part in (x, mean, log_scale, weight, bias))
    eye = torch.eye(weight.shape[1], dtype=torch.float64)
    posterior = torch.distributions.MultivariateNormal(
        torch.linalg.solve(eye * noise_scale**2 + weight.T @ weight, weight.T @ (x - bias).T).T,
        precision_matrix=eye + weight.T @ weight / noise_scale**2,
    )
    q = torch.distributions.MultivariateNormal(mean, scale_tril=torch.diag_embed(log_scale.exp()))
    covariance = weight @ weight.T + noise_scale**2 * torch.eye(len(bias), dtype=torch.float64)
    log_marginal = torch.distributions.MultivariateNormal(bias, covariance).log_prob(x)
    return log_marginal.to(kept), (log_marginal - torch.distributions.kl_divergence(q, posterior)).to(kept)
