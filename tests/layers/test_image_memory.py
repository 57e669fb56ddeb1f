import numpy as np
import pytest
import tensorflow as tf
from recurrent_checks import assert_close

from rnnzoo.layers import ImageMemory

RANDOM = np.random.default_rng(0)


def test_a_vector_for_each_place_and_its_gradients_by_hand():
    batch, rows, columns, features, units = 3, 2, 4, 5, 6
    image = RANDOM.normal(size=(batch, rows, columns, features))
    slopes = RANDOM.normal(size=(batch, rows * columns, units))
    layer = ImageMemory(units)
    layer.build(image.shape)
    kernel, place_vectors = (
        RANDOM.normal(size=each.shape) for each in layer.weights
    )
    layer.set_weights([kernel, place_vectors])
    expected = np.zeros_like(slopes)
    d_kernel = np.zeros_like(kernel)
    d_places = np.zeros_like(place_vectors)
    d_image = np.zeros_like(image)
    for i, row, column in np.ndindex(batch, rows, columns):
        place = row * columns + column
        feature, slope = image[i, row, column], slopes[i, place]
        expected[i, place] = feature @ kernel + place_vectors[place]
        d_kernel += np.outer(feature, slope)
        d_places[place] += slope
        d_image[i, row, column] = kernel @ slope

    inputs = tf.constant(image, "float32")
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        memory = layer(inputs)
        loss = tf.reduce_sum(memory * slopes.astype("float32"))
    weights = [each.value for each in layer.trainable_variables]
    gradients = tape.gradient(loss, [inputs, *weights])
    assert_close(memory, expected)
    assert_close(gradients, [d_image, d_kernel, d_places])


def test_dropout_has_one_mask_for_all_places():
    layer = ImageMemory(6, dropout=0.5, seed=1)
    image = RANDOM.normal(size=(3, 2, 4, 5)).astype("float32")
    kept = layer(image)
    dropped = layer(image, training=True)
    ratios = (dropped / kept).numpy()
    assert_close(ratios, np.repeat(ratios[:, :1], 8, axis=1))
    np.testing.assert_allclose(np.unique(ratios.round(4)), [0, 2])


def test_a_map_of_another_size_is_an_error():
    layer = ImageMemory(4)
    assert layer(np.zeros((2, 2, 3, 5), "float32")).shape == (2, 6, 4)
    with pytest.raises(ValueError, match=r"expected shape=\(None, 2, 3, 5\)"):
        layer(np.zeros((3, 2, 2, 5), "float32"))
