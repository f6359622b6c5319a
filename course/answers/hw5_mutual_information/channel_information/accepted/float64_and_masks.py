"""In float64 inside, zeros masked; the information as H(Y) - H(Y|X)."""


def channel_information(p_x, channel):
    wide, table = p_x.double(), channel.double()
    joint = (wide * table.T).T

    def entropy(p):
        p = p[p > 0]
        return -(p * torch.log(p)).sum()

    H_y_given_x = sum(weight * entropy(row) for weight, row in zip(wide, table))
    H_x, H_y, H_xy = entropy(wide), entropy(wide @ table), entropy(joint)
    return tuple(part.to(p_x.dtype) for part in (H_x, H_y, H_xy, H_xy - H_y, H_y - H_y_given_x))
