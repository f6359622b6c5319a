"""Each step's posterior is normalised by itself, and the pairs are added up on the way back."""


def backward_posteriors(log_alpha, log_transitions, log_emissions):
    t, k = log_alpha.shape
    log_beta = [torch.zeros(k, dtype=log_alpha.dtype)]
    counts = torch.zeros(k, k, dtype=log_alpha.dtype)
    for s in range(t - 1, 0, -1):
        follow = log_transitions + (log_emissions[s] + log_beta[0])[None, :]
        counts = counts + torch.softmax((log_alpha[s - 1][:, None] + follow).flatten(), dim=0).reshape(k, k)
        log_beta.insert(0, torch.logsumexp(follow, dim=1))
    log_beta = torch.stack(log_beta)
    return log_beta, torch.softmax(log_alpha + log_beta, dim=1), counts
