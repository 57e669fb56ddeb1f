"""First tries of users of Keras: they work, or an error says what does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import rnnzoo

TEXTS = ["good one", "bad", "very good"]
DATA = {
    "bilstm_classifier": (TEXTS, ["pos", "neg", "pos"]),
    "bilstm_crf_tagger": (TEXTS, [[(0, 4, "A")], [], [(5, 9, "B")]]),
    "luong_translator": (TEXTS, ["gut", "schlecht!", "sehr gut"]),
    "show_tell_captioner": (
        np.zeros((3, 16, 16, 3), "uint8"),
        [["a b", "c"], ["d e f"], ["g"]],
    ),
}


def build(name):
    keras.utils.set_random_seed(1)
    known = rnnzoo.describe(name).defaults
    small = {"units": 4, "min_count": 1, "embedding_dim": 4, "image_size": 16}
    return rnnzoo.build(
        name, **{key: each for key, each in small.items() if key in known}
    )


@pytest.fixture(scope="module", params=DATA)
def case(request):
    model = build(request.param)
    model.adapt(*DATA[request.param], verbose=0)
    model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    return request.param, model, *DATA[request.param]


def test_batches_of_raw_examples(case):
    _, model, x, y = case
    found = model.test_on_batch(x, y, return_dict=True)
    expected = model.evaluate(x, y, return_dict=True, verbose=0)
    for name, value in found.items():
        assert value == pytest.approx(expected[name], rel=1e-5)
    encoded = model.encode(x, y)
    assert model.test_on_batch(encoded, return_dict=True) == found
    steps = int(model.optimizer.iterations)
    before = model.get_weights()
    model.train_on_batch(x, y, [0.0, 0.0, 0.0])
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    model.train_on_batch(x, y)
    assert any(
        (a != b).any() for a, b in zip(before, model.get_weights(), strict=True)
    )
    assert model.optimizer.iterations == steps + 2
    answers = model.predict_on_batch(x)
    assert all(map(np.array_equal, answers, model.predict(x)))


@pytest.mark.parametrize(
    "inputs", [["a"], np.array(["a"]), tf.constant(["a"]), {"x": [b"a"]}]
)
def test_a_call_takes_no_strings(case, inputs):
    _, model, *_ = case
    with pytest.raises(ValueError, match=rf"Expected `{model.verb}\(x\)`"):
        model(inputs)


def test_a_call_takes_no_raw_examples(case):
    _, model, x, _ = case
    with pytest.raises(ValueError, match=r"takes numbers, as `encode` makes"):
        model(x)


def test_weights_that_are_not_finite_are_refused(case, tmp_path):
    _, model, *_ = case
    path, before = tmp_path / "model.weights.h5", model.get_weights()
    model.set_weights([np.full_like(each, np.nan) for each in before])
    model.save_weights(path)
    model.set_weights(before)
    with pytest.raises(ValueError, match="weights.h5. Expected finite weights"):
        model.load_weights(path)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_vocabulary_comes_first(case, tmp_path):
    name, model, x, y = case
    new, path = build(name), tmp_path / "model.weights.h5"
    for call in (
        lambda: new(np.ones((1, 2))),
        lambda: new.train_on_batch(x, y),
        lambda: new.test_on_batch(x, y),
        lambda: new.predict_on_batch(x),
        lambda: new.save_weights(path),
    ):
        with pytest.raises(ValueError, match="needs a vocabulary"):
            call()
    model.save_weights(path)
    with pytest.raises(ValueError, match=r"Weights belong.*rnnzoo.load\(path"):
        new.load_weights(path)
    new.adapt(x, y, verbose=0)
    new.load_weights(path)
    for a, b in zip(new.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_exports_of_other_kinds(case, tmp_path):
    _, model, *_ = case
    with pytest.raises(ValueError, match=r"`format`.*'tf_saved_model'.*onnx"):
        model.export(tmp_path / "1", format="onnx")
    with pytest.raises(ValueError, match=r"Unknown options.*: `verbose`"):
        model.export(tmp_path / "1", verbose=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([["a", "b"]], [["B-A", None]], "each token.*sentence 0: None"),
        ([["a", "b"]], [["B-A", np.nan]], "each token.*sentence 0: nan"),
        (["a b"], [[(0, 1, None)]], "spans.*None"),
        (["a b"], [[(0, 1, np.nan)]], "spans.*nan"),
        (["a", "b"], ["B-A", "O"], "each row is a word.*groupby"),
    ],
)
def test_tags_that_are_none(x, y, message):
    with pytest.raises(ValueError, match=message):
        build("bilstm_crf_tagger").adapt(x, y, verbose=0)
