"""The most probable state of each step is taken: arg max of gamma.

State by state that is right most often, but as a whole it may be a poor path, or an impossible one.
"""


def viterbi(log_start, log_transitions, log_emissions):
    alpha = [log_start + log_emissions[0]]
    for emissions in log_emissions[1:]:
        alpha.append(torch.logsumexp(alpha[-1][:, None] + log_transitions, dim=0) + emissions)
    beta = [torch.zeros_like(log_start)]
    for emissions in log_emissions[1:].flip(0):
        beta.append(torch.logsumexp(log_transitions + emissions + beta[-1], dim=1))
    path = (torch.stack(alpha) + torch.stack(beta[::-1])).argmax(dim=1)
    return path, path_log_joint(path, log_start, log_transitions, log_emissions)
