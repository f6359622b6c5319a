"""In float64 inside; the state is a list."""


def update(state, log_w):
    n, *sums = state
    rows = log_w.double()
    pairs = zip(sums, (rows, rows + rows))
    return [n + len(rows), *(torch.logsumexp(torch.cat([s.double()[None], r]), 0).to(log_w.dtype) for s, r in pairs)]


def estimate(state):
    n, first, second = state[0], state[1].double(), state[2].double()
    size = torch.exp(2 * first - second)
    error = torch.where(size < n, 1 / size - 1 / n, torch.zeros_like(size)).sqrt()
    return tuple(part.to(state[1].dtype) for part in (first - math.log(n), error, size))
