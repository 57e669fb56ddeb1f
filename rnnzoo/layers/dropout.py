"""Dropout masks and the dropout layers of recurrent models."""

import contextlib
import contextvars

import keras
import tensorflow as tf

from rnnzoo.checks import check_rate

_NETWORK = contextvars.ContextVar("network", default=None)


class ThinnedNetwork:
    """The masks of one network, whose units are dropped for all inputs.

    Args:
        seed: int32 tensor `(2,)` that all masks depend on.
    """

    def __init__(self, seed):
        self.seed = seed
        self.masks = {}

    def seed_of(self, source, name):
        """The seed of the mask of a name that a source draws."""
        number = self.masks.setdefault((id(source), name), len(self.masks))
        return tf.random.fold_in(self.seed, number)


@contextlib.contextmanager
def one_network(seed):
    """Context in which dropout draws a network, not one for each row.

    Gal & Ghahramani 2016, "Dropout as a Bayesian Approximation": masks are a
    sample of the weights, and all inputs see the same weights. So the masks
    depend on the seed alone, neither on the other rows nor on padding, and no
    variable changes. Layers must be called with `training=True`.

    Args:
        seed: int32 tensor `(2,)`.

    Yields:
        `ThinnedNetwork`.

    Examples:

    >>> import numpy as np
    >>> import tensorflow as tf
    >>> from rnnzoo import layers
    >>> from rnnzoo.layers.dropout import one_network
    >>> drop = layers.VariationalDropout(0.5)
    >>> with one_network(tf.constant([7, 0])):
    ...     dropped = drop(np.ones((2, 3, 8), "float32"), training=True).numpy()
    >>> bool((dropped[0] == dropped[1]).all())
    True
    """
    network = ThinnedNetwork(seed)
    token = _NETWORK.set(network)
    try:
        yield network
    finally:
        _NETWORK.reset(token)


def draw_mask(shape, rate, seed_generator, dtype, name="", batch_axis=0):
    """Draws a mask of inverted dropout.

    Args:
        shape: Shape of the mask, a tuple.
        rate: Share of zeros, in [0, 1).
        seed_generator: `keras.random.SeedGenerator`. Each call advances it,
            except in `one_network`.
        dtype: Type of the mask.
        name: Tells apart the masks of one generator, in `one_network`.
        batch_axis: The axis that has only one row in `one_network`; `None` if
            there is none.

    Returns:
        Tensor that is 0 with probability `rate`, else `1 / (1 - rate)`.
    """
    network = _NETWORK.get()
    if network is None:
        seed = next_seed(seed_generator)
    else:
        seed = network.seed_of(seed_generator, name)
        if batch_axis is not None:
            shape = (*shape[:batch_axis], 1, *shape[batch_axis + 1 :])
    # Drawn in float32: half types are too coarse for the comparison.
    noise = tf.random.stateless_uniform(shape, seed)
    return tf.cast(noise >= rate, dtype) * tf.cast(1 / (1 - rate), dtype)


def next_seed(seed_generator):
    """A new seed for stateless draws, int32 `(2,)`, at each call."""
    seed = tf.cast(seed_generator.next() % tf.int32.max, tf.int32)
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return seed
    # The generator's state is the same on all replicas; their samples differ.
    return tf.random.fold_in(seed, replica.replica_id_in_sync_group)


class MasksOverTime:
    """Dropout inside a call: each mask is the same at all steps.

    Args:
        rate: Share of zeros, in [0, 1).
        rows: Number of rows of the sequences.
        seed_generator, dtype: As in `draw_mask`.
    """

    def __init__(self, rate, rows, seed_generator, dtype):
        self.rate = rate
        self.rows = rows
        self.seed_generator = seed_generator
        self.dtype = dtype

    def draw(self, size):
        """A mask `(rows, size)`, or 1."""
        if not self.rate:
            return 1
        shape = (self.rows, size)
        return draw_mask(shape, self.rate, self.seed_generator, self.dtype)

    def __call__(self, sequences):
        """Drops features of sequences `(rows, steps, features)`."""
        if not self.rate:
            return sequences
        return sequences * self.draw(sequences.shape[-1])[:, None]


