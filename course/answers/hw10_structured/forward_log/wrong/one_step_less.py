"""The recursion stops one step early, and the last row is repeated.

range(1, T) already ends at T - 1, the last index.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start + log_emissions[:, 0]  # (n, k)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1] - 1):
        arriving = torch.logsumexp(log_alpha[:, :, None] + log_transitions, dim=1)  # (n, k)
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    rows += [rows[-1]] * (log_emissions.shape[1] - len(rows))
    log_alphas = torch.stack(rows[: log_emissions.shape[1]], dim=1)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]  # (n, k)
    return log_alphas, torch.logsumexp(last, dim=1)
