"""From the normalized weights."""


def importance_sampling(log_w):
    shares = torch.softmax(log_w, dim=0)
    k = log_w.shape[0]
    size = 1 / (shares**2).sum(dim=0)
    return torch.logsumexp(log_w, 0) - math.log(k), size, ((k * shares - 1) ** 2).sum(dim=0).sqrt() / k
