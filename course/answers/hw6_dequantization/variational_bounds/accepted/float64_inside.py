"""Computed in float64, and cast back."""


def variational_bounds(x, u, log_q, model, n_levels):
    wide = {name: tensor.double() for name, tensor in model.items()}
    log_w = log_density((x.double() + u.double()) / n_levels, wide) - x.shape[1] * math.log(n_levels) - log_q.double()
    weighted = torch.logsumexp(log_w - math.log(len(u)), dim=0)
    return log_w.mean(0).to(x.dtype), weighted.to(x.dtype)
