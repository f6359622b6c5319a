"""With cdist and index_add, on a copy of the means."""


def hard_em(x, means, n_iterations):
    means = means.clone()
    history = torch.empty(n_iterations, dtype=torch.float64)
    constant = math.log(len(means)) + 0.5 * x.size(1) * math.log(2 * math.pi)
    for iteration in range(n_iterations):
        distances = torch.cdist(x, means, compute_mode="donot_use_mm_for_euclid_dist")
        labels = distances.argmin(dim=1)
        history[iteration] = -(distances.gather(1, labels[:, None]).double() ** 2).mean() / 2 - constant
        sums = torch.zeros_like(means).index_add_(0, labels, x)
        counts = torch.bincount(labels, minlength=len(means))
        occupied = counts > 0
        means[occupied] = sums[occupied] / counts[occupied, None]
    return means, labels, history
