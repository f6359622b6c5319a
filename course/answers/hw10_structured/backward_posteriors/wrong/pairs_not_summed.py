"""A matrix for each step is returned.

Sum over the steps: what is asked for is k by k.
"""


def backward_posteriors(log_alpha, log_transitions, log_emissions):
    log_beta = torch.zeros_like(log_emissions[0])  # (k,)
    rows = [log_beta]
    for emissions in log_emissions[1:].flip(0):
        log_beta = torch.logsumexp(log_transitions + emissions + log_beta, dim=1)
        rows.append(log_beta)
    log_beta = torch.stack(rows[::-1])  # (t, k)
    log_likelihood = torch.logsumexp(log_alpha[-1], dim=0)
    gamma = (log_alpha + log_beta - log_likelihood).exp()
    arrived = (log_emissions + log_beta)[1:, None, :]  # (t - 1, 1, k)
    pairs = log_alpha[:-1, :, None] + log_transitions + arrived - log_likelihood  # (t - 1, k, k)
    return log_beta, gamma, pairs.exp()
