"""In float64 inside, ln K taken off each sample."""


def iwae(log_w):
    return torch.logsumexp(log_w.double() - math.log(log_w.size(0)), 0).to(log_w.dtype)