@keras.saving.register_keras_serializable(package="rnnzoo")
class VariationalDropout(keras.layers.Layer):
    """Dropout of sequences with one mask for all steps.

    Gal & Ghahramani 2016, "A Theoretically Grounded Application of Dropout in
    Recurrent Neural Networks":

        y_t = x_t * z / (1 - rate),    z_i ~ Bernoulli(1 - rate)

    In training each call draws one `z` for each sample, the same at all steps.
    At inference the inputs pass unchanged.

    Args:
        rate: Share of the features to drop, in [0, 1).
        seed: Optional integer that makes the masks reproducible.

    Call arguments:
        inputs: `(batch, time, features)`.
        training: Whether to drop.

    Returns:
        Tensor of the shape of `inputs`. A Keras mask passes through.

    Raises:
        ValueError: If the rate is not in [0, 1).

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> drop = layers.VariationalDropout(0.5, seed=1)
        >>> dropped = drop(np.ones((1, 3, 4), "float32"), training=True)
        >>> sorted(set(dropped.numpy().ravel().tolist()))
        [0.0, 2.0]
        >>> bool((dropped[:, 0] == dropped[:, 2]).numpy().all())
        True
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        check_rate("rate", rate)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.input_spec = keras.layers.InputSpec(ndim=3)
        self.supports_masking = True

    def build(self, input_shape):
        pass  # no weights

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs
        return inputs * self._draw_mask(self._mask_shape(inputs), inputs.dtype)

    def _mask_shape(self, inputs):
        batch, _, features = keras.ops.shape(inputs)
        return (batch, 1, features)

    def _draw_mask(self, shape, dtype):
        return draw_mask(shape, self.rate, self.seed_generator, dtype)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="rnnzoo")
class StepDropout(VariationalDropout):
    """Dropout of sequences with a mask for each step.

    Zaremba et al. 2014, equation 4: `VariationalDropout` whose `z` differs from
    step to step. Its arguments are the same.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> drop = layers.StepDropout(0.5, seed=1)
        >>> dropped = drop(np.ones((1, 9, 4), "float32"), training=True)
        >>> bool((dropped == dropped[:, :1]).numpy().all())
        False
    """

    def _mask_shape(self, inputs):
        return keras.ops.shape(inputs)


@keras.saving.register_keras_serializable(package="rnnzoo")
class EmbeddingDropout(keras.layers.Layer):
    """Drops whole word types: a word everywhere in a sample, or nowhere.

    Gal & Ghahramani 2016, section 4.2: dropout of the rows of the embedding
    matrix,

        y_t = x_t * z[w_t] / (1 - rate),    z[w] ~ Bernoulli(1 - rate)

    where `w_t` is the id at step `t`. In training each call draws one `z` for
    each sample (AWD-LSTM, Merity et al. 2018, draws one for the whole batch).
    As the paper suggests, the mask is applied to the vectors after the lookup,
    so that only the words that occur cost anything. At inference the vectors
    pass unchanged.

    Args:
        rate: Share of the word types to drop, in [0, 1).
        seed: Optional integer that makes the masks reproducible.

    Call arguments:
        inputs: Vectors `(batch, ..., features)`.
        ids: Integers `(batch, ...)`, the word of each vector. All axes after
            the first belong to the sample, as in documents of sentences of
            words.
        training: Whether to drop.

    Returns:
        Tensor of the shape of `inputs`. A Keras mask of `inputs` passes
        through.

    Raises:
        ValueError: If the rate is not in [0, 1), if the ids are not integers,
            or if their shape does not fit the vectors.

    Examples:
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> ids = np.array([[3, 1, 3, 2]])
        >>> vectors = layers.Embedding(5, 8)(ids)
        >>> drop = layers.EmbeddingDropout(0.5, seed=1)
        >>> kept = (drop(vectors, ids, training=True) != 0).numpy().all(axis=2)
        >>> bool(kept[0, 0] == kept[0, 2])
        True
    """

    def __init__(self, rate, seed=None, **kwargs):
        super().__init__(**kwargs)
        check_rate("rate", rate)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, inputs_shape, ids_shape):
        pass  # no weights

    def call(self, inputs, ids, training=False):
        self._check_ids(inputs, ids)
        if not training or not self.rate:
            return inputs
        return inputs * self._draw_mask(ids, inputs.dtype)[..., None]

    def compute_output_shape(self, inputs_shape, ids_shape):
        return inputs_shape

    def _draw_mask(self, ids, dtype):
        """Mask of the shape of the ids, equal where a row's ids are equal."""
        if _NETWORK.get() is not None:
            # A longer draw begins as a shorter one does.
            most = tf.maximum(tf.reduce_max(ids), 0) + 1
            mask = draw_mask(
                (most,), self.rate, self.seed_generator, dtype, batch_axis=None
            )
            return tf.gather(mask, ids)
        words = tf.reshape(ids, (tf.shape(ids)[0], -1))  # (batch, words)
        shape = tf.unstack(tf.shape(words))
        mask = draw_mask(shape, self.rate, self.seed_generator, dtype)
        # Equal ids have the same place in the sorted row. So neither a draw
        # for the whole vocabulary nor a dynamic shape is needed.
        place = tf.searchsorted(tf.sort(words), words)
        return tf.reshape(tf.gather(mask, place, batch_dims=1), tf.shape(ids))

    def _check_ids(self, inputs, ids):
        if not keras.backend.is_int_dtype(ids.dtype):
            raise ValueError(
                "Invalid value for argument `ids`. Expected integers. "
                f"Received: ids of type {ids.dtype}"
            )
        if not inputs.shape[:-1].is_compatible_with(ids.shape):
            raise ValueError(
                "Invalid value for argument `ids`. Expected the shape of the "
                f"inputs without their last axis, {tuple(inputs.shape[:-1])}. "
                f"Received: ids of shape {tuple(ids.shape)}"
            )

    def get_config(self):
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
