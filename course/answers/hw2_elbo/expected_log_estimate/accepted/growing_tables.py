"""Tables that grow by one sample at a time, in logarithms."""


def expected_log_estimate(p_xz, q_z, n_samples):
    probability, total = torch.ones(1, dtype=q_z.dtype), torch.zeros(1, dtype=q_z.dtype)
    for _ in range(n_samples):
        probability = (probability[:, None] * q_z).reshape(-1)
        total = (total[:, None] + p_xz / q_z).reshape(-1)
    return torch.dot(probability, total.log() - math.log(n_samples))
