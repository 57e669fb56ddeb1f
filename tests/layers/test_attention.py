import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import losses
from rnnzoo.layers import BahdanauAttention, LuongAttention

RNG = np.random.default_rng(0)
STEPS, PLACES = 4, 6
QUERIES = RNG.normal(size=(4, STEPS, 5)).astype("float32")
MEMORY = RNG.normal(size=(4, PLACES, 5)).astype("float32")
LENGTHS = [6, 3, 1, 0]
MASK = np.arange(PLACES) < np.array(LENGTHS)[:, None]

KINDS = {
    "bahdanau": lambda **kw: BahdanauAttention(7, **kw),
    "bahdanau_coverage": lambda **kw: BahdanauAttention(7, coverage=True, **kw),
    "concat_coverage": lambda **kw: LuongAttention(
        "concat", coverage=True, **kw
    ),
    **{
        f"{score}_{window}": lambda score=score, window=window, **kw: (
            LuongAttention(score, window, width=2, max_places=4, **kw)
        )
        for score in ("dot", "general", "concat", "location")
        for window in ("global", "monotonic", "predictive")
    },
}


def built(kind, **options):
    """The layer with random weights, and a dict of the weights."""
    layer = KINDS[kind](**options)
    layer.build(QUERIES.shape, MEMORY.shape)
    for weight in layer.weights:
        if "seed" not in weight.name:
            weight.assign(RNG.normal(size=weight.shape))
    return layer, {weight.name: weight.numpy() for weight in layer.weights}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def energy(kind, w, q, h, j, seen):
    """The energy of one query and one place, as in the paper."""
    score = kind.split("_")[0]
    if score == "dot":
        return q @ h
    if score == "general":
        return q @ (h @ w["kernel"])
    if score == "location":
        return (q @ w["kernel"])[j]
    hidden = q @ w["query_kernel"] + h @ w["memory_kernel"]
    hidden = hidden + w.get("bias", 0)
    if "coverage" in kind:
        hidden = hidden + seen * w["coverage_kernel"][0]
    return np.tanh(hidden) @ w["vector"][:, 0]


def expected_weights(kind, w):
    """The weights, one row, step and place at a time."""
    weights = np.zeros((4, STEPS, PLACES))
    for row, length in enumerate(LENGTHS):
        for t in range(STEPS):
            q, places, factor = QUERIES[row, t], range(length), {}
            if "location" in kind:
                places = range(min(length, 4))
            if "monotonic" in kind:
                centre = min(t, length - 1)
            elif "predictive" in kind:
                hidden = np.tanh(q @ w["window_kernel"])
                centre = length * sigmoid(hidden @ w["window_vector"][:, 0])
            if "monotonic" in kind or "predictive" in kind:
                places = [j for j in places if abs(j - centre) <= 2]
            if "predictive" in kind:  # sigma is half the width, 1
                factor = {j: np.exp(-((j - centre) ** 2) / 2) for j in places}
            seen = weights[row, :t].sum(axis=0)
            scores = [
                np.exp(energy(kind, w, q, MEMORY[row, j], j, seen[j]))
                for j in places
            ]
            for j, score in zip(places, scores, strict=True):
                share = score / sum(scores)
                weights[row, t, j] = share * factor.get(j, 1)
    return weights


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_those_of_the_papers(kind):
    layer, w = built(kind)
    context, weights = layer(
        QUERIES, MEMORY, memory_mask=MASK, return_attention_scores=True
    )
    expected = expected_weights(kind, w)
    np.testing.assert_allclose(weights, expected, atol=2e-5)
    np.testing.assert_allclose(context, expected @ MEMORY, atol=1e-4)
    outside = ~np.broadcast_to(MASK[:, None], weights.shape)
    assert not weights.numpy()[outside].any()
    assert not context[3].numpy().any()


