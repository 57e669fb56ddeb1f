"""Helpers of the tests of recurrent layers."""

import numpy as np
import tensorflow as tf


def randomize(layer, features, scale=0.5):
    """Builds a layer, with equal weights in layers of equal shapes."""
    layer.build((None, None, features))
    random = np.random.default_rng(1)
    layer.set_weights(
        [random.normal(0, scale, each.shape) for each in layer.weights]
    )
    return layer


def differentiate(layer, x, states=None, **kwargs):
    """All outputs, and the gradients of the sum of their squares.

    Returns:
        Two lists: outputs and last states; the gradients of the input, of the
        initial states if they are given, and of the weights.
    """
    x, *starts = map(tf.convert_to_tensor, (x, *(states or ())))
    with tf.GradientTape() as tape:
        tape.watch([x, *starts])
        outputs = layer(x, initial_state=starts or None, **kwargs)
        outputs = tf.nest.flatten(outputs)
        squares = [tf.cast(each, x.dtype) ** 2 for each in outputs]
        loss = tf.add_n([tf.reduce_sum(each) for each in squares])
    sources = [x, *starts, *layer.trainable_variables]
    return outputs, tape.gradient(loss, sources)


def assert_close(ours, theirs, tolerance=1e-5):
    """Asserts that two structures hold nearly equal arrays."""
    pairs = zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True)
    for one, other in pairs:
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)
