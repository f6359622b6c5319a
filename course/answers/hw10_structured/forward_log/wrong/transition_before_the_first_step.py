"""A transition is made before the first step.

log_start is the distribution of z_1 itself; T steps have T - 1 transitions.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = torch.logsumexp(log_start[:, None] + log_transitions, dim=0) + log_emissions[:, 0]
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        arriving = torch.logsumexp(log_alpha[:, :, None] + log_transitions, dim=1)  # (n, k)
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)  # (n, t, k)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]  # (n, k)
    return log_alphas, torch.logsumexp(last, dim=1)