@pytest.mark.parametrize("kind", KINDS)
def test_step_by_step_is_the_same_for_any_number_of_rows(kind):
    layer, _ = built(kind)
    expected, weights = layer(
        QUERIES, MEMORY, memory_mask=MASK, return_attention_scores=True
    )
    memory = layer.prepare(MEMORY, MASK)
    state = layer.start(memory)
    state = tf.nest.map_structure(lambda x: tf.repeat(x, 2, axis=0), state)
    for t in range(STEPS):
        # Two hypotheses of each sample; the second attends to another query.
        rows = np.stack([QUERIES[:, t], QUERIES[:, 0]], axis=1).reshape(8, 5)
        attended, state = layer.step(rows, memory, state)
        np.testing.assert_allclose(
            attended.context[::2], expected[:, t], atol=1e-5
        )
        np.testing.assert_allclose(
            attended.weights[::2], weights[:, t], atol=1e-5
        )
    if "global" in kind or kind == "bahdanau":
        np.testing.assert_allclose(
            attended.context[1::2], expected[:, 0], atol=1e-5
        )


@pytest.mark.parametrize("kind", KINDS)
def test_padding_and_the_batch_change_nothing(kind):
    layer, _ = built(kind)
    whole = layer(QUERIES, MEMORY, memory_mask=MASK)
    padded = np.pad(MEMORY, [(0, 0), (0, 3), (0, 0)], constant_values=9)
    longer = layer(QUERIES, padded, memory_mask=np.pad(MASK, [(0, 0), (0, 3)]))
    np.testing.assert_allclose(longer, whole, atol=1e-5)
    alone = layer(QUERIES[1:2], MEMORY[1:2, :3])
    np.testing.assert_allclose(alone[0], whole[1], atol=1e-5)


@pytest.mark.parametrize("kind", ["bahdanau", "concat_coverage"])
def test_hard_attention_draws_in_training_and_takes_the_best_after(kind):
    layer, _ = built(kind, hard=True, seed=1)
    soft = KINDS[kind]()
    soft.build(QUERIES.shape, MEMORY.shape)
    soft.set_weights([w for w in layer.get_weights() if w.dtype == np.float32])

    def weights_of(layer, training, times=1):
        inputs = [np.tile(x, (times, 1, 1)) for x in (QUERIES, MEMORY)]
        return layer(
            *inputs,
            memory_mask=np.tile(MASK, (times, 1)),
            training=training,
            return_attention_scores=True,
        )[1].numpy()

    shares = weights_of(soft, False)
    best = weights_of(layer, False)
    np.testing.assert_array_equal(
        best[:3, 0].argmax(-1), shares[:3, 0].argmax(-1)
    )
    np.testing.assert_array_equal(best[:3].sum(-1), 1)
    assert not best[3].any()
    drawn = weights_of(layer, True, times=1000)[:, 0]
    first = drawn.reshape(1000, 4, PLACES).mean(axis=0)
    np.testing.assert_allclose(first, shares[:, 0], atol=0.08)


@pytest.mark.parametrize("hard", [False, True])
def test_no_place_at_all_gives_nothing(hard):
    layer, _ = built("bahdanau", hard=hard)
    context = layer(QUERIES, MEMORY[:, :0], training=True)
    np.testing.assert_array_equal(context, np.zeros_like(context))


def test_hard_attention_learns_from_rewards():
    layer = BahdanauAttention(7, hard=True, seed=2)
    layer.build(QUERIES.shape, MEMORY.shape)
    optimizer = keras.optimizers.Adam(0.1)
    for _ in range(30):
        with tf.GradientTape() as tape:
            memory = layer.prepare(np.repeat(MEMORY[:1], 16, axis=0))
            queries = np.repeat(QUERIES[:1, :1], 16, axis=0)
            noise = layer.draw_noise(16, 1, PLACES)
            attended = layer.attend(queries, memory, [[0]], noise=noise)
            rewards = attended.weights[..., 4]  # for looking at place 4
            loss = losses.reinforce(
                attended.log_probs, rewards, tf.ones_like(rewards)
            )
        gradients = tape.gradient(loss, layer.trainable_variables)
        optimizer.apply(gradients, layer.trainable_variables)
    attended = layer.attend(queries, layer.prepare(memory.values), [[0]])
    assert attended.weights.numpy()[0, 0].argmax() == 4


