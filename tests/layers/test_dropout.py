import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.layers.dropout import (
    EmbeddingDropout,
    StepDropout,
    VariationalDropout,
    draw_mask,
)

IDS = np.random.default_rng(0).integers(0, 12, size=(64, 20))


def drop_types(layer, ids=IDS, training=True):
    """The mask of the layer, from vectors of two features that are one."""
    vectors = np.ones((*ids.shape, 2), "float32")
    dropped = layer(vectors, ids, training=training).numpy()
    np.testing.assert_array_equal(dropped[..., 0], dropped[..., 1])
    return dropped[..., 0]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("rate", [0.002, 0.1, 0.5, 0.9])
def test_mask_rate_and_scale(rate, dtype):
    seed = keras.random.SeedGenerator(1)
    mask = tf.cast(draw_mask((500, 200), rate, seed, dtype), "float32").numpy()
    scale = float(tf.cast(1 / (1 - rate), dtype))
    np.testing.assert_array_equal(np.unique(mask), [0.0, scale])
    # Five standard deviations of the mean of 100,000 draws.
    error = 5 * np.sqrt(rate * (1 - rate) / mask.size)
    assert abs((mask == 0).mean() - rate) < error


def test_variational_mask_is_one_over_time_and_another_a_sample():
    layer = VariationalDropout(0.5, seed=3)
    x = np.random.default_rng(0).normal(size=(8, 5, 40)).astype("float32")
    mask = layer(x, training=True).numpy() / x
    np.testing.assert_allclose(mask, np.repeat(mask[:, :1], 5, axis=1))
    rows = {tuple(row) for row in mask[:, 0]}
    assert len(rows) == 8
    again = layer(x, training=True).numpy() / x
    assert (again[:, 0] != mask[:, 0]).any(axis=1).all()


def test_word_types_are_dropped_as_a_whole():
    mask = drop_types(EmbeddingDropout(0.5, seed=3))
    for ids, row in zip(IDS, mask, strict=True):
        for word in np.unique(ids):
            assert len(np.unique(row[ids == word])) == 1
    pairs = {(i, w): mask[i][IDS[i] == w][0] for i in range(64) for w in IDS[i]}
    dropped = np.array(list(pairs.values())) == 0
    assert abs(dropped.mean() - 0.5) < 5 * 0.5 / np.sqrt(dropped.size)
    # Samples are independent: word 3 is dropped in some, not in others.
    assert len({value for (_, w), value in pairs.items() if w == 3}) == 2


def test_word_types_of_a_document_cross_its_sentences():
    documents = IDS.reshape(16, 4, 20)
    mask = drop_types(EmbeddingDropout(0.5, seed=3), documents)
    for ids, row in zip(documents, mask, strict=True):
        for word in np.unique(ids):
            assert len(np.unique(row[ids == word])) == 1


def call(layer, x, training):
    if isinstance(layer, EmbeddingDropout):
        ids = tf.range(x.shape[1])[None] + tf.zeros((len(x), 1), tf.int32)
        return layer(x, ids, training=training)
    return layer(x, training=training)


LAYERS = pytest.mark.parametrize(
    "kind", [VariationalDropout, StepDropout, EmbeddingDropout]
)


@LAYERS
def test_seed_and_config_reproduce_the_masks(kind):
    x = np.ones((4, 6, 5), "float32")
    first, second = kind(0.3, seed=5), kind(0.3, seed=6)
    copy = kind.from_config(first.get_config())
    masks = [call(each, x, True).numpy() for each in (first, copy, second)]
    np.testing.assert_array_equal(masks[0], masks[1])
    assert (masks[0] != masks[2]).any()


@LAYERS
def test_inference_is_pure(kind):
    layer = kind(0.5)
    x = np.ones((2, 3, 4), "float32")
    graph = tf.function(lambda x: call(layer, x, False)).get_concrete_function(
        x
    )
    types = {op.type for op in graph.graph.get_operations()}
    assert not any("Random" in each or "Assign" in each for each in types)
    np.testing.assert_array_equal(call(layer, x, False), x)


@LAYERS
@pytest.mark.parametrize("jit_compile", [False, True])
def test_graph_draws_anew_each_call_without_retracing(kind, jit_compile):
    layer = kind(0.5, seed=1)
    traces = []

    @tf.function(jit_compile=jit_compile, reduce_retracing=True)
    def drop(x):
        traces.append(x.shape)
        ids = tf.broadcast_to(tf.range(tf.shape(x)[1]), tf.shape(x)[:2])
        if kind is EmbeddingDropout:
            return layer(x, ids, training=True)
        return layer(x, training=True)

    masks = [drop(tf.ones((8, time, 6))).numpy() for time in (5, 5, 4, 3)]
    assert len(traces) <= 2  # one fixed shape, one for all lengths
    assert (masks[0] != masks[1]).any()


@LAYERS
def test_replicas_draw_different_masks(mirrored, kind):
    with mirrored.scope():
        layer = kind(0.5, seed=1)
        x = tf.ones((8, 6, 5))
        drop = tf.function(lambda: mirrored.run(call, (layer, x, True)))
        first, second = mirrored.experimental_local_results(drop())
    assert (first.numpy() != second.numpy()).any()


def test_masks_pass():
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(12, 4, mask_zero=True)(ids)
    x = VariationalDropout(0.5)(EmbeddingDropout(0.5)(vectors, ids))
    mean = keras.layers.GlobalAveragePooling1D()(x)  # over unmasked steps
    model = keras.Model(ids, mean)
    padded = np.pad(IDS, [(0, 0), (0, 30)])
    np.testing.assert_allclose(model(padded), model(IDS), atol=1e-6)
    copy = keras.Model.from_config(model.get_config())
    assert copy(IDS, training=True).shape == (64, 4)


@LAYERS
def test_half_precision_stays(kind):
    layer = kind(0.5, dtype="mixed_float16")
    assert call(layer, np.ones((2, 3, 4), "float32"), True).dtype == "float16"


def test_keras_knows_the_shape():
    shape = EmbeddingDropout(0.5).compute_output_shape((2, 3, 4), (2, 3))
    assert shape == (2, 3, 4)


def test_no_words_at_all():
    assert drop_types(EmbeddingDropout(0.5), IDS[:, :0]).shape == (64, 0)


@LAYERS
@pytest.mark.parametrize("rate", [-0.1, 1.0, 1.5, "0.5", None, float("nan")])
def test_bad_rate(kind, rate):
    with pytest.raises(ValueError, match="`rate`.*Received: rate="):
        kind(rate)


@pytest.mark.parametrize("ids", [IDS[:, :7], IDS.astype("float32")])
def test_bad_ids(ids):
    with pytest.raises(ValueError, match="`ids`"):
        EmbeddingDropout(0.5)(np.ones((64, 20, 2), "float32"), ids)
