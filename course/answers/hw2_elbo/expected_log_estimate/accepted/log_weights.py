"""With log-weights and logsumexp."""


def expected_log_estimate(p_xz, q_z, n_samples):
    log_w, log_q = p_xz.log() - q_z.log(), q_z.log()
    index = torch.stack(torch.meshgrid(*[torch.arange(len(q_z))] * n_samples, indexing="ij")).reshape(n_samples, -1)
    return (log_q[index].sum(dim=0).exp() * (log_w[index].logsumexp(dim=0) - math.log(n_samples))).sum()
