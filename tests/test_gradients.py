"""The demo of gradients: what it measures, and that the page says just that."""

import keras
import numpy as np
import pytest

from rnnzoo import layers
from rnnzoo.cli import main
from rnnzoo.datasets import long_memory
from rnnzoo.demo import demo
from rnnzoo.explain.drawing import LIGHT
from rnnzoo.gradients import experiments
from rnnzoo.gradients.chapters import chapters
from rnnzoo.gradients.maps import pixels
from rnnzoo.gradients.networks import (
    ELMAN,
    LSTM_0,
    LSTM_CHRONO,
    Network,
    gate_biases,
)
from rnnzoo.gradients.training import Training, train


@pytest.fixture(autouse=True)
def few(monkeypatch):
    sizes = {"train": 41, "validation": 2, "test": 43}
    monkeypatch.setattr(long_memory, "SIZES", sizes)
    monkeypatch.setattr("rnnzoo.gradients.training.SIZES", sizes)


def linear(gain):
    """A layer in which each step scales the gradient by that number."""
    return layers.SimpleRNN(
        8,
        activation="linear",
        recurrent_initializer=keras.initializers.Orthogonal(gain),
    )


@pytest.mark.parametrize("gain", [0.5, 1.0, 1.5])
def test_a_linear_network_has_a_ratio_of_its_gain_a_step(gain, eagerly):
    network = Network("linear", lambda steps: linear(gain), 0.0)
    found = train(network, 7, 2)
    expected = np.tile(gain ** np.arange(6.0, -1, -1), (3, 1))
    np.testing.assert_allclose(found.h, expected, rtol=1e-4)
    assert found.c is None
    np.testing.assert_array_equal(found.updates, [0, 1, 2])
    np.testing.assert_array_equal(found.errors, found.errors[0])  # rate 0


@pytest.mark.parametrize(("residual", "ratio"), [(False, 0.5), (True, 1.5)])
def test_a_linear_stack_has_a_ratio_a_layer(residual, ratio, eagerly):
    def stack(steps):
        each = [
            layers.SimpleRNN(
                2,  # as many as features
                activation="linear",
                kernel_initializer=keras.initializers.Identity(0.5),
                recurrent_initializer="zeros",
                return_sequences=True,
            )
            for _ in range(4)
        ]
        return layers.Stack(each, residual=residual)

    found = train(Network("stack", stack, 0.01), 5, 1)
    expected = ratio ** np.arange(3.0, -1, -1)
    np.testing.assert_allclose(found.h[0], expected, rtol=1e-5)


def test_a_training_ends_when_the_problem_is_solved(monkeypatch):
    sizes = {"train": 2000, "validation": 2, "test": 100}
    monkeypatch.setattr("rnnzoo.gradients.training.SIZES", sizes)
    network = Network("Elman", lambda steps: layers.SimpleRNN(8), 0.03)
    found = train(network, 2, 400, watch=False)
    assert found.solved == found.updates[-1] < 400
    assert found.errors[-1] < 0.01 < found.errors[-2]
    assert found.h is None


def test_biases_are_in_the_order_of_keras():
    layer = keras.layers.LSTM(5, unit_forget_bias=True)
    layer.build((None, 3, 2))
    expected = np.asarray(layer.cell.bias)
    np.testing.assert_array_equal(gate_biases((20,), forget=1.0), expected)
    layer = LSTM_CHRONO.layer(50)
    layer.build((None, 50, 2))
    entered, kept, out, candidate = np.split(np.asarray(layer.cell.bias), 4)
    times = 1 + np.exp(kept)  # 1 / (1 - sigmoid): what a unit forgets 1 / e in
    assert 2 <= times.min() < 20 < 30 < times.max() <= 50
    np.testing.assert_array_equal(entered, -kept)
    assert not out.any()
    assert not candidate.any()