def test_coverage_loss_is_that_of_the_paper():
    weights = RNG.dirichlet(np.ones(PLACES), size=(3, STEPS)).astype("float32")
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]], "float32")
    expected = 0.0
    for row in range(3):
        for t in range(int(mask[row].sum())):
            for i in range(PLACES):
                expected += min(weights[row, t, i], weights[row, :t, i].sum())
    loss = losses.coverage(weights, mask)
    assert float(loss) == pytest.approx(expected / 3, rel=1e-5)


@pytest.mark.parametrize("kind", ["bahdanau_coverage", "concat_coverage"])
def test_coverage_can_be_switched_off(kind):
    layer, w = built(kind, switch=True)
    assert all(each.name != "covers" for each in layer.trainable_weights)

    def weights():
        return layer(
            QUERIES, MEMORY, memory_mask=MASK, return_attention_scores=True
        )[1]

    layer.covers.assign(1.0)
    np.testing.assert_allclose(weights(), expected_weights(kind, w), atol=2e-5)
    layer.covers.assign(0.0)
    blind = expected_weights(kind.removesuffix("_coverage"), w)
    np.testing.assert_allclose(weights(), blind, atol=2e-5)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(weights() ** 2)
    slope = tape.gradient(total, layer.coverage_kernel.value)
    assert not np.any(slope)


@pytest.mark.parametrize("kind", ["bahdanau_coverage", "general_predictive"])
def test_a_saved_layer_is_the_same(kind):
    layer, _ = built(kind)
    copy = type(layer).from_config(layer.get_config())
    copy.build(QUERIES.shape, MEMORY.shape)
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(
        copy(QUERIES, MEMORY, memory_mask=MASK),
        layer(QUERIES, MEMORY, memory_mask=MASK),
    )


@pytest.mark.parametrize("kind", ["bahdanau", "general_predictive"])
def test_half_precision_is_near(kind):
    layer, _ = built(kind)
    half = type(layer).from_config(
        {**layer.get_config(), "dtype": "mixed_bfloat16"}
    )
    half.build(QUERIES.shape, MEMORY.shape)
    half.set_weights(layer.get_weights())
    context = half(QUERIES, MEMORY, memory_mask=MASK)
    assert context.dtype == tf.bfloat16
    expected = layer(QUERIES, MEMORY, memory_mask=MASK)
    np.testing.assert_allclose(tf.cast(context, tf.float32), expected, atol=0.3)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda: BahdanauAttention(0), "units"),
        (lambda: LuongAttention("cosine"), "score"),
        (lambda: LuongAttention(window="left"), "window"),
        (lambda: LuongAttention(width=0), "width"),
        (lambda: LuongAttention("dot", coverage=True), "coverage"),
        (lambda: BahdanauAttention(4, switch=True), "switch"),
        (lambda: LuongAttention("dot")(QUERIES, MEMORY[..., :3]), "score"),
    ],
)
def test_what_is_out_of_range_is_an_error(make, name):
    with pytest.raises(ValueError, match=f"argument `{name}`"):
        make()


@pytest.mark.parametrize("units", [None, 7])
def test_hidden_layers_have_their_own_size(units):
    layer = LuongAttention("concat", "predictive", units=units)
    layer.build(QUERIES.shape, MEMORY.shape)
    shapes = {weight.name: weight.shape for weight in layer.weights}
    size = units or QUERIES.shape[2]
    assert shapes["query_kernel"] == (5, size)
    assert shapes["window_kernel"] == (5, size)


def test_masked_places_leave_the_probabilities_of_hard_choices():
    layer, _ = built("bahdanau", hard=True, seed=1)
    soft, _ = built("bahdanau")
    soft.set_weights([w for w in layer.get_weights() if w.dtype == np.float32])
    memory = layer.prepare(MEMORY, MASK)
    shares = soft.attend(tf.constant(QUERIES), memory, [[0]]).weights.numpy()
    noise = layer.draw_noise(4, STEPS, PLACES)
    found = layer.attend(tf.constant(QUERIES), memory, [[0]], noise=noise)
    expected = np.log(shares, where=shares > 0, out=np.zeros_like(shares))
    expected = (found.weights * expected).numpy().sum(axis=2)
    np.testing.assert_allclose(found.log_probs, expected, atol=1e-5)
