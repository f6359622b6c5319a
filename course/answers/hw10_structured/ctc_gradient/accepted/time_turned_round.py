"""The backward pass is the forward pass of the signal and the labels turned round."""


def ctc_gradient(log_probs, labels, blank, alpha):
    extended = torch.full((alpha.shape[1],), blank)
    extended[1::2] = labels
    turned = ctc_forward(log_probs.flip(0), labels.flip(0), blank)[0].flip(0, 1)
    joint = (alpha + turned - log_probs[:, extended]).nan_to_num(nan=-math.inf, neginf=-math.inf)
    evidence = alpha[-1][-2:].logsumexp(dim=0)
    if evidence == -math.inf:
        return torch.zeros_like(joint), torch.zeros_like(log_probs)
    occupancy = joint.softmax(dim=1)
    one_hot = torch.nn.functional.one_hot(extended, log_probs.shape[1]).to(log_probs.dtype)
    return occupancy, occupancy @ one_hot
