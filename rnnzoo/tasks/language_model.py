"""Probabilities of texts, and texts that a model writes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from rnnzoo import replicas, text
from rnnzoo.checks import check_not_negative, check_positive
from rnnzoo.ids import PADDING, pad
from rnnzoo.metrics import Perplexity
from rnnzoo.pipeline.schema import TEXTS, Schema, Text
from rnnzoo.pipeline.stream import Stream
from rnnzoo.tasks.carried import Carried
from rnnzoo.tasks.columns import Columns
from rnnzoo.tasks.embeddings import most_ids, size_embedding
from rnnzoo.tasks.generation import TextGenerator
from rnnzoo.tasks.probabilities import AT_A_TIME, WithProbabilities
from rnnzoo.tasks.serving import finite
from rnnzoo.tasks.surprise import WithSurprise
from rnnzoo.tasks.target_text import TargetText

LIKELIEST = 10  # tokens that `next` answers


class Costs(NamedTuple):
    """Costs of tokens, float32 `(batch, time)`, 0 at padding.

    Attributes:
        losses: Negative log probabilities.
        penalties: Of the activations that led to them, in training.
    """

    losses: Any
    penalties: Any


@keras.saving.register_keras_serializable(package="rnnzoo")
class LanguageModel(WithSurprise, WithProbabilities, TextGenerator):
    """Says how probable texts are, and writes new ones, token by token.

        P(w_1 .. w_n) = p(end | w_1 .. w_n) prod_t p(w_t | w_1 .. w_(t-1))

    Padding and the start of a text have no probability, so that the
    probabilities of all texts sum to one.

    Training data are texts alone; datasets may have other features, too.
    `contiguous` texts are read as one sequence, in their order, with the state
    carried from text to text: `fit` in `batch_size` rows and windows of
    `window` steps (truncated backpropagation through time), and `evaluate` in
    a single row, so that neither size changes the result. The validation
    during `fit` reads as many rows as training, each from a state of zeros,
    which is faster, and gives a perplexity that is slightly higher. Other texts
    are read each by itself. `log_prob` and `rank` take each text by itself.

    Args:
        backbone: `rnnzoo.layers.RecurrentBackbone`. Its `embedding` has the
            rows of the vocabulary, of the start and the end; with
            `input_dim=None`, as many as there are ids.
        softmax: `rnnzoo.layers.TokenSoftmax`, which may be tied to that
            embedding, or `rnnzoo.layers.AdaptiveSoftmax`.
        tokenizer: `rnnzoo.text.PlainTokenizer`, `Tokenizer` or
            `SubwordTokenizer`; what stands between spaces by default.
        vocabulary_size: Most ids that `adapt` gives out, those of padding,
            unknown tokens, start and end included.
        min_count: Tokens seen less often in `adapt` are unknown.
        contiguous: Whether texts are read one after the other.
        window: Steps of backpropagation, of contiguous texts.
        jitter: Whether windows vary in length; see
            `rnnzoo.pipeline.stream.Stream`.
        activation_penalty: Factor of the mean square of the output, after its
            dropout (activation regularization, Merity et al. 2018, section
            4.6).
        change_penalty: Factor of the mean square of the change of the output
            from step to step (temporal activation regularization).
        max_length: Most tokens of a text that is written, by default.
        vocabulary: Tokens from id 2 on; by default learned by `adapt`.
        recipe: `rnnzoo.Recipe`, the training defaults.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build(
    ...     "lstm_language_model", units=8, embedding_dim=8, min_count=1
    ... )
    >>> texts = ["the cat sat", "the dog sat", "a cat ran"]
    >>> model.adapt(texts, verbose=0)
    >>> model.compile()
    >>> history = model.fit(texts, epochs=1, verbose=0)
    >>> len(model.generate("the cat", count=2, max_length=5, seed=1)[0])
    2
    >>> model.log_prob(texts).shape
    (3,)
    """

    kind = "language_modeling"
    verb = "generate"
    schema = Schema((Text("text", also=TEXTS),))
    unit_name = "text"
    monitor = "perplexity"
    falls = ("loss", "perplexity")
    parts = ("backbone", "softmax", "tokenizer")
    lends = ("tokenizer",)
    takes = Mapping

    def __init__(
        self,
        backbone,
        softmax,
        *,
        tokenizer=None,
        vocabulary_size=None,
        min_count=1,
        contiguous=True,
        window=35,
        jitter=False,
        activation_penalty=0.0,
        change_penalty=0.0,
        max_length=200,
        vocabulary=None,
        recipe=None,
        **kwargs,
    ):
        super().__init__(recipe=recipe, **kwargs)
        check_positive("vocabulary_size", vocabulary_size, optional=True)
        check_positive("min_count", min_count)
        check_positive("window", window)
        check_positive("max_length", max_length)
        check_not_negative("activation_penalty", activation_penalty)
        check_not_negative("change_penalty", change_penalty)
        for name, part, needed in (
            ("backbone", backbone, "step"),
            ("softmax", softmax, "losses_of"),
        ):
            if not hasattr(part, needed):
                raise ValueError(
                    f"Invalid value for argument `{name}`. Expected a layer "
                    f"with a method `{needed}`, as those of `rnnzoo.layers` "
                    f"for language models. Received: {name}={part!r:.60}"
                )
        self.backbone = backbone
        self.softmax = softmax
        self.target = TargetText(tokenizer or text.PlainTokenizer())
        self.vocabulary_size = vocabulary_size
        self.min_count = min_count
        self.contiguous = contiguous
        self.window = window
        self.jitter = jitter
        self.activation_penalty = activation_penalty
        self.change_penalty = change_penalty
        self.max_length = max_length
        if vocabulary is not None:
            self.take(vocabulary)

    # From raw texts to ids.

    @property
    def adapted(self):
        return self.vocabulary is not None

    @property
    def learned(self):
        return {"vocabulary": self.vocabulary and self.vocabulary.tokens}

    @property
    def vocabulary(self):
        """`rnnzoo.text.Vocabulary` of the tokens."""
        return self.target.vocabulary

    @property
    def tokenizer(self):
        """Tokenizer of the texts."""
        return self.target.tokenizer

    @tokenizer.setter
    def tokenizer(self, tokenizer):
        self.target.tokenizer = tokenizer

    def groups(self):
        return {**self.backbone.groups(), "softmax": [self.softmax]}

    def count(self, chunk, counts, labels):
        counts["text"].update(self.target.to_count(chunk["text"]))

    def learn(self, counts, labels):
        found = counts["text"].counts
        if not found:
            raise ValueError(
                "Invalid value for argument `x`. Expected texts with tokens. "
                f"Received: {counts.examples:,} texts without any"
            )
        most = most_ids(self.backbone.embedding, self.vocabulary_size)
        return {
            "vocabulary": self.tokenizer.learn(
                found,
                None if most is None else most - 2,  # start and end
                self.min_count,
            )
        }

    def take(self, vocabulary):
        embedding = self.backbone.embedding
        self.target.take(vocabulary)
        size_embedding(embedding, self.target.size)
        self.target.size = self.softmax.tokens = embedding.input_dim
        self.softmax.unwritten = self.target.unwritten
        self.build()

    def embedded(self):
        return {**super().embedded(), "vocabulary": self.backbone.embedding}

    def indexed(self):
        yield from super().indexed()
        for weight, axis in self.softmax.by_token():
            yield weight, {axis: "vocabulary"}

    def keys(self, name):
        ends = (b"start", b"end") if name == "vocabulary" else ()
        return super().keys(name) + ends

    def encode_chunk(self, chunk):
        """The `Columns` of a chunk.

        The inputs are a dict of the ids `before`, after the start of each
        text, and `after`, before its end, which are also the labels.
        """
        before, after = self.target.around(self.target.ids(chunk["text"]))
        return Columns({"after": after, "before": before}, after)

    def batches(self, examples, *args):
        return super().batches(self.in_rows(examples), *args)

    def in_rows(self, examples):
        """Examples as they are trained on: contiguous ones in rows."""
        if not self.contiguous:
            return examples
        return Stream.over(examples, window=self.window, jitter=self.jitter)

    # From ids to losses.

    def build(self, input_shape=None):
        if not self.backbone.built:  # by loading, or by an earlier call
            self.backbone.build((None, None))
        if not self.softmax.built:
            if self.softmax.tied:
                self.softmax.tie(self.backbone.embedding)
            self.softmax.build((None, self.backbone.output_dim))
        states = self.backbone.start(0)
        self.carried = Carried(
            [each.shape[1] for each in states], self.compute_dtype
        )
        self.built = True

    def call(self, inputs, training=None):
        """Costs of each token after those before it.

        Args:
            inputs: Dict of right padded ids; see `encode_chunk`. With
                `continues`, boolean `(batch,)`, rows begin with the states
                that were kept, where they continue, and those after them are
                kept.
            training: Whether in training.

        Returns:
            `Costs`.
        """
        states = None
        if "continues" in inputs:
            states = self.carried.start(inputs["continues"])
        read = self.backbone(inputs["before"], states, training=training)
        if "continues" in inputs:
            self.carried.keep(read.states)
        most = None if training else AT_A_TIME
        losses = self.token_losses(read.vectors, inputs["after"], most)
        if not training:
            return Costs(losses, tf.zeros_like(losses))
        mask = inputs["after"] != PADDING
        return Costs(losses, tf.where(mask, self._penalties(read), 0.0))

    def token_losses(self, vectors, after, most=None):
        """Negative log probabilities, float32 `(batch, time)`, 0 at padding.

        Args:
            vectors: `(batch, time, features)`, those of the backbone.
            after: int32 `(batch, time)`, the tokens after each.
            most: See `rnnzoo.layers.TokenSoftmax.losses_of`.
        """
        losses = self.softmax.losses_of(vectors, after, most)
        return tf.where(after != PADDING, losses, 0.0)

    def _penalties(self, read):
        """Penalties of activations, float32 `(batch, time)`."""
        outputs = tf.cast(read.vectors, tf.float32)
        penalties = tf.zeros(tf.shape(outputs)[:2])
        if self.activation_penalty:
            squares = tf.reduce_mean(tf.square(outputs), axis=2)
            penalties += self.activation_penalty * squares
        if self.change_penalty:
            raw = tf.cast(read.raw, tf.float32)
            changes = tf.square(raw[:, 1:] - raw[:, :-1])
            changes = tf.pad(tf.reduce_mean(changes, axis=2), [[0, 0], [1, 0]])
            penalties += self.change_penalty * changes
        return penalties

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As of `Task`; metrics get the losses of tokens."""
        if loss not in ("auto", None):
            raise ValueError(
                "Invalid value for argument `loss`. Expected 'auto': "
                f"`{type(self).__name__}` is trained on the likelihood of its "
                f"texts. Received: loss={loss!r}"
            )
        given = [] if metrics == "auto" else keras.tree.flatten(metrics)
        if not all(isinstance(each, Perplexity) for each in given):
            raise ValueError(
                "Invalid value for argument `metrics`. Expected 'auto', or "
                "`rnnzoo.metrics.Perplexity`: metrics get the losses of tokens "
                f"alone. Received: metrics={metrics!r}"
            )
        super().compile(optimizer, loss, metrics, **kwargs)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Mean negative log-likelihood of a token, and the penalties."""
        mask = tf.cast(y != PADDING, tf.float32)
        losses = y_pred.losses + y_pred.penalties
        if sample_weight is not None:
            weights = tf.cast(sample_weight, tf.float32)
            if weights.shape.rank == 1:  # of texts, not of their tokens
                weights = weights[:, None]
            losses *= weights
        part = replicas.mean(losses, tf.reduce_sum(mask))
        return replicas.loss(part, self.losses)

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Metrics of the tokens, without padding."""
        mask = y != PADDING
        losses = tf.boolean_mask(y_pred.losses, mask)
        return super().compute_metrics(
            x, tf.boolean_mask(y, mask), losses, None
        )

    def default_loss(self):
        return None  # see compute_loss

    def default_metrics(self):
        return [Perplexity()]

    def evaluate(self, x=None, y=None, batch_size=None, **kwargs):
        """As of `Task`; contiguous texts are read as a single row.

        So the size of a batch changes nothing.
        """
        if self.contiguous:
            batch_size = 1
        return super().evaluate(x, y, batch_size, **kwargs)

    # Serving and saving.

    def served(self):
        """The signatures of the export; those of texts take `text: string`.

        - `serving_default`: `log_prob` and `perplexity`, float32 `(n,)`, and
          the `tokens`, string `(n, time)`, padded with "".
        - `next`: the 10 likeliest `tokens` after a text, string `(n, 10)`, and
          their `probabilities`; "" stands for the end.
        - `generate`; see `rnnzoo.tasks.generation.TextGenerator`.
        """
        signature = [tf.TensorSpec([None], tf.string, name="text")]

        @tf.function(input_signature=signature, autograph=False)
        def serve(text):
            tokens = self.target.tokens(text)
            before, after = self.target.around(self.target.ids_of(tokens))
            losses = self.total_losses(pad(before), pad(after))
            counts = tf.cast(after.row_lengths(), tf.float32)
            return {
                "log_prob": -losses,
                "perplexity": finite(tf.exp(losses / counts)),
                "tokens": pad(tokens),
            }

        @tf.function(input_signature=signature, autograph=False)
        def likeliest(text):
            before, _ = self.target.around(self.target.ids(text))
            read = self.backbone(pad(before), training=False)
            last = tf.cast(before.row_lengths(), tf.int32) - 1
            vectors = tf.gather(read.vectors, last, batch_dims=1)
            log_probs = self.softmax(vectors)
            found = tf.math.top_k(
                log_probs, min(LIKELIEST, self.target.size - 2)
            )
            return {
                "tokens": self.target.spell(found.indices),
                "probabilities": tf.exp(found.values),
            }

        return {
            "serving_default": serve,
            "next": likeliest,
            "generate": self.served_generate(),
        }

    def to_serve(self, x):
        chunks = self.read_inputs(x)
        return {"text": [each for chunk in chunks for each in chunk["text"]]}

    def comparable(self, x):
        log_probs = self.log_prob(x)
        return [([], [log_prob]) for log_prob in log_probs]

    def comparable_served(self, outputs):
        return [([], [log_prob]) for log_prob in outputs["log_prob"]]

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "min_count": self.min_count,
            "contiguous": self.contiguous,
            "window": self.window,
            "jitter": self.jitter,
            "activation_penalty": self.activation_penalty,
            "change_penalty": self.change_penalty,
            "max_length": self.max_length,
        }
