"""Texts to classes, with the words and sentences that decided."""

import dataclasses
import numbers
from collections.abc import Mapping, Set
from itertools import pairwise

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.checks import check_positive
from rnnzoo.explain import Explanation, Explanations
from rnnzoo.export import export
from rnnzoo.ids import pad
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.raw import (
    count,
    inputs,
    iterate_texts,
    join_weights,
    show_progress,
)
from rnnzoo.tasks.task import Task
from rnnzoo.text import word_vectors

BATCH_SIZE = 128  # at inference


@dataclasses.dataclass(frozen=True)
class Classification:
    """The most probable class of a text and its probability."""

    label: str
    score: float


@keras.saving.register_keras_serializable(package="rnnzoo")
class TextClassifier(Task):
    """Classifies raw strings.

    Args:
        encoder: A layer from ids to a vector: `rnnzoo.layers.SequenceEncoder`
            or, if `max_sentences` is given,
            `rnnzoo.layers.HierarchicalAttention`; with an `embedding`, whose
            `input_dim` is the most ids that `adapt` may give out.
        num_classes: Number of classes.
        max_sentences: Sentences read of a text, the first ones. `None` for an
            encoder of flat sequences.
        max_words: Words of a sentence; a longer one goes on in the next. For a
            flat encoder, the words read of a text, the first ones.
        tokenizer: `rnnzoo.text.Tokenizer`; words in lower case by default.
        min_count: Tokens seen less often in `adapt` are unknown.
        dropout: Rate of the dropout before the output layer.
        embeddings: Pretrained word vectors, read by `adapt`: what
            `rnnzoo.text.word_vectors.load_vectors` takes. Not saved: the
            weights are.
        labels: Names of the classes; by default learned by `adapt`.
        vocabulary: Tokens from id 2 on; by default learned by `adapt`.
        recipe: `rnnzoo.recipe.Recipe`, the training defaults.
    """

    monitor = "accuracy"
    parts = ("encoder", "tokenizer")
    takes_class_weight = True

    def __init__(
        self,
        encoder,
        num_classes=2,
        *,
        max_sentences=None,
        max_words=None,
        tokenizer=None,
        min_count=1,
        dropout=0.0,
        embeddings=None,
        labels=None,
        vocabulary=None,
        recipe=None,
        **kwargs,
    ):
        super().__init__(recipe=recipe, **kwargs)
        if not isinstance(num_classes, numbers.Integral) or num_classes < 2:
            raise ValueError(
                "Invalid value for argument `num_classes`. Expected an "
                f"integer of at least 2. Received: num_classes={num_classes!r}"
            )
        check_positive("max_sentences", max_sentences, optional=True)
        check_positive("max_words", max_words, optional=True)
        check_positive("min_count", min_count)
        self.encoder = encoder
        self.num_classes = int(num_classes)
        self.max_sentences = max_sentences
        self.max_words = max_words
        self.tokenizer = tokenizer or text.Tokenizer()
        self.min_count = min_count
        self.dropout = keras.layers.Dropout(dropout)
        self.head = keras.layers.Dense(
            num_classes, activation="softmax", dtype="float32", name="head"
        )
        self.embeddings = embeddings
        self.labels = self._checked_names(labels)
        self.vocabulary = None
        if vocabulary is not None:
            self._start(vocabulary, self.labels)

    # From raw text to ids.

    @property
    def adapted(self):
        return self.vocabulary is not None

    @property
    def learned(self):
        tokens = self.vocabulary.tokens if self.adapted else None
        return {"labels": self.labels, "vocabulary": tokens}

    def adapt(self, x, y=None, labels=None, verbose=1):
        """Learns the vocabulary, and the names of the classes, in one pass.

        Args:
            x: Raw examples; see `rnnzoo.pipeline.raw.iterate`.
            y: Labels, if `x` is a list or an array.
            labels: Names of the classes: a sequence, or what TFDS has, its
                `ClassLabel` or `DatasetInfo`. By default those the model was
                made with, or the sorted labels if they are strings, or their
                numbers.
            verbose: Whether to show progress.
        """
        self._require_new()
        labels = self._checked_names(labels) or self.labels
        counts, seen = self._count(x, y, verbose)
        labels = labels or self._checked_names(sorted(seen))
        tokens = text.Vocabulary.from_counts(
            counts, self.encoder.embedding.input_dim, self.min_count
        ).tokens
        vectors = None
        if self.embeddings is not None:
            vectors = word_vectors.load_vectors(
                self.embeddings, tokens, verbose=verbose
            )
            if verbose:
                print(vectors.report([counts[token] for token in tokens]))
        self._start(tokens, labels)
        if vectors is not None:
            self.encoder.embedding.embeddings.assign(vectors.matrix)

    def _count(self, x, y, verbose):
        """How often each token occurs, and the labels that are strings."""
        counter, seen, first = text.TokenCounter(), set(), 0
        chunks = iterate_texts(x, y)
        for chunk in show_progress(chunks, count(x), "text", verbose):
            counter.update(self._words(chunk.x))
            if chunk.y is not None:
                names = _as_names(chunk.y, first)
                seen.update(names or ())
                if names is None:
                    self._label_ids(chunk.y, first)  # as soon as they are seen
            first += len(chunk.x)
        return counter.counts, seen

    def encode(self, x, y=None, sample_weight=None):
        """Raw examples as ids, `rnnzoo.pipeline.examples.Examples`."""
        self._require_adapted("encode")
        chunks, ids, labels, first = [], [], [], 0
        for chunk in iterate_texts(x, y, sample_weight):
            chunks.append(chunk)
            ids.append(self.vocabulary(self._words(chunk.x)))
            if chunk.y is not None:
                labels.append(self._label_ids(chunk.y, first))
            first += len(chunk.x)
        ids = tf.concat(ids, axis=0)
        return Examples(
            inputs=ids,
            labels=np.concatenate(labels) if labels else None,
            weights=join_weights(chunks),
            lengths=ids.row_lengths().numpy(),
        )

    @text.in_graph
    def _words(self, texts):
        return self._tokens(texts).words

    def _tokens(self, texts):
        """The tokens that the encoder reads: ragged `(n, None[, None])`."""
        if self.max_sentences is None:
            tokens, most = self.tokenizer(texts), self.max_words
        else:
            tokens = self.tokenizer.sentences(texts, self.max_words)
            most = self.max_sentences
        return text.Tokens(*(column[:, :most] for column in tokens))

    # From ids to probabilities.

    def build(self, input_shape=None):
        rank = 2 if self.max_sentences is None else 3
        for layer, shape in (
            (self.encoder, (None,) * rank),
            (self.head, (None, self.encoder.output_dim)),
        ):
            if not layer.built:  # by loading, or by an earlier call
                layer.build(shape)
        self.built = True

    def call(self, ids, training=None):
        """Probabilities `(batch, classes)` of right padded ids."""
        vector = self.encoder(ids, training=training)
        return self.head(self.dropout(vector, training=training))

    def attend(self, ids):
        """Probabilities and the attention weights behind them.

        Args:
            ids: `(batch, words)`, or `(batch, sentences, words)`.

        Returns:
            Tuple of the probabilities `(batch, classes)`, the word weights
            (shaped as the ids) and, of a hierarchical encoder, the sentence
            weights `(batch, sentences)`.
        """
        vector, *weights = self.encoder(
            ids, training=False, return_attention_scores=True
        )
        return (self.head(vector), *weights)

    def default_loss(self):
        return keras.losses.SparseCategoricalCrossentropy()

    def learning_rates(self):
        embedding = self.encoder.embedding
        if self.embeddings is None or not embedding.trainable:
            return {}
        return {embedding.name: self.recipe.vectors_rate}

    def default_metrics(self):
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    # What a user reads.

    def predict(self, x, batch_size=None, verbose=0, callbacks=None):
        """The probabilities of the classes.

        Args:
            x: Texts, or one text; labels, if a dataset has them, are ignored.
            batch_size: Defaults to 128.
            verbose, callbacks: As in Keras.

        Returns:
            float32 array `(texts, classes)`, in the order of the texts.
        """
        self._require_adapted("predict")
        examples = x
        if not isinstance(x, Examples):
            examples = self.encode(inputs(_listed(x)))
        examples = dataclasses.replace(examples, labels=None, weights=None)
        batches = examples.batches(batch_size or BATCH_SIZE)
        outputs = super().predict(batches, verbose=verbose, callbacks=callbacks)
        return outputs[np.argsort(examples.order())]

    def classify(self, x, batch_size=None):
        """The most probable class of each text.

        Returns:
            List of `Classification`.
        """
        probabilities = self.predict(x, batch_size)
        best = probabilities.argmax(axis=1)
        return [
            Classification(self.label_names[i], float(row[i]))
            for i, row in zip(best, probabilities, strict=True)
        ]

    def explain(self, x):
        """What decided: attention weights aligned with the original text.

        Returns:
            `rnnzoo.explain.Explanations`, one for each text.
        """
        self._require_adapted("explain")
        explanations = Explanations()
        for chunk in iterate_texts(inputs(_listed(x))):
            for start in range(0, len(chunk.x), BATCH_SIZE):
                part = chunk.x[start : start + BATCH_SIZE]
                explanations += self._explain(part)
        return explanations

    def _explain(self, texts):
        tokens = self._tokens(texts)
        attended = self.attend(pad(self.vocabulary(tokens.words)))
        probabilities, weights, sentence_weights = (
            each if each is None else each.numpy()
            for each in (*attended, None)[:3]
        )
        weights = tf.RaggedTensor.from_tensor(
            weights, tokens.words.nested_row_lengths()
        )
        for i, original in enumerate(texts):
            words, starts, ends, shares = (
                _flat(column[i]) for column in (*tokens, weights)
            )
            sentences = {}
            if sentence_weights is not None:
                lasts = np.cumsum(tokens.words[i].row_lengths()).tolist()
                sentences = {
                    "sentences": list(pairwise([0, *lasts])),
                    "sentence_weights": sentence_weights[i, : len(lasts)],
                }
            yield Explanation(
                text=original.decode(),
                labels=list(self.label_names),
                probabilities=probabilities[i],
                tokens=[word.decode() for word in words],
                spans=list(zip(starts.tolist(), ends.tolist(), strict=True)),
                weights=shares,
                **sentences,
            )

    @property
    def label_names(self):
        return self.labels or tuple(map(str, range(self.num_classes)))

    # Serving and saving.

    def export(self, directory, overwrite=True):
        """Writes a SavedModel that takes raw strings.

        Its signatures, each with `text: string (n,)`:

        - `serving_default`: `probabilities` float32 `(n, classes)`, `label`
          string `(n,)` and its probability, `score`, float32 `(n,)`.
        - `explain`: the same, and `tokens` with their `weights`, `starts` and
          `ends` in characters of the text, `(n, words)` or
          `(n, sentences, words)`, padded with "" and zeros; of a hierarchical
          model also `sentence_weights` `(n, sentences)`.

        Args:
            directory: Where to write.
            overwrite: Whether an existing directory is replaced.
        """
        self._require_adapted("export")
        names = tf.constant(self.label_names)
        weight_names = ["weights"]
        if self.max_sentences is not None:
            weight_names.append("sentence_weights")
        signature = [tf.TensorSpec([None], tf.string, name="text")]

        def summarize(probabilities):
            best = tf.argmax(probabilities, axis=1)
            return {
                "probabilities": probabilities,
                "label": tf.gather(names, best),
                "score": tf.reduce_max(probabilities, axis=1),
            }

        @tf.function(input_signature=signature, autograph=False)
        def serve(text):
            ids = pad(self.vocabulary(self._tokens(text).words))
            return summarize(self(ids, training=False))

        @tf.function(input_signature=signature, autograph=False)
        def explain(text):
            tokens = self._tokens(text)
            probabilities, *weights = self.attend(
                pad(self.vocabulary(tokens.words))
            )
            return {
                **summarize(probabilities),
                "tokens": pad(tokens.words),
                "starts": pad(tokens.starts),
                "ends": pad(tokens.ends),
                **dict(zip(weight_names, weights, strict=True)),
            }

        export(
            directory,
            {"serving_default": serve, "explain": explain},
            [weight.value for weight in self.weights],
            [self.vocabulary.table],
            overwrite=overwrite,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "max_sentences": self.max_sentences,
            "max_words": self.max_words,
            "min_count": self.min_count,
            "dropout": self.dropout.rate,
        }

    # Details.

    def _adopt(self, saved):
        self.tokenizer = saved.tokenizer
        self._start(saved.vocabulary.tokens, self._checked_names(saved.labels))

    def _start(self, vocabulary, labels):
        self.labels = labels
        self.vocabulary = text.Vocabulary(vocabulary)
        self.encoder.embedding.input_dim = len(self.vocabulary)
        self.build()

    def _checked_names(self, labels):
        """Tuple of the names of the classes, or `None` if there are none."""
        if hasattr(labels, "features"):  # TFDS's DatasetInfo
            _, key = labels.supervised_keys or (None, "label")
            label = dict(labels.features.items()).get(key)
            labels = getattr(label, "names", None)  # a text has none
        names = getattr(labels, "names", labels)  # TFDS's ClassLabel
        if isinstance(names, (str, bytes, Mapping, Set)):
            raise ValueError(
                "Invalid value for argument `labels`. Expected the names of "
                "the classes in the order of their numbers, a sequence. "
                f"Received: labels={labels!r:.80}"
            )
        names = tuple(
            text.as_text(name, "labels", i)
            for i, name in enumerate(() if names is None else names)
        )
        if names and not len(names) == len(set(names)) == self.num_classes:
            raise ValueError(
                "Invalid value for argument `labels`. Expected the names of "
                f"num_classes={self.num_classes} classes, each once. Received "
                f"{len(names)}: {list(names)[:10]}"
            )
        return names or None

    def _label_ids(self, y, first):
        """Labels of a chunk, checked: int32 array `(n,)`."""
        y = np.asarray(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        ids, names = y, _as_names(y, first)
        if names is not None:
            place = {name: i for i, name in enumerate(self.label_names)}
            ids = np.array([place.get(name, -1) for name in names])
        known = np.isin(ids, range(self.num_classes))
        if y.ndim != 1 or not known.all():
            received = y[~known][0] if y.ndim == 1 else f"shape {y.shape}"
            raise ValueError(
                "Invalid value for argument `y`. Expected one label an "
                f"example, from 0 to {self.num_classes - 1} or one of "
                f"{list(self.label_names)[:10]}. Received: {received!r}"
            )
        return ids.astype("int32")


def _as_names(y, first):
    """Labels of a chunk as strings, or `None` if they are numbers.

    Args:
        y: Labels.
        first: How many came before.
    """
    # As objects: NumPy would make strings of a missing label beside some.
    labels = np.asarray(y, object).ravel().tolist()
    if not any(isinstance(label, (str, bytes)) for label in labels):
        return None
    return [text.as_text(each, "y", first + i) for i, each in enumerate(labels)]


def _flat(tensor):
    return getattr(tensor, "flat_values", tensor).numpy()


def _listed(x):
    return [x] if isinstance(x, (str, bytes)) else x
