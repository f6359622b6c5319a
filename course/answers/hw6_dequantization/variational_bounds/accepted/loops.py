"""One example at a time, adding up one noise at a time."""


def variational_bounds(x, u, log_q, model, n_levels):
    variational, importance_weighted = [], []
    for i in range(len(x)):
        total, mass = 0, None
        for k in range(len(u)):
            log_w = log_density((x[i] + u[k, i]) / n_levels, model) - x.shape[1] * math.log(n_levels) - log_q[k, i]
            total = total + log_w
            mass = log_w if mass is None else torch.logaddexp(mass, log_w)
        variational.append(total / len(u))
        importance_weighted.append(mass - math.log(len(u)))
    return torch.stack(variational), torch.stack(importance_weighted)
