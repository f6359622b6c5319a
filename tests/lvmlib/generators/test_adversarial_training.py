"""The loop: who moves when, interrupted equals not interrupted, what stops it, and that a game is learned."""

import math
import signal

import pytest
import torch
from safetensors.torch import load_file

from lvmlib.generators.adversarial import GAN, ImplicitGenerator
from lvmlib.generators.adversarial_folder import read_adversarial_log, told
from lvmlib.generators.adversarial_networks import point_discriminator, point_generator
from lvmlib.generators.adversarial_training import Game, train_adversarial
from lvmlib.generators.augmentation import RandomAffine
from lvmlib.information.infogan import LatentCode, convolutional_infogan
from lvmlib.training import BinarizedAfresh, CheckpointError, TrainingError, load_weights

N_EXAMPLES, BATCH_SIZE, N_EPOCHS = 43, 8, 4
N_STEPS_PER_EPOCH = N_EXAMPLES // BATCH_SIZE


def images(dtype=torch.float32, n=N_EXAMPLES):
    return torch.rand(n, 64, generator=torch.Generator().manual_seed(8), dtype=torch.float64).to(dtype)


def small_infogan(seed=3, dtype=torch.float32, **settings):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return convolutional_infogan(8, LatentCode(4, 1), 5, (6, 4), 9, **({"penalty": 0.3} | settings)).to(dtype)


def small_run(model=None, n_epochs=N_EPOCHS, **settings):
    model = small_infogan() if model is None else model
    settings = {"batch_size": BATCH_SIZE, "random_state": 5, "presentation": BinarizedAfresh()} | settings
    return model, train_adversarial(model, images(next(model.parameters()).dtype), n_epochs, **settings)


