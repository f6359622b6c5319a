"""Loops over samples and examples."""


def iwae_gradient(log_w, gradients):
    rows = []
    for i in range(log_w.shape[1]):
        weights = (log_w[:, i] - torch.logsumexp(log_w[:, i], 0)).exp()
        row = torch.zeros_like(gradients[0, i])
        for k, weight in enumerate(weights):
            row = row + weight * gradients[k, i]
        rows.append(row)
    return torch.stack(rows)
