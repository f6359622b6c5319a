"""The pair counts as the gradient of ln p(x) by the log-transitions."""


def backward_posteriors(log_alpha, log_transitions, log_emissions):
    log_beta = [torch.zeros_like(log_alpha[0])]
    for emissions in log_emissions[1:].flip(0):
        log_beta.insert(0, torch.logsumexp(log_transitions + emissions + log_beta[0], dim=1))
    log_beta = torch.stack(log_beta)
    gamma = torch.softmax(log_alpha + log_beta, dim=1)
    changes = torch.zeros_like(log_transitions, requires_grad=True)
    follow = log_alpha[:-1, :, None] + log_transitions + changes + (log_emissions + log_beta)[1:, None, :]
    total = torch.logsumexp(follow.flatten(1), dim=1).sum()
    (counts,) = torch.autograd.grad(total, changes)
    return log_beta, gamma, counts