def same_bits(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class CtrlC:
    """A presentation that presses Ctrl-C while its n-th batch is shown."""

    def __init__(self, step=None):
        self.step, self.n_seen, self.shown = step, 0, BinarizedAfresh()

    def __call__(self, x, generator):
        self.n_seen += 1
        if self.n_seen == self.step:
            signal.raise_signal(signal.SIGINT)
        return self.shown(x, generator)


class TestPlayers:
    @pytest.mark.parametrize("name", ["generator", "discriminator"])
    def test_a_step_moves_its_player_alone(self, name):
        model = small_infogan()
        game = Game(model, images(), BATCH_SIZE, (1e-2, 1e-2), (0.5, 0.999), 1e-8, 0, None)
        other = {"generator": "discriminator", "discriminator": "generator"}[name]
        generated = model.generate(8, 1)
        terms = model.generator_terms(generated)
        if name == "discriminator":
            terms = model.discriminator_terms(images()[:8], generated.detach())
        before = {one: parameter.clone() for one, parameter in model.named_parameters()}
        game._climb(name, getattr(model, name), terms)
        for one, parameter in model.named_parameters():
            assert torch.equal(parameter, before[one]) == one.startswith(other), one
            assert parameter.grad is None

    def test_a_small_step_climbs_the_players_own_value(self):
        """First order: a step of Adam has no component against the gradient at its first step."""
        model = small_infogan(dtype=torch.float64)
        game = Game(model, images(torch.float64), BATCH_SIZE, (1e-5, 1e-5), (0.5, 0.999), 1e-8, 0, None)
        x, generated = images(torch.float64)[:8], model.generate(8, 1).detach()
        before = model.climbed(model.discriminator_terms(x, generated)).mean().item()
        game._climb("discriminator", model.discriminator, model.discriminator_terms(x, generated))
        assert model.climbed(model.discriminator_terms(x, generated)).mean().item() > before
        before = model.climbed(model.generator_terms(model.generate(8, 1))).mean().item()
        game._climb("generator", model.generator, model.generator_terms(model.generate(8, 1)))
        assert model.climbed(model.generator_terms(model.generate(8, 1))).mean().item() > before


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    model, result = small_run(folder=folder, presentation=CtrlC())
    assert result.n_steps == N_EPOCHS * N_STEPS_PER_EPOCH and [one.epoch for one in result.records] == [1, 2, 3, 4]
    return model, result, folder


class TestRuns:
    @pytest.mark.parametrize("step", [1, N_STEPS_PER_EPOCH, N_STEPS_PER_EPOCH + 1, 13, N_EPOCHS * N_STEPS_PER_EPOCH])
    def test_interrupted_equals_not_interrupted(self, whole, tmp_path, step):
        with pytest.raises(KeyboardInterrupt, match=f"after step {step}; the checkpoint is in"):
            small_run(folder=tmp_path, presentation=CtrlC(step))
        model, result = small_run(small_infogan(seed=99), folder=tmp_path, resume=True, presentation=CtrlC())
        assert same_bits(model, whole[0]) and result.records == whole[1].records
        for name in ("log.csv", "model.safetensors", "training.json"):
            assert (tmp_path / name).read_bytes() == (whole[2] / name).read_bytes(), name

    def test_more_epochs_go_on(self, whole, tmp_path):
        small_run(folder=tmp_path, n_epochs=2, presentation=CtrlC())
        model, result = small_run(small_infogan(seed=98), folder=tmp_path, resume=True, presentation=CtrlC())
        assert same_bits(model, whole[0]) and result.term("category").shape == (N_EPOCHS,)

    def test_seed_reproduces_and_matters(self, whole):
        torch.manual_seed(77)
        before = torch.get_rng_state()
        model, result = small_run(presentation=CtrlC())
        assert same_bits(model, whole[0]) and result.records == whole[1].records
        assert torch.equal(before, torch.get_rng_state())
        assert not same_bits(small_run(random_state=6, presentation=CtrlC())[0], whole[0])

    def test_log(self, whole):
        _, result, folder = whole
        assert read_adversarial_log(folder) == result.records
        header = (folder / "log.csv").read_text().splitlines()[0]
        assert header == "epoch,step,discrimination,penalty,category,numbers,generator"
        assert same_bits(load_weights(small_infogan(seed=50), folder / "model.safetensors"), whole[0])

    def test_records_are_means_in_nats(self):
        """One epoch of one step: each player's terms before its own step, the generator's after the discriminator's."""
        model = small_infogan(dtype=torch.float64)
        seen = []
        model.climbed = lambda terms: seen.append(terms) or type(model).climbed(model, terms)
        _, result = small_run(model, 1, batch_size=30)
        of_discriminator, of_generator = seen
        assert result.n_steps == 1 and of_discriminator["category"].mean() != of_generator["category"].mean()
        expected = {name: one.mean().item() for name, one in (of_discriminator | of_generator).items()}
        assert result.records[0].terms == pytest.approx(expected, rel=1e-14)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
    def test_on_a_gpu(self, tmp_path):
        def run(seed, n_epochs):
            model = small_infogan(seed).cuda()
            augmentation = RandomAffine(8, 10.0, 0.1, 0.5)
            train_adversarial(
                model, images().cuda(), n_epochs, batch_size=8, augmentation=augmentation, folder=tmp_path, resume=True
            )
            return model

        model = run(3, 1)
        assert model.sample(5, 1).device.type == "cuda" and model.information(5, 1).device.type == "cuda"
        assert not same_bits(run(4, 2), model)

    def test_callback_and_mode(self):
        model, seen = small_infogan().eval(), []
        small_run(model, 2, callback=lambda record, one: seen.append((record.epoch, one.eval() is model)))
        assert seen == [(1, True), (2, True)] and not model.training

    def test_progress(self, capfd):
        small_run(n_epochs=1, progress=True)
        shown = capfd.readouterr().err
        assert "information at least" in shown and "nats" in shown and "discriminator -" in shown
        assert told({"discrimination": -1.2, "generator": -0.5}) == "discriminator -1.200, generator -0.500 nats"


class TestWhatStopsIt:
    def test_nan_in_a_player(self, tmp_path):
        model = small_infogan()
        with torch.no_grad():
            model.generator.network[0].weight[0, 0] = math.nan
        with pytest.raises((TrainingError, ValueError), match="NaN"):
            small_run(model, folder=tmp_path)

    def test_infinite_gradient_names_player_and_step(self):
        """An x so great that the penalty overflows: the value is infinite, no logit is NaN."""
        model = GAN(ImplicitGenerator(point_generator(2, 2), 2), point_discriminator(2), penalty=1.0)
        with torch.no_grad():
            model.discriminator.last.weight.mul_(1e25)
        before = [one.clone() for one in model.parameters()]
        with pytest.raises(TrainingError, match=r"step 1, discriminator: .* is NaN or infinite \(discrimination"):
            train_adversarial(model, torch.randn(9, 2, generator=torch.Generator().manual_seed(1)), 1, batch_size=4)
        assert all(torch.equal(old, new) for old, new in zip(before, model.parameters()))

    def test_what_stands_is_said(self, tmp_path):
        """A NaN in the second epoch's batches: the checkpoint is of a step before, and whole."""

        def spoilt(x, generator):
            spoilt.n_seen += 1
            return x * (math.nan if spoilt.n_seen > N_STEPS_PER_EPOCH else 1.0)

        spoilt.n_seen = 0
        with pytest.raises(ValueError, match="NaN") as caught:
            small_run(folder=tmp_path, presentation=spoilt, checkpoint_minutes=0.0)
        assert f"in step {N_STEPS_PER_EPOCH + 1} of training" in caught.value.__notes__
        assert f"the last checkpoint stands in {tmp_path}" in caught.value.__notes__
        assert all(torch.isfinite(one.double()).all() for one in load_file(tmp_path / "model.safetensors").values())

    def test_a_folder_in_use_or_another_run(self, tmp_path):
        small_run(n_epochs=1, folder=tmp_path)
        with pytest.raises(FileExistsError, match="holds a run already"):
            small_run(n_epochs=1, folder=tmp_path)
        with pytest.raises(CheckpointError, match="batch_size was 8, is 9"):
            small_run(n_epochs=2, folder=tmp_path, resume=True, batch_size=9)
        with pytest.raises(CheckpointError, match="weights was"):
            small_run(small_infogan(category_weight=0.5), n_epochs=2, folder=tmp_path, resume=True)
        with torch.random.fork_rng(devices=[]):
            other = convolutional_infogan(8, LatentCode(4, 1), 5, (6, 5), 9, penalty=0.3)
        with pytest.raises(CheckpointError, match="holds another model"):
            small_run(other, n_epochs=2, folder=tmp_path, resume=True)
        (tmp_path / "checkpoint.safetensors").write_bytes((tmp_path / "checkpoint.safetensors").read_bytes()[:200])
        with pytest.raises(CheckpointError, match="truncated"):
            small_run(n_epochs=2, folder=tmp_path, resume=True)

    def test_checkpoint_by_time(self, tmp_path):
        """``checkpoint_minutes`` 0: one after every step, so a crash loses little; the file is whole."""

        def crash(record, model):
            raise RuntimeError("power cut")

        with pytest.raises(RuntimeError, match="power cut"):
            small_run(n_epochs=2, folder=tmp_path, checkpoint_minutes=0.0, callback=crash)
        assert load_file(tmp_path / "checkpoint.safetensors")["order"].shape == (N_EXAMPLES,)

    @pytest.mark.parametrize(
        ("settings", "complaint"),
        [
            ({"n_epochs": 0}, "n_epochs"),
            ({"batch_size": 1}, "batch_size must be at least 2 and at most the number of examples, 43, got 1"),
            ({"batch_size": 44}, "batch_size must be at least 2"),
            ({"generator_rate": 0.0}, "generator_rate must be a positive number"),
            ({"discriminator_rate": math.nan}, "discriminator_rate must be a positive number"),
            ({"resume": True}, "resume needs a folder"),
            ({"checkpoint_minutes": -1.0}, "checkpoint_minutes must be at least 0"),
            ({"random_state": -3}, "seed must not be negative"),
            ({"betas": (1.0, 0.9)}, "beta"),
        ],
    )
    def test_bad_settings(self, settings, complaint):
        with pytest.raises(ValueError, match=complaint):
            small_run(**settings)

    def test_bad_data(self):
        model = small_infogan()
        for x, error, complaint in [
            (images(torch.float64), ValueError, "x is torch.float64 on cpu, the model torch.float32"),
            (images().clone().index_fill_(0, torch.tensor([2]), math.nan), ValueError, "64 values that are NaN"),
            (images()[0], ValueError, "shape"),
            (images()[:, :49].contiguous(), ValueError, "x has 49 columns, but the generator makes 64"),
            (images().long(), TypeError, "x must be float32 or float64"),
            (3 * images(), ValueError, r"x must be in \[0, 1\], where the generator's sigmoid ends"),
        ]:
            with pytest.raises(error, match=complaint):
                train_adversarial(model, x, 1, batch_size=8, presentation=BinarizedAfresh())


def ring(n, generator):
    """Six Gaussians of deviation 0.1 on a circle of radius 2, not equally often: the last three half as often."""
    which = torch.multinomial(torch.tensor([2.0, 2, 2, 1, 1, 1]), n, replacement=True, generator=generator)
    angle = which * math.pi / 3 + 0.2
    return 2 * torch.stack([angle.cos(), angle.sin()], dim=1) + 0.1 * torch.randn(n, 2, generator=generator), which


def test_a_ring_of_gaussians_is_learned():
    """All six found, most samples near one, and far nearer to the data than before training, by the energy distance."""
    x, _ = ring(2048, torch.Generator().manual_seed(0))
    fresh, _ = ring(1500, torch.Generator().manual_seed(1))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        model = GAN(ImplicitGenerator(point_generator(4, 2), 4), point_discriminator(2), penalty=0.2)
    before = energy_distance(model.sample(1500, 1), fresh)
    train_adversarial(model, x, 40, batch_size=128, generator_rate=1e-3, discriminator_rate=2e-3, random_state=2)
    sampled = model.sample(1500, 1)
    angles = torch.arange(6) * math.pi / 3 + 0.2
    centres = 2 * torch.stack([angles.cos(), angles.sin()], dim=1)
    distance, nearest = torch.cdist(sampled, centres).min(dim=1)
    assert energy_distance(sampled, fresh) < 0.05 * before  # other seeds: 0.007 to 0.01 times
    assert (distance < 0.5).float().mean() > 0.6  # others: 0.73 to 0.80
    assert (torch.bincount(nearest[distance < 0.5], minlength=6) > 40).all()  # others: at least 82


def energy_distance(x, y):
    """2 E|x - y| - E|x - x'| - E|y - y'|; 0 where both have one law."""
    n, m = len(x), len(y)
    within_x, within_y = 2 * torch.pdist(x).sum() / (n * (n - 1)), 2 * torch.pdist(y).sum() / (m * (m - 1))
    return (2 * torch.cdist(x, y).mean() - within_x - within_y).item()
