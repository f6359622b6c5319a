"""The prior 1 / (I + 1) is written out, though it cancels; rows filled one by one."""


def ibm1_e_step(source, target, table):
    I = len(source)
    posterior = torch.empty(len(target), I + 1, dtype=table.dtype)
    for j, f in enumerate(target):
        joint = torch.full((I + 1,), 1 / (I + 1), dtype=table.dtype)
        joint[0] = joint[0] * table[0, f]
        joint[1:] = joint[1:] * table[source, f]
        posterior[j] = joint / joint.sum()
    return posterior
