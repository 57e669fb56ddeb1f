"""Classification of texts, with the words and sentences that decided."""

from itertools import pairwise
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.checks import check_positive
from rnnzoo.explain import Explanation, Explanations
from rnnzoo.graphs import traced
from rnnzoo.ids import pad
from rnnzoo.layers.dropout import draw_mask
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.schema import LABELS, TEXTS, Label, Schema, Text
from rnnzoo.tasks.classifier import Classification, Classifier
from rnnzoo.tasks.columns import Columns
from rnnzoo.tasks.converting import WithLite
from rnnzoo.tasks.embeddings import WithWordVectors
from rnnzoo.tasks.sampling import BATCH_SIZE, WithSamples
from rnnzoo.tasks.transfer import Loan
from rnnzoo.tasks.vocabularies import WithVocabulary


@keras.saving.register_keras_serializable(package="rnnzoo")
class TextClassifier(
    WithSamples, WithLite, WithWordVectors, WithVocabulary, Classifier
):
    """Classifies raw strings.

    Args:
        encoder: A layer that maps ids to one vector per text:
            `rnnzoo.layers.SequenceEncoder`, `rnnzoo.layers.LanguageEncoder`
            or, with `max_sentences`, `rnnzoo.layers.HierarchicalAttention`.
            Its `embedding` has the rows of the vocabulary; with
            `input_dim=None`, as many as the vocabulary has ids.
        num_classes: Number of classes.
        max_sentences: Sentences read of a text, the first ones. `None` for an
            encoder of flat sequences.
        max_words: Most tokens of a sentence; a longer sentence continues in
            the next. For a flat encoder, the tokens read of a text, the first
            ones.
        tokenizer: `rnnzoo.text.Tokenizer` or `rnnzoo.text.SubwordTokenizer`;
            words in lower case by default.
        vocabulary_size: Most ids that `adapt` gives out, those of padding and
            unknown tokens included.
        min_count: Tokens seen less often in `adapt` are unknown.
        dropout: Rate of the dropout before the output layer.
        label_smoothing: Share of the probability of a label that all classes
            get in the loss. Szegedy et al. 2016.
        embeddings: Pretrained word vectors, read by `adapt`: what
            `rnnzoo.text.PretrainedWords` takes. The source is
            not saved: the weights are.
        labels: Names of the classes; by default learned by `adapt`.
        vocabulary: Tokens from id 2 on; by default learned by `adapt`.
        recipe: `rnnzoo.Recipe`, the training defaults.

    Examples:

    >>> import rnnzoo
    >>> encoder = rnnzoo.layers.SequenceEncoder(
    ...     8, rnn="gru", embedding=rnnzoo.layers.Embedding(None, 8)
    ... )
    >>> model = rnnzoo.TextClassifier(encoder, num_classes=2)
    >>> texts, labels = ["A lovely film.", "Dull."], ["pos", "neg"]
    >>> model.adapt(texts, labels, verbose=0)
    >>> model.compile()
    >>> history = model.fit(texts, labels, epochs=1, verbose=0)
    >>> model.classify(["Lovely."])[0].label in ("pos", "neg")
    True
    >>> model.explain(["Lovely."])[0].tokens
    ['lovely', '.']
    """

    kind = "text_classification"
    verb = "classify"
    schema = Schema((Text("text", also=TEXTS),), (Label("label", also=LABELS),))
    unit_name = "text"
    parts = ("encoder", "tokenizer")
    loans = {
        "language_modeling": Loan(
            {"backbone": "encoder.backbone"}, lends=("tokenizer",)
        )
    }
    reads_by = ("max_sentences", "max_words")

    def __init__(
        self,
        encoder,
        num_classes=2,
        *,
        max_sentences=None,
        dropout=0.0,
        embeddings=None,
        vocabulary=None,
        **kwargs,
    ):
        super().__init__(num_classes, **kwargs)
        check_positive("max_sentences", max_sentences, optional=True)
        self.encoder = encoder
        self.max_sentences = max_sentences
        self.dropout = keras.layers.Dropout(dropout)
        self.head = keras.layers.Dense(
            num_classes,
            activation=self.activation,
            dtype="float32",
            name="head",
        )
        self.embeddings = embeddings
        if vocabulary is not None:
            self.take(labels=self.labels, vocabulary=vocabulary)

    # From raw text to ids.

    @property
    def learned(self):
        return {"labels": self.labels, **super().learned}

    @property
    def word_embedding(self):
        return self.encoder.embedding

    def groups(self):
        inner = {"encoder": [self.encoder]}
        if hasattr(self.encoder, "groups"):
            inner = self.encoder.groups()
        return {
            "embedding": [self.word_embedding],
            **inner,
            "head": [self.head],
        }

    def count(self, chunk, counts, labels):
        self.count_tokens(chunk["text"], counts)
        self.count_labels(chunk, counts, labels)

    def learn(self, counts, labels):
        names = self.learn_labels(counts, labels)
        return {"labels": names, "vocabulary": self.learn_tokens(counts)}

    def take(self, labels, vocabulary):
        self.labels = self.checked_names(labels)
        self.take_tokens(vocabulary)
        self.build()

    def encode_chunk(self, chunk):
        ids = self.vocabulary(self._words(chunk["text"]))
        labels = self.label_ids(chunk) if "label" in chunk else None
        return Columns(ids, labels)

    @text.traced_texts
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
        # Keras calls a dropout built before it knows a shape.
        self.dropout.build((None, self.encoder.output_dim))
        self.built = True

    def call(self, ids, training=None):
        """Probabilities `(batch, classes)` of right padded ids."""
        vector = self.encoder(ids, training=training)
        return self.head(self.dropout(vector, training=training))

    def thin(self, ids):
        """Probabilities `(batch, classes)` in `one_network` of dropout."""
        vector = self.encoder(ids, training=True)
        if self.dropout.rate:
            mask = draw_mask(
                (1, vector.shape[-1]),
                self.dropout.rate,
                self.dropout,
                vector.dtype,
            )
            vector *= mask
        return self.head(vector)

    def attend(self, ids):
        """Probabilities and the attention weights that led to them.

        Args:
            ids: `(batch, words)`, or `(batch, sentences, words)`.

        Returns:
            Tuple of the probabilities `(batch, classes)`, the word weights
            (shaped as the ids) and, of a hierarchical encoder, the sentence
            weights `(batch, sentences)`; of one that attends in several rows,
            their weights `(batch, rows, words)`, of which the word weights are
            the mean.
        """
        vector, *weights = self.encoder(
            ids, training=False, return_attention_scores=True
        )
        if self.max_sentences is None and weights[0].shape.rank == 3:
            weights = [tf.reduce_mean(weights[0], axis=1), *weights]
        return (self.head(vector), *weights)

    # Answers.

    def classify(
        self, x: Any, batch_size: int | None = None, verbose: int = 0
    ) -> list[Classification]:
        """The most probable class of each text.

        Args:
            x, batch_size, verbose: See `predict`.

        Returns:
            List of `Classification`.
        """
        self._require_adapted("classify")
        return self.answers_of(self.predict(x, batch_size, verbose))

    def explain(self, x: Any) -> Explanations:
        """The attention weights, aligned with the original text.

        Args:
            x: Texts, or one text.

        Returns:
            `rnnzoo.explain.Explanations`, one for each text.
        """
        self._require_adapted("explain")
        explanations = Explanations()
        for chunk in self.read_inputs(x):
            lengths = np.array([len(each) for each in chunk["text"]])
            texts = tf.constant(chunk["text"], tf.string)
            rows = Examples(texts, None, None, lengths).run(
                self._explained, BATCH_SIZE
            )
            explanations += map(self._explanation, chunk["text"], rows)
        return explanations

    def _explain(self, texts):
        """Tokens of texts and their weights, in the graph; see `served`."""
        tokens = self._tokens(texts)
        other = "row_weights"
        if self.max_sentences is not None:
            other = "sentence_weights"
        probabilities, *weights = self.attend(
            pad(self.vocabulary(tokens.words))
        )
        return {
            "probabilities": probabilities,
            "tokens": pad(tokens.words),
            "starts": pad(tokens.starts),
            "ends": pad(tokens.ends),
            **dict(zip(("weights", other), weights, strict=False)),
        }

    _explained = traced(_explain)

    def _explanation(self, original, row):
        """An `Explanation` of what the graph made of a text."""
        is_token = row["tokens"] != b""
        sentences = {}
        if "sentence_weights" in row:
            counts = is_token.sum(axis=1)
            counts = counts[counts > 0]
            lasts = np.cumsum(counts).tolist()
            sentences = {
                "sentences": list(pairwise([0, *lasts])),
                "sentence_weights": row["sentence_weights"][: len(lasts)],
            }
        rows = None
        if "row_weights" in row:
            rows = row["row_weights"][:, is_token]
        starts, ends = (row[name][is_token] for name in ("starts", "ends"))
        return Explanation(
            text=original.decode(),
            labels=list(self.label_names),
            probabilities=row["probabilities"],
            tokens=[token.decode() for token in row["tokens"][is_token]],
            spans=list(zip(starts.tolist(), ends.tolist(), strict=True)),
            weights=row["weights"][is_token],
            row_weights=rows,
            **sentences,
        )

    # Serving and saving.

    def served(self, samples=None):
        """The signatures of the export, each with `text: string (n,)`.

        - `serving_default`: `probabilities` float32 `(n, classes)`, `label`
          string `(n,)` and its probability, `score`, float32 `(n,)`.
        - `explain`: the same, and `tokens` with their `weights`, `starts` and
          `ends` in characters of the text, `(n, words)` or
          `(n, sentences, words)`, padded with "" and zeros; of a hierarchical
          model also `sentence_weights` `(n, sentences)`; of one that attends
          in several rows, `row_weights` `(n, rows, words)`.
        - `sample`, if there are `samples`, with a `seed`, an int32 scalar: the
          outputs of `serving_default` by the mean of the samples, and their
          `entropy` and `mutual_information`; see `sample`.

        Args:
            samples: Number of networks that `sample` asks.
        """
        names = tf.constant(self.label_names)

        def best(probabilities):
            return {
                "label": tf.gather(names, tf.argmax(probabilities, axis=1)),
                "score": tf.reduce_max(probabilities, axis=1),
            }

        return self._served_with(best, samples)

    def _served_with(self, answer, samples):
        """The signatures, with what a function makes of the probabilities."""
        check_positive("samples", samples, optional=True)
        signature = [tf.TensorSpec([None], tf.string, name="text")]
        seed = tf.TensorSpec([], tf.int32, name="seed")

        @tf.function(input_signature=signature, autograph=False)
        def serve(text):
            ids = pad(self.vocabulary(self._tokens(text).words))
            probabilities = self(ids, training=False)
            return {"probabilities": probabilities, **answer(probabilities)}

        @tf.function(input_signature=signature, autograph=False)
        def explain(text):
            outputs = self._explain(text)
            return {**outputs, **answer(outputs["probabilities"])}

        @tf.function(input_signature=[*signature, seed], autograph=False)
        def sample(text, seed):
            ids = pad(self.vocabulary(self._tokens(text).words))
            found = self.sampled(ids, samples, seed)
            probabilities = found["mean"]
            return {
                "probabilities": probabilities,
                **answer(probabilities),
                "entropy": found["entropy"],
                "mutual_information": found["mutual_information"],
            }

        signatures = {"serving_default": serve, "explain": explain}
        return (
            signatures if samples is None else signatures | {"sample": sample}
        )

    def to_serve(self, x):
        chunks = self.read_inputs(x)
        return {"text": [each for chunk in chunks for each in chunk["text"]]}

    def get_config(self):
        return {
            **super().get_config(),
            "max_sentences": self.max_sentences,
            "dropout": self.dropout.rate,
        }
