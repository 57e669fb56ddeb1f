"""Masks that are one network's, whatever rows and steps it reads."""

import numpy as np
import pytest
import tensorflow as tf

from rnnzoo import layers
from rnnzoo.layers.dropout import one_network


@pytest.mark.parametrize(
    "layer",
    [
        layers.LSTM(6, recurrent_dropout=0.5, return_sequences=True),
        layers.GRU(6, dropout=0.5, recurrent_dropout_type="untied"),
        layers.LSTM(6, recurrent_dropout=0.5, recurrent_dropout_type="untied"),
        layers.LSTM(
            6, recurrent_dropout=0.5, recurrent_dropout_type="candidate"
        ),
        layers.GRU(6, zoneout=0.5, return_sequences=True),
        layers.GRU(6, weight_dropout=0.5),
        layers.Bidirectional(layers.LSTM(6, dropout=0.5, zoneout=(0.5, 0.5))),
        layers.VariationalDropout(0.5),
    ],
)
def test_one_network_is_the_same_for_all_rows_and_steps(layer):
    x = np.random.default_rng(0).normal(size=(1, 4, 5)).astype("float32")
    longer = np.pad(np.repeat(x, 3, axis=0), [(0, 0), (0, 3), (0, 0)])
    mask = np.arange(7)[None].repeat(3, axis=0) < 4

    def run(seed, x, **kwargs):
        with one_network(tf.constant([seed, 0])) as network:
            outputs = layer(x, training=True, **kwargs)
            assert network.masks
        return outputs.numpy()

    first = run(1, x)
    kwargs = (
        {} if isinstance(layer, layers.VariationalDropout) else {"mask": mask}
    )
    several = run(1, longer, **kwargs)
    steps = slice(4) if first.ndim == 3 else slice(None)
    for row in several:
        np.testing.assert_allclose(row[steps], first[0], atol=1e-6)
    assert np.abs(run(2, x) - first).max() > 1e-3
    # So many rows that they do not all draw the same masks by chance.
    outside = layer(np.repeat(x, 32, axis=0), training=True).numpy()
    if not getattr(layer, "weight_dropout", 0):
        assert np.abs(outside[1:] - outside[0]).max() > 1e-3


def test_one_network_drops_the_same_words_everywhere():
    drop = layers.EmbeddingDropout(0.5)
    ids = np.arange(40)[None]

    def kept(ids):
        with one_network(tf.constant([1, 2])):
            vectors = np.ones((*ids.shape, 2), "float32")
            return drop(vectors, ids, training=True).numpy()[..., 0] > 0

    whole = kept(ids)[0]
    assert 8 < whole.sum() < 32
    for some in ([[3, 9, 3], [0, 21, 9]], [[39]], [[]]):
        some = np.array(some, "int32")
        np.testing.assert_array_equal(kept(some), whole[some])


def test_masks_of_one_network_are_not_each_others():
    # Different layers, directions, gates and names draw different masks.
    both = layers.Bidirectional(layers.LSTM(8), merge_mode=None)
    sources = [both.forward_layer, both.backward_layer]
    with one_network(tf.constant([1, 2])):
        masks = [
            source._draw((1, 32), 0.5, name).numpy().tobytes()
            for source in sources
            for name in ("inputs", "state 0", "state 1")
        ]
    assert len(set(masks)) == 6
