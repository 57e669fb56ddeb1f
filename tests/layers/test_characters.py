import keras
import numpy as np
import pytest
import tensorflow as tf

from rnnzoo.layers import CharCNN, CharLSTM, WordFeatures

# Two sentences of words of characters: a word twice, an empty one, padding.
IDS = np.array(
    [
        [[2, 3, 4, 0, 0], [5, 0, 0, 0, 0], [2, 3, 4, 0, 0]],
        [[7, 6, 5, 4, 3], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0]],
    ]
)


@pytest.fixture(params=[CharCNN, CharLSTM])
def layer(request):
    keras.utils.set_random_seed(1)
    layer = request.param(9, embedding_dim=4)
    layer.build(IDS.shape)
    # Padding's own vector must not matter.
    table = layer.embedding.embeddings
    table.assign(np.random.default_rng(1).normal(size=table.shape))
    return layer


def test_each_word_by_itself(layer):
    """Compares with the unpadded word in Keras's own layers."""
    ours = layer(IDS).numpy()
    assert ours.shape == (2, 3, layer.output_dim)
    for word, vector in zip(
        IDS.reshape(-1, 5), ours.reshape(6, -1), strict=True
    ):
        if not word.any():
            assert not vector.any()
            continue
        characters = layer.embedding(word[None, word > 0])
        if isinstance(layer, CharCNN):
            kernel, bias = layer.convolution.get_weights()
            padded = np.pad(characters[0], [(1, 1), (0, 0)])
            windows = np.stack(
                [padded[i : i + 3] for i in range(len(padded) - 2)]
            )
            sums = np.einsum("wke,kef->wf", windows, kernel) + bias
            expected = np.tanh(sums).max(axis=0)
        else:
            theirs = keras.layers.Bidirectional(keras.layers.LSTM(layer.units))
            theirs.build(characters.shape)
            theirs.set_weights(layer.rnn.get_weights())
            expected = theirs(characters)[0]
        np.testing.assert_allclose(vector, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(0, 3, 5), (2, 0, 5), (2, 3, 0)])
def test_no_words_or_no_characters(layer, shape):
    expected = np.zeros((*shape[:2], layer.output_dim))
    np.testing.assert_array_equal(layer(np.zeros(shape, "int32")), expected)
    spec = tf.TensorSpec((None, None, None), tf.int32)
    graph = tf.function(layer, input_signature=[spec])
    np.testing.assert_array_equal(graph(np.zeros(shape, "int32")), expected)


def test_distinct_words_are_computed_once(layer, monkeypatch):
    seen = []
    encode = layer.encode
    monkeypatch.setattr(
        layer,
        "encode",
        lambda vectors, *rest: (
            seen.append(len(vectors)) or encode(vectors, *rest)
        ),
    )
    layer(IDS)
    assert seen == [4]


def test_gradient_sums_over_the_places_of_a_word(layer):
    with tf.GradientTape() as tape:
        together = tf.reduce_sum(layer(IDS) ** 2)
    ours = tape.gradient(together, layer.trainable_variables)
    with tf.GradientTape() as tape:
        words = [layer(word[None, None]) for word in IDS.reshape(-1, 5)]
        alone = tf.add_n([tf.reduce_sum(word**2) for word in words])
    expected = tape.gradient(alone, layer.trainable_variables)
    for a, b in zip(ours, expected, strict=True):
        np.testing.assert_allclose(
            tf.convert_to_tensor(a), tf.convert_to_tensor(b), atol=1e-5
        )


def features(**options):
    keras.utils.set_random_seed(2)
    return WordFeatures(
        keras.layers.Embedding(20, 6),
        characters=CharCNN(9, dropout=0.5),
        cases=5,
        case_dim=3,
        **options,
    )


INPUTS = {
    "words": np.array([[2, 3, 2], [4, 0, 0]]),
    "characters": IDS,
    "cases": np.array([[1, 2, 1], [4, 0, 0]]),
}


def test_features_stand_side_by_side():
    layer = features(word_dropout=0.5, dropout=0.5)
    ours = layer(INPUTS, training=False)
    expected = np.concatenate(
        [
            layer.embedding(INPUTS["words"]),
            layer.characters(IDS),
            layer.case_embedding(INPUTS["cases"]),
        ],
        axis=2,
    )
    np.testing.assert_array_equal(ours, expected)
    assert layer.output_dim == 6 + 30 + 3
    shapes = {name: ids.shape for name, ids in INPUTS.items()}
    assert layer.compute_output_shape(shapes) == ours.shape
    assert (layer(INPUTS, training=True).numpy() == 0).mean() > 0.3


def test_features_are_saved(tmp_path):
    inputs = {
        name: keras.Input(ids.shape[1:], dtype="int32", name=name)
        for name, ids in INPUTS.items()
    }
    model = keras.Model(inputs, features(dropout=0.25)(inputs))
    model.save(tmp_path / "features.keras")
    again = keras.saving.load_model(tmp_path / "features.keras")
    np.testing.assert_array_equal(
        again.predict(INPUTS, verbose=0), model.predict(INPUTS, verbose=0)
    )