def test_colours_fade_and_turn():
    ratios = [[0, 1e-9, 1e-6, 1e-3, 1, 10, 100, np.inf, np.nan]]
    ((*colours, nothing),) = pixels(ratios)
    blue, amber = (
        list(bytes.fromhex(LIGHT[name][1:])) for name in ("sentence", "word")
    )
    assert [each[3] for each in colours] == [0, 0, 0, 128, *[255] * 4]
    assert [list(each[:3]) for each in colours[3:5]] == [blue, blue]
    assert [list(each[:3]) for each in colours[6:8]] == [amber, amber]
    assert sorted([blue[0], amber[0], colours[5][0]])[1] == colours[5][0]
    assert max(nothing[:3]) - min(nothing[:3]) < 30  # grey
    assert 0 < nothing[3] < 255


def made_up(rng):
    """Trainings that nobody did, each with an error of its own."""
    trainings = {}
    for place, (network, steps, watch) in enumerate(experiments.jobs()):
        solved = place % 3 == 0
        errors = [0.9, 0.2, 0.001 if solved else 0.1 + 0.003 * place]
        h = rng.random((3, steps)) if watch else None
        c = rng.random((3, steps)) if watch and "LSTM" in network.name else None
        done = np.array([0, 10 + place, 1000 + place])
        trainings[network.name, steps] = Training(
            network.name, steps, done, np.array(errors), h, c
        )
    return trainings


def test_the_page_says_what_was_measured(tmp_path):
    trainings = made_up(np.random.default_rng(0))
    shown = chapters(trainings, 123)
    shown.save(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text("utf-8")
    table = page[page.index("What learns to remember") :]
    for place, (name, steps) in enumerate(trainings):
        network = trainings[name, steps]
        said = (
            f"solved after {1000 + place} updates"
            if place % 3 == 0
            else f"not solved: error {0.1 + 0.003 * place:.3f}"
        )
        assert said in page, name
        compared = name in [each.name for each in experiments.COMPARED]
        if compared and steps in experiments.STEPS:
            assert f"<td>{said}</td>" in table, name
        is_shown = name not in (LSTM_0.name, LSTM_CHRONO.name)
        for ratios in (network.h if is_shown else None, network.c):
            if ratios is not None:
                first, last = (f"{row[0]:.2g}" for row in ratios[[0, -1]])
                assert f"{first} before training, {last} after" in page
    assert "123 updates of 32 examples" in table
    assert "http" not in page
    assert "<script" not in page


def test_the_demo_trains_and_shows(eagerly, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(experiments, "STEPS", (2, 3, 4))
    monkeypatch.setattr(experiments, "FEW", 2)
    monkeypatch.setattr(experiments, "COMPARED", (ELMAN,))
    monkeypatch.setattr("rnnzoo.gradients.networks.DEPTH", 2)
    demo("gradients", tmp_path / "out", updates=1)
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["gradients.html", "gradients.png"]
    page = (tmp_path / "out" / "gradients.html").read_text("utf-8")
    output = capsys.readouterr().out
    lines = [line for line in output.splitlines() if " steps: " in line]
    assert len(lines) == len(experiments.jobs()) == 15
    for line in lines:
        assert line.split(" steps: ")[1] in page
    assert "Done in " in output


def test_the_command_passes_arguments_on(tmp_path, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr(
        "rnnzoo.demo.demo_gradients", lambda *a: calls.append(a)
    )
    out = tmp_path / "out"
    assert main(["demo", "gradients", "--out", str(out), "--updates", "7"]) == 0
    assert main(["demo", "gradients", "--out", str(out)]) == 0
    assert calls == [(out, 7), (out, 1000)]
    assert main(["demo", "han_classifier", "--updates", "7"]) == 2
    assert "--updates. Expected it for the demo 'gradients'" in (
        capsys.readouterr().err
    )


def test_no_update_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="`updates`. Expected a positive"):
        demo("gradients", tmp_path / "out", updates=0)
    assert not (tmp_path / "out").exists()
