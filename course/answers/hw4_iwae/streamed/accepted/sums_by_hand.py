"""The largest taken out by hand, with care for minus infinity."""


def update(state, log_w):
    n, log_sum, log_sum_of_squares = state

    def add(total, rows):
        rows = torch.cat([total[None], rows])
        top = rows.max(dim=0).values
        top = torch.where(torch.isfinite(top), top, torch.zeros_like(top))
        return top + (rows - top).exp().sum(dim=0).log()

    return n + log_w.shape[0], add(log_sum, log_w), add(log_sum_of_squares, 2 * log_w)


def estimate(state):
    n, log_sum, log_sum_of_squares = state
    log_share = log_sum_of_squares - 2 * log_sum
    error = torch.sqrt(torch.clamp(log_share.exp() - 1 / n, min=0))
    return log_sum - math.log(n), error, torch.exp(-log_share)
