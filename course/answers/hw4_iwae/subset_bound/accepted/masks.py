"""Every subset as a mask of the samples, in float64 inside."""


def subset_bound(log_w, k):
    m = len(log_w)
    masks = [mask for mask in itertools.product([0.0, 1.0], repeat=m) if sum(mask) == k]
    masks = torch.tensor(masks, dtype=torch.float64).log()  # (n_subsets, m), 0 or -inf
    values = torch.logsumexp(masks[:, :, None] + log_w.double(), dim=1) - math.log(k)
    return values.mean(dim=0).to(log_w.dtype)
