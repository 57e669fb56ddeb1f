"""A Keras model with a CRF on top, trained with `compile` and `fit`."""

import keras
import tensorflow as tf

from rnnzoo import replicas


@keras.saving.register_keras_serializable(package="rnnzoo")
class CRFModel(keras.Model):
    """A model that scores tags, and a CRF that is trained with it.

    The loss is the negative log-likelihood of the tags of a row, so that
    `compile` takes none. Calls and `predict` return the most probable tags.
    Saving keeps both parts.

    Args:
        model: A Keras model whose output is the scores of tags, `(batch, time,
            tags)`. Steps that Keras masks, as after
            `Embedding(mask_zero=True)`, are left out. A model may also return
            a tuple of the scores and a mask, boolean `(batch, time)`, false
            at the steps to leave out.
        crf: `rnnzoo.layers.CRF`.
        **kwargs: As of `keras.Model`.

    Call arguments:
        inputs: As of `model`.
        training: Whether in training.

    Returns:
        int32 `(batch, time)`, 0 at steps that are left out.

    Raises:
        ValueError: If `compile` gets a loss, or `fit` tags or weights that do
            not fit.

    Examples:
        >>> import keras
        >>> import numpy as np
        >>> from rnnzoo import layers
        >>> words = keras.Input((None,), dtype="int32")
        >>> vectors = keras.layers.Embedding(20, 8, mask_zero=True)(words)
        >>> scores = keras.layers.Dense(3)(vectors)
        >>> model = layers.CRFModel(keras.Model(words, scores), layers.CRF(3))
        >>> model.compile("adam", metrics=["accuracy"])
        >>> ids = np.array([[5, 9, 0], [7, 3, 2]])
        >>> tags = np.array([[1, 2, 0], [0, 1, 2]])
        >>> history = model.fit(ids, tags, verbose=0)
        >>> tuple(model.predict(ids, verbose=0).shape)
        (2, 3)
    """

    def __init__(self, model, crf, **kwargs):
        super().__init__(**kwargs)
        self.model = model
        self.crf = crf

    def build(self, input_shape):
        if not self.model.built:
            self.model.build(input_shape)

    def call(self, inputs, training=None):
        scores = self.model(inputs, training=training)
        if isinstance(scores, (tuple, list)):
            scores, mask = scores
            scores._keras_mask = tf.cast(mask, tf.bool)
        tags = self.crf(scores)
        # The loss needs the scores of these tags; Keras keeps masks so, too.
        tags._scores = scores
        return tags

    def compile(self, optimizer="adam", loss=None, metrics=None, **kwargs):
        """Configures training; see `keras.Model.compile`.

        Args:
            optimizer: As in Keras.
            loss: `None`.
            metrics: As in Keras; `"accuracy"`, or metrics of ids of tags, such
                as `rnnzoo.metrics.SpanF1`.
            **kwargs: As in Keras.
        """
        if loss is not None:
            raise ValueError(
                "Invalid value for argument `loss`. Expected None: the loss of "
                "a `CRFModel` is the negative log-likelihood of the tags. "
                f"Received: loss={loss!r}"
            )
        super().compile(
            optimizer, metrics=[*map(_metric, metrics or [])], **kwargs
        )

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def fit(self, *args, class_weight=None, **kwargs):
        """Trains the model; see `keras.Model.fit`. `class_weight` is `None`."""
        if class_weight is not None:
            # Keras would take the step of the largest tag for the class.
            raise ValueError(
                "Invalid value for argument `class_weight`. Expected None: a "
                "row has many tags. `sample_weight` weighs rows. Received: "
                f"class_weight={class_weight!r}"
            )
        return super().fit(*args, **kwargs)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Mean negative log-likelihood of the tags of a row.

        Args:
            x: Not used.
            y: Whole numbers `(batch, time)`, the true tags; at steps that are
                left out they do not matter.
            y_pred: The result of a call.
            sample_weight: `(batch,)`, or `None`.
            training: Not used.

        Returns:
            Scalar.
        """
        losses = -self.crf.log_likelihood(
            y_pred._scores,
            _whole(y),
            getattr(y_pred, "_keras_mask", None),
        )
        if sample_weight is not None:
            losses *= _weights_of_rows(sample_weight, tf.size(losses))
        return replicas.loss(
            replicas.mean(losses, tf.size(losses)), self.losses
        )

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras takes the mean of the parts of replicas for a batch, which may
        # differ in their numbers of rows.
        strategy = self.distribute_strategy
        if replicas.count(strategy) == 1:
            super()._maybe_symbolic_build(iterator, data_batch)
            return
        if iterator is not None:
            _, _, batches = next(iter(iterator))
            data_batch = keras.tree.map_structure(
                lambda part: strategy.experimental_local_results(part)[0],
                next(batches),
            )
        with strategy.scope():
            self._symbolic_build(data_batch=data_batch)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Metrics of ids of tags, the true ones -1 at steps left out."""
        mask = getattr(y_pred, "_keras_mask", None)
        if mask is not None:
            y = tf.where(mask, y, -1)
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def export(
        self,
        filepath,
        format="tf_saved_model",
        verbose=None,
        input_signature=None,
        **kwargs,
    ):
        """Exports the model; see `keras.Model.export`.

        Args:
            input_signature: As in Keras; defaults to the inputs of `model`,
                if they are known.
            filepath, format, verbose, **kwargs: As in Keras.
        """
        if input_signature is None and getattr(self.model, "inputs", None):
            input_signature = [
                keras.tree.map_structure(
                    lambda x: keras.InputSpec(x.dtype, x.shape, name=x.name),
                    self.model.input,
                )
            ]
        super().export(filepath, format, verbose, input_signature, **kwargs)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "model": serialize(self.model),
            "crf": serialize(self.crf),
        }

    @classmethod
    def from_config(cls, config):
        deserialize = keras.saving.deserialize_keras_object
        parts = {key: deserialize(config[key]) for key in ("model", "crf")}
        return cls(**{**config, **parts})


def _metric(metric):
    # Keras would take ids of tags for scores of classes.
    if metric in ("acc", "accuracy"):
        return keras.metrics.Accuracy(metric)
    if isinstance(metric, str):
        raise ValueError(
            "Invalid value for argument `metrics`. Expected 'accuracy', or "
            "metrics of ids of tags, such as `rnnzoo.metrics.SpanF1`. "
            f"Received: {metric!r}"
        )
    return metric


def _whole(tags):
    """Integers; of floats that are none, -1, which is no tag."""
    tags = tf.convert_to_tensor(tags)
    if not tags.dtype.is_floating:
        return tags
    whole = tf.cast(tags, tf.int32)
    return tf.where(tf.cast(whole, tags.dtype) == tags, whole, -1)


def _weights_of_rows(weights, count):
    weights = tf.cast(weights, tf.float32)
    if not any(map(weights.shape.is_compatible_with, [(None,), (None, 1)])):
        raise ValueError(
            "Invalid value for argument `sample_weight`. Expected one weight "
            "a row, (batch,): a likelihood is that of a whole row. Received: "
            f"shape {weights.shape}"
        )
    return tf.reshape(weights, [count])
