"""In float64 inside, ln K taken off each sample."""


def renyi(log_w, alpha):
    b = 1.0 - alpha
    w = log_w.double()
    value = w.mean(0) if -1e-6 < b < 1e-6 else (b * w - math.log(w.size(0))).logsumexp(0).div(b)
    return value.to(log_w.dtype)
