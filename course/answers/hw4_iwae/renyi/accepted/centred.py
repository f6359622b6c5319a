"""Centred on the mean of ln w, with expm1 and log1p, right near alpha = 1 by itself."""


def renyi(log_w, alpha):
    beta = 1 - alpha
    centre = log_w.mean(dim=0)
    if abs(beta) < 1e-6:
        return centre
    if abs(beta) * float((log_w - centre).abs().max()) < 0.1:
        return centre + torch.log1p(torch.expm1(beta * (log_w - centre)).mean(dim=0)) / beta
    return (torch.logsumexp(beta * log_w, dim=0) - math.log(log_w.shape[0])) / beta
