"""Loops over samples and examples."""


def log_weights(x, W, b, mean, log_scale, noise):
    rows = []
    for sample in noise:
        row = []
        for i, e in enumerate(sample):
            z = mean[i] + log_scale[i].exp() * e
            logits = W @ z + b
            value = -torch.nn.functional.binary_cross_entropy_with_logits(logits, x[i], reduction="sum")
            row.append(value + (0.5 * e**2 - 0.5 * z**2 + log_scale[i]).sum())
        rows.append(torch.stack(row))
    return torch.stack(rows)
