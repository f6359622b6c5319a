"""One shift for all sequences.

The largest log-alpha of all is subtracted before exp: a sequence much less probable than another becomes 0. Shift each by its own.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start + log_emissions[:, 0]  # (n, k)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        shift = log_alpha.max()
        arriving = shift + ((log_alpha - shift).exp() @ log_transitions.exp()).log()
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)  # (n, t, k)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]  # (n, k)
    return log_alphas, torch.logsumexp(last, dim=1)
