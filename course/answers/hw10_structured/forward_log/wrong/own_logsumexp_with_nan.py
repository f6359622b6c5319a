"""Minus infinity is subtracted from minus infinity.

Where no state leads here, the largest term is -inf, and -inf - (-inf) is NaN. torch.logsumexp knows; or replace that shift by 0.
"""


def forward_log(log_start, log_transitions, log_emissions, lengths):
    log_alpha = log_start + log_emissions[:, 0]  # (n, k)
    rows = [log_alpha]
    for t in range(1, log_emissions.shape[1]):
        terms = log_alpha[:, :, None] + log_transitions
        top = terms.amax(dim=1, keepdim=True)
        arriving = top[:, 0] + (terms - top).exp().sum(dim=1).log()
        log_alpha = arriving + log_emissions[:, t]
        rows.append(log_alpha)
    log_alphas = torch.stack(rows, dim=1)  # (n, t, k)
    last = log_alphas[torch.arange(len(lengths)), lengths - 1]  # (n, k)
    return log_alphas, torch.logsumexp(last, dim=1)
