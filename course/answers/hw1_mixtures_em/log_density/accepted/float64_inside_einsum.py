"""Precision matrices and einsum, in float64 inside."""


def log_density(x, weights, means, covariances):
    x64, means64, covariances64 = x.double(), means.double(), covariances.double()
    difference = x64.unsqueeze(1) - means64.unsqueeze(0)
    distance = torch.einsum("nki,kij,nkj->nk", difference, torch.linalg.inv(covariances64), difference)
    log_gaussian = (
        -0.5 * distance - 0.5 * x.shape[1] * math.log(2 * math.pi) - 0.5 * torch.linalg.slogdet(covariances64).logabsdet
    )
    return (log_gaussian + weights.double().log()).logsumexp(dim=-1).to(x.dtype)
