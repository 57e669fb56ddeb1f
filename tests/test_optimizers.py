import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.optimizers import LazyAdam, moving_averages

WORDS, FEATURES = 6, 3


# Of float32, 1 - 0.999 is 5e-5 away from what Keras multiplies by.
ROUNDED = {"rtol": 1e-5, "atol": 1e-6}


def slices(rows, seed=0):
    """A gradient of those rows (repeats allowed) of a small embedding."""
    values = np.random.default_rng(seed).normal(size=(len(rows), FEATURES))
    return tf.IndexedSlices(
        tf.constant(values, "float32"), tf.constant(rows), (WORDS, FEATURES)
    )


def weight():
    values = np.random.default_rng(9).normal(size=(WORDS, FEATURES))
    return keras.Variable(values.astype("float32"), name="embeddings")


def train(optimizer, gradients):
    """The embedding and a dense weight after those steps."""
    embedding, other = weight(), keras.Variable(np.ones(4, "float32"))
    for gradient in gradients:
        rest = tf.constant([1.0, -2.0, 3.0, 0.0])
        optimizer.apply_gradients([(gradient, embedding), (rest, other)])
    return embedding.numpy(), other.numpy()


OPTIONS = [
    {},
    {"amsgrad": True},
    {"clipnorm": 0.5},
    {"global_clipnorm": 0.5},
    {"clipvalue": 0.1},
    {"weight_decay": 0.1},
    {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
    {"beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-3},
    {"learning_rate": keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)},
]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_is_adam_when_all_rows_occur(options):
    gradients = [slices([3, 0, 1, 5, 2, 4, 3, 3, 1], seed) for seed in range(4)]
    options = {"learning_rate": 0.1, **options}
    ours = train(LazyAdam(**options), gradients)
    theirs = train(
        keras.optimizers.Adam(**options),
        [tf.convert_to_tensor(each) for each in gradients],
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, **ROUNDED)


@pytest.mark.parametrize("options", OPTIONS[:5], ids=" ".join)
def test_first_step_is_adam_for_any_rows(options):
    gradient = slices([4, 1, 4])
    ours = train(LazyAdam(0.1, **options), [gradient])
    theirs = train(
        keras.optimizers.Adam(0.1, **options), [tf.convert_to_tensor(gradient)]
    )
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_dense_gradient_is_adam():
    gradients = [tf.convert_to_tensor(slices([2, 4], i)) for i in range(3)]
    ours = train(LazyAdam(0.1), gradients)
    theirs = train(keras.optimizers.Adam(0.1), gradients)
    np.testing.assert_allclose(ours[0], theirs[0], **ROUNDED)


@pytest.mark.parametrize("amsgrad", [False, True])
def test_rule_for_rows_that_occur(amsgrad):
    batches = [[1, 4, 1], [4, 2], [1, 1, 1], [5]]
    gradients = [slices(rows, seed) for seed, rows in enumerate(batches)]
    w = weight().numpy().astype("float64")
    m, v, v_max = np.zeros_like(w), np.zeros_like(w), np.zeros_like(w)
    for t, gradient in enumerate(gradients, start=1):
        for row in set(gradient.indices.numpy()):
            where = gradient.indices.numpy() == row
            g = gradient.values.numpy()[where].sum(axis=0)
            m[row] = 0.9 * m[row] + 0.1 * g
            v[row] = 0.999 * v[row] + 0.001 * g**2
            v_max[row] = np.maximum(v_max[row], v[row])
            scale = np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            root = np.sqrt(v_max[row] if amsgrad else v[row])
            w[row] -= 0.1 * scale * m[row] / (root + 1e-7)
    ours, _ = train(LazyAdam(0.1, amsgrad=amsgrad), gradients)
    np.testing.assert_allclose(ours, w, rtol=1e-5)
    np.testing.assert_array_equal(ours[[0, 3]], weight().numpy()[[0, 3]])


def classifier(optimizer, **options):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(WORDS, FEATURES),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(2, dtype="float32"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, **options)
    return model


IDS = np.array([[1, 2, 1], [4, 4, 4], [2, 1, 5], [4, 5, 5]])
LABELS = np.array([0, 1, 0, 1])


@pytest.mark.parametrize("mode", ["graph", "jit_compile", "run_eagerly"])
def test_fit_touches_only_rows_that_occur(mode):
    options = {} if mode == "graph" else {mode: True}
    model = classifier(LazyAdam(0.1, global_clipnorm=1.0), **options)
    before = model.get_weights()[0]
    losses = model.fit(IDS, LABELS, batch_size=2, epochs=5, verbose=0).history[
        "loss"
    ]
    assert losses[-1] < losses[0]
    same = (model.get_weights()[0] == before).all(axis=1)
    np.testing.assert_array_equal(
        same, [True, False, False, True, False, False]
    )


def test_mixed_precision_and_loss_scale():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        inner = LazyAdam(0.1)
        model = classifier(keras.optimizers.LossScaleOptimizer(inner))
    finally:
        keras.config.set_dtype_policy("float32")
    before = model.get_weights()[0]
    losses = model.fit(IDS, LABELS, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    np.testing.assert_array_equal(
        model.get_weights()[0][[0, 3]], before[[0, 3]]
    )


@pytest.mark.parametrize("options", [{}, {"amsgrad": True}], ids=" ".join)
def test_replicas_sum_their_rows(mirrored, options):
    def trained():
        model = classifier(LazyAdam(0.1, **options))
        data = tf.data.Dataset.from_tensor_slices((IDS, LABELS)).batch(4)
        model.fit(data, epochs=3, verbose=0)
        return model.get_weights()

    alone = trained()
    with mirrored.scope():
        together = trained()
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_saved_model_goes_on_as_it_was(tmp_path):
    model = classifier(LazyAdam(0.1, beta_1=0.8, amsgrad=True))
    model.fit(IDS, LABELS, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    for each in (model, loaded):
        each.fit(IDS[:2], LABELS[:2], shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "option", ["gradient_accumulation_steps", "loss_scale_factor"]
)
def test_options_that_would_be_dense_are_errors(option):
    with pytest.raises(ValueError, match=f"`{option}`.*{option}=8"):
        LazyAdam(**{option: 8})


def test_layers_may_learn_at_rates_of_their_own():
    x = np.array([[0, 1]])
    changes = {}
    for factor in (1.0, 0.1):
        keras.utils.set_random_seed(1)
        model = keras.Sequential(
            [keras.layers.Embedding(4, 3, name="words"), keras.layers.Dense(1)]
        )
        model.build((None, 2))
        before = model.get_weights()
        rates = {"words": factor}
        optimizer = LazyAdam(0.1, rates=rates)
        assert LazyAdam.from_config(optimizer.get_config()).rates == rates
        model.compile(optimizer, "mse")
        model.fit(x, np.ones((1, 2, 1)), verbose=0)
        pairs = zip(model.get_weights(), before, strict=True)
        changes[factor] = [after - start for after, start in pairs]
    np.testing.assert_allclose(
        changes[0.1][0], 0.1 * changes[1.0][0], rtol=1e-4, atol=1e-7
    )
    np.testing.assert_allclose(changes[0.1][1], changes[1.0][1], rtol=1e-5)


def test_a_rate_is_of_a_layer_that_is_there():
    optimizer = LazyAdam(rates={"words": 0.1})
    with pytest.raises(ValueError, match=r"names of layers.*words"):
        optimizer.build([weight()])
    with pytest.raises(ValueError, match="positive"):
        LazyAdam(rates={"words": 0})


def test_moving_averages_are_of_the_weights_that_were_trained():
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(2), keras.layers.Dense(2)]
    )
    model.compile(LazyAdam(0.1, use_ema=True, ema_momentum=0.5), "mse")
    for _ in range(3):  # `fit` would end with the averages
        model.train_on_batch(np.eye(2), np.ones((2, 2)))
    trained = model.get_weights()
    with moving_averages(model):
        expected = model.get_weights()
    assert all((a != b).any() for a, b in zip(expected, trained, strict=True))
    model.layers[0].trainable = False
    with moving_averages(model):
        averages = model.get_weights()
    for pair in zip(averages, expected, strict=True):
        np.testing.assert_array_equal(*pair)
    for pair in zip(model.get_weights(), trained, strict=True):
        np.testing.assert_array_equal(*pair)


def test_rates_of_layers_within_layers_are_multiplied():
    """The first step of Adam is the learning rate, whatever the gradient."""
    both = keras.layers.Bidirectional(keras.layers.GRU(2), name="both")
    model = keras.Sequential([keras.Input((3, 4)), both, keras.layers.Dense(1)])
    before = model.get_weights()
    rates = {"both": 0.5, both.backward_layer.name: 0.2}
    model.compile(LazyAdam(0.1, rates=rates), "mse")
    x = np.random.default_rng(0).normal(size=(8, 3, 4))
    model.train_on_batch(x, np.ones((8, 1)))
    steps = [
        np.abs(after - start).max()
        for after, start in zip(model.get_weights(), before, strict=True)
    ]
    expected = [0.05] * 3 + [0.01] * 3 + [0.1] * 2
    np.testing.assert_allclose(steps, expected, rtol=1e-3)


def test_weights_wait_for_their_steps_to_the_bit():
    """Afterwards they learn as if their moments had never waited."""
    words = keras.layers.Embedding(4, 3)
    model = keras.Sequential([words, keras.layers.Dense(1, use_bias=False)])
    model.build((None, 2))
    before = model.get_weights()
    optimizer = LazyAdam(0.1, factors=[0.5, 0.2], waits=[2, 3])
    again = LazyAdam.from_config(optimizer.get_config())
    assert (again.factors, again.waits) == ([0.5, 0.2], [2, 3])
    model.compile(optimizer, "mse")
    x, y = np.array([[0, 1]]), np.ones((1, 2, 1))
    for step in range(4):
        model.train_on_batch(x, y)
        found = model.get_weights()
        moved = [(a != b).any() for a, b in zip(found, before, strict=True)]
        assert moved == [step >= 2, step >= 3]
        if step == 2:  # the gradients so far were equal
            change = np.abs(found[0] - before[0])[:2]
            np.testing.assert_allclose(change, 0.1 * 0.5, rtol=1e-3)


def test_each_weight_has_its_factor_and_its_wait():
    for name in ("factors", "waits"):
        optimizer = LazyAdam(**{name: [1]})
        with pytest.raises(ValueError, match=f"`{name}`.*each of 2 weights"):
            optimizer.build([weight(), weight()])
    with pytest.raises(ValueError, match="`factors`.*positive"):
        LazyAdam(factors=[1, 0])


def test_weights_come_back_after_an_error():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    model.compile(LazyAdam(0.1, use_ema=True, ema_momentum=0.5), "mse")
    for _ in range(2):
        model.train_on_batch(np.eye(2), np.ones((2, 2)))
    trained = model.get_weights()

    def fail():
        with moving_averages(model):
            assert (model.get_weights()[0] != trained[0]).any()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    for pair in zip(model.get_weights(), trained, strict=True):
        np.testing.assert_array_equal(*pair)
