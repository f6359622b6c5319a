"""Stacked log-joints and logsumexp."""


def collapse(x, sigma):
    n, d = x.shape
    centres = torch.stack([x[0], x.mean(dim=0)])
    scales = torch.tensor([sigma, 1.0], dtype=torch.float64)
    log_joint = torch.distributions.Normal(centres.double(), scales[:, None]).log_prob(x.double()[:, None, :]).sum(
        dim=2
    ) + math.log(0.5)
    return torch.logsumexp(log_joint, dim=1).sum().to(x.dtype)
