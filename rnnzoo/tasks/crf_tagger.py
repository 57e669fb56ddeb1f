"""The network of a tagger: tags of words that depend on each other."""

import collections

import keras
import tensorflow as tf

from rnnzoo import replicas
from rnnzoo.class_metrics import origin
from rnnzoo.graphs import traced
from rnnzoo.ids import PADDING
from rnnzoo.layers import CRF, VariationalDropout
from rnnzoo.metrics import SpanF1
from rnnzoo.pipeline import columns
from rnnzoo.tasks.class_weights import weights_of_classes
from rnnzoo.tasks.task import Task
from rnnzoo.tasks.transfer import Loan
from rnnzoo.text import tagging


class CRFTagger(Task):
    """Scores tags of words, with or without a CRF, and is trained to.

    A subclass reads sentences; `take` calls `tag_with`.

    Args:
        features: `rnnzoo.layers.WordFeatures`.
        encoder: A layer that maps `(batch, time, features)`, with a mask, to
            `(batch, time, units)`.
        tag_set: `rnnzoo.text.tagging.TagSet`; it may be replaced later.
        crf: Whether tags depend on each other (`rnnzoo.layers.CRF`); if not,
            each is a softmax of its own.
        dropout: Rate of the dropout before the output, one mask over time.
        **kwargs: See `rnnzoo.tasks.Task`.
    """

    monitor = "f1"
    loans = {
        "language_modeling": Loan({"backbone": "features.embedding.backbone"})
    }

    def __init__(
        self, features, encoder, tag_set, *, crf=True, dropout=0.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.features = features
        self.encoder = encoder
        self.tag_set = tag_set
        self.has_crf = crf
        self.dropout = VariationalDropout(dropout, dtype=self.dtype_policy)
        self.head = self.crf = None

    @property
    def labels(self):
        """Names of the kinds of entities."""
        return self.tag_set.labels

    @property
    def class_names(self):
        return self.labels

    def tag_with(self, labels):
        """Makes the output layers for the tags of some labels.

        Args:
            labels: Names of the kinds of entities.
        """
        self.tag_set = tagging.TagSet(labels, self.tag_set.scheme)
        tags = len(self.tag_set)
        self.head = keras.layers.Dense(tags, dtype="float32", name="head")
        # Without transitions, constraints would make tags depend again.
        constraints = self.tag_set.constraints if self.has_crf else None
        self.crf = CRF(
            tags,
            constraints=constraints,
            transitions=self.has_crf,
            name="crf",
        )

    def groups(self):
        return {
            "features": [self.features],
            "encoder": [self.encoder],
            "head": [self.head, self.crf],
        }

    def embedded(self):
        characters = self.features.characters
        if characters is None:
            return super().embedded()
        return {**super().embedded(), "characters": characters.embedding}

    def indexed(self):
        yield from super().indexed()
        yield self.head.kernel, {1: "labels"}
        yield self.head.bias, {0: "labels"}
        for weight in self.crf.weights:  # of tags, and of pairs of tags
            yield weight, dict.fromkeys(range(len(weight.shape)), "labels")

    def keys(self, name):
        return self.tag_set.names if name == "labels" else super().keys(name)

    # From ids to tags.

    def build(self, input_shape=None):
        features = (None, None, self.features.output_dim)
        encoded = self.encoder.compute_output_shape(features)
        for layer, shape in (
            (self.features, None),
            (self.encoder, features),
            (self.dropout, encoded),
            (self.head, encoded),
            (self.crf, (None, None, len(self.tag_set))),
        ):
            if not layer.built:  # by loading, or by an earlier call
                layer.build(shape)
        self.built = True

    def call(self, inputs, training=None):
        """Scores of each tag at each word, before transitions.

        Args:
            inputs: Dict of right padded ids; see
                `rnnzoo.layers.WordFeatures`.
            training: Whether in training.

        Returns:
            float32 `(batch, time, tags)`.
        """
        vectors = self.features(inputs, training=training)
        vectors = self.encoder(vectors, mask=mask_of(inputs), training=training)
        return self.head(self.dropout(vectors, training=training))

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """See `Task.compile`; metrics get ids of tags, negative as padding."""
        if loss not in ("auto", None):
            raise ValueError(
                "Invalid value for argument `loss`. Expected 'auto': an "
                "entity tagger is trained on the likelihood of its tags. "
                f"Received: loss={loss!r}"
            )
        for metric in keras.tree.flatten(metrics):
            # Keras's would take padding, or ids of tags for scores of classes.
            is_auto = isinstance(metric, str) and metric == "auto"
            if not is_auto and (
                isinstance(metric, str) or origin("metrics", metric) is not None
            ):
                raise ValueError(
                    "Invalid value for argument `metrics`. Expected 'auto', or "
                    "metrics of ids of tags, such as `rnnzoo.metrics.SpanF1`. "
                    f"Received: metrics={metrics!r}"
                )
        super().compile(optimizer, loss, metrics, **kwargs)

    def class_weights(self, examples, class_weight):
        """Weights of words: that of the label of their tag, or of their tag.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
            class_weight: See `fit`. Names are those of labels, `"O"` for words
                outside of entities, or tags in BIO, such as `"B-PER"`.
        """
        tags = [tagging.split(name) for name in self.tag_set.names]
        labels = [label or tagging.OUTSIDE for _, label in tags]
        classes = [
            (label, f"{'B' if letter in 'BS' else 'I'}-{label}")
            if label != tagging.OUTSIDE
            else (label,)
            for label, (letter, _) in zip(labels, tags, strict=True)
        ]
        ids = examples.labels
        counts = columns.value_counts(ids, len(labels))
        seen = collections.Counter()
        for label, count in zip(labels, counts.tolist(), strict=True):
            seen[label] += count
        table = weights_of_classes(class_weight, classes, seen)
        return columns.looked_up(table, ids)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Mean negative log-likelihood of a sentence's tags.

        Weights `(batch, time)` count for the words: each tag is as likely as
        the tags before it make it, `rnnzoo.layers.crf_steps`. The same weight
        for all words is that of the sentence.
        """
        if sample_weight is None:
            losses = -self.crf.log_likelihood(y_pred, y, mask_of(x))
        else:
            steps = self.crf.step_log_likelihoods(y_pred, y, mask_of(x))
            losses = -tf.reduce_sum(steps * sample_weight, axis=1)
        return replicas.loss(
            replicas.mean(losses, tf.size(losses)), self.losses
        )

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Metrics of tags: ids, the true ones negative where there is none."""
        mask = mask_of(x)
        tags, _ = self.crf.viterbi(y_pred, mask)
        y = tf.where(mask, y, -1)
        return super().compute_metrics(x, y, tags, sample_weight)

    def default_loss(self):
        return None  # see compute_loss

    def default_metrics(self):
        return [SpanF1(self.tag_set.names)]

    def score(self, examples, quick=False):
        """The F1 of each kind of entity, as `SpanF1` counted it last.

        Returns:
            Dict of `"f1_PER"` and so on; empty if `quick`.
        """
        if quick:
            return {}
        reports = [
            metric.report()
            for group in self.metrics
            for metric in getattr(group, "metrics", ())
            if isinstance(metric, SpanF1)
        ]
        return {
            f"f1_{label}": row["f1"]
            for report in reports
            for label, row in report.items()
            if label != "all"
        }

    # From scores to tags.

    def best_tags(self, inputs):
        """The most probable tags, in BIO, and how probable.

        Args:
            inputs: As in `call`.

        Returns:
            Tuple of the tags, int32 `(batch, time)`, places in `bio_names`,
            and float32 `(batch, time)`: at a word of an entity the
            probability of the entity, at others that they belong to none.
        """
        mask = mask_of(inputs)
        potentials = self(inputs, training=False)
        tags, _ = self.crf.viterbi(potentials, mask)
        scores = self.crf.span_marginals(
            potentials, tags, self.tag_set.continues, mask
        )
        return self._as_bio(tags), scores

    _best_tags = traced(best_tags)

    @traced
    def label_marginals(self, inputs):
        """Probability of each label at each word, `(batch, time, labels)`."""
        potentials = self(inputs, training=False)
        marginals = self.crf.marginals(potentials, mask_of(inputs))
        names = [tagging.split(tag)[1] for tag in self.tag_set.names]
        member = [[name == label for label in self.labels] for name in names]
        return tf.tensordot(marginals, tf.constant(member, tf.float32), 1)

    @property
    def bio_names(self):
        """Names of the tags of answers."""
        return tagging.TagSet(self.labels, "bio").names

    def _as_bio(self, tags):
        names = self.bio_names
        begins, inside = (
            tf.constant(
                [
                    names.index(f"{letter}-{label}" if label else "O")
                    for _, label in map(tagging.split, self.tag_set.names)
                ]
            )
            for letter in "BI"
        )
        goes_on = tf.gather_nd(
            tf.constant(self.tag_set.continues),
            tf.stack([tags[:, :-1], tags[:, 1:]], axis=2),
        )
        goes_on = tf.pad(goes_on, [[0, 0], [1, 0]])
        return tf.where(
            goes_on, tf.gather(inside, tags), tf.gather(begins, tags)
        )


def mask_of(inputs):
    """Boolean `(batch, time)`, whether there is a word."""
    return inputs["words"] != PADDING
