"""torch.nn.functional.ctc_loss is differentiated.

Its gradient is that with respect to the scores before a log_softmax, p - posterior, and it has no states.
"""


def ctc_gradient(log_probs, labels, blank, alpha):
    extended = labels.new_full((alpha.shape[1],), blank)
    extended[1::2] = labels
    leaves = log_probs[:, None].clone().requires_grad_()
    lengths = [torch.tensor([len(log_probs)]), torch.tensor([len(labels)])]
    loss = torch.nn.functional.ctc_loss(leaves, labels[None], *lengths, blank=blank, reduction="sum", zero_infinity=True)
    loss.backward()
    return -leaves.grad[:, 0][:, extended], -leaves.grad[:, 0]
