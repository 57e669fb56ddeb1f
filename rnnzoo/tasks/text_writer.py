"""What tasks share whose answer is a text, written a token at a time."""

import functools
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from rnnzoo import losses, search, text
from rnnzoo.checks import check_not_negative, check_positive, check_rate
from rnnzoo.ids import PADDING
from rnnzoo.tasks.task import Task
from rnnzoo.text import copying


class Written(NamedTuple):
    """What a search wrote about each of `n` samples.

    Attributes:
        ids: int32 `(n, n_best, time)`.
        tokens: string `(n, n_best, time)`, "" behind the end.
        lengths: int32 `(n, n_best)`.
        scores: float32 `(n, n_best)`, the best first.
        weights: float32 `(n, n_best, time, places)`, what was attended to;
            `None` without attention.
    """

    ids: Any
    tokens: Any
    lengths: Any
    scores: Any
    weights: Any


class TextWriter(Task):
    """A task that writes texts with an attention decoder.

    Subclasses say what is written about: they encode it, call `write`, decode
    the tokens, and `answer` what is to be scored.

    Args:
        decoder: `rnnzoo.layers.AttentionDecoder`; the `input_dim` of its
            `embedding` is the most ids of the target's tokens.
        target_tokenizer: `rnnzoo.text.Tokenizer` of what is written; words as
            they are by default.
        min_count: Tokens seen less often in `adapt` are unknown.
        max_length: Tokens written at most.
        label_smoothing: Share of the probability of a target that the others
            get. Szegedy et al. 2016.
        length_penalty: Exponent of the length in scores; see
            `rnnzoo.search.beam`.
    """

    def __init__(
        self,
        decoder,
        *,
        target_tokenizer=None,
        min_count=1,
        max_length=200,
        label_smoothing=0.0,
        length_penalty=1.0,
        recipe=None,
        **kwargs,
    ):
        super().__init__(recipe=recipe, **kwargs)
        check_positive("min_count", min_count)
        check_positive("max_length", max_length)
        check_rate("label_smoothing", label_smoothing)
        check_not_negative("length_penalty", length_penalty)
        self.decoder = decoder
        self.target_tokenizer = target_tokenizer or text.Tokenizer(
            lowercase=False
        )
        self.min_count = min_count
        self.max_length = max_length
        self.label_smoothing = label_smoothing
        self.length_penalty = length_penalty
        self.target_vocabulary = None

    # From raw texts to ids.

    @property
    def adapted(self):
        return self.target_vocabulary is not None

    @property
    def learned(self):
        target = self.target_vocabulary
        return {"target_vocabulary": target and target.tokens}

    @property
    def start_id(self):
        """The token before the first of a target."""
        return len(self.target_vocabulary)

    @property
    def end_id(self):
        """The token behind the last of a target."""
        return len(self.target_vocabulary) + 1

    @property
    def unwritten(self):
        """Ids that are never written."""
        return PADDING, self.start_id

    @text.in_graph
    def _target_tokens(self, texts):
        return self.target_tokenizer(texts).words[:, : self.max_length]

    def _encode_targets(self, texts, source=None):
        """Ids of targets behind the start, and of the same before the end."""
        ids = self._target_ids(self._target_tokens(texts), source)
        column = tf.ones([ids.nrows(), 1], tf.int32)
        return (
            tf.concat([column * self.start_id, ids], axis=1),
            tf.concat([ids, column * self.end_id], axis=1),
        )

    def _target_ids(self, words, source=None):
        """Ids of words; with copying, unknown ones point to the source."""
        if not self.decoder.copy:
            return self.target_vocabulary(words)
        return copying.point(
            words, self.target_vocabulary, source, self.end_id + 1
        )

    def _learned_targets(self, counter):
        """The target's vocabulary; the start and the end have ids as well."""
        return self.target_tokenizer.learn(
            counter.counts, self.decoder.embedding.input_dim - 2, self.min_count
        )

    # From ids to scores.

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """See `Task.compile`; metrics get ids and logits of tokens."""
        if loss not in ("auto", None):
            raise ValueError(
                "Invalid value for argument `loss`. Expected 'auto': "
                f"`{type(self).__name__}` is trained on the likelihood of its "
                f"targets. Received: loss={loss!r}"
            )
        super().compile(optimizer, loss, metrics, **kwargs)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Mean negative log-likelihood of a token, and what goes with it."""
        mask = tf.cast(y != PADDING, tf.float32)
        token_losses = losses.smoothed_crossentropy(
            y_pred.logits,
            y,
            self.label_smoothing if training else 0.0,
            self.end_id + 1,
        )
        weights = mask
        if sample_weight is not None:
            weights *= tf.cast(sample_weight, tf.float32)[:, None]
        tokens = tf.maximum(tf.reduce_sum(mask), 1)
        parts = [tf.reduce_sum(token_losses * weights) / tokens, *self.losses]
        if training and self.decoder.attention is not None:
            extra = self.attention_losses(y_pred, token_losses, mask)
            per_token = tf.cast(tf.shape(y)[0], tf.float32) / tokens
            parts += [loss * per_token for loss in extra]
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return tf.add_n(parts) / replicas

    def attention_losses(self, decoded, token_losses, mask):
        """What training asks of attention.

        Args:
            decoded: `rnnzoo.layers.decoder.Decoded`.
            token_losses: float32 `(batch, steps)`.
            mask: float32 `(batch, steps)`, 0 at padding.

        Returns:
            List of scalars, means over the samples.
        """
        if not self.decoder.attention.hard:
            return []
        return [losses.reinforce(decoded.log_probs, -token_losses, mask)]

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Metrics of the tokens, without padding."""
        mask = y != PADDING
        return super().compute_metrics(
            x,
            tf.boolean_mask(y, mask),
            tf.boolean_mask(y_pred.logits, mask),
            None,
        )

    def default_loss(self):
        return None  # see compute_loss

    def default_metrics(self):
        return [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]

    def answers(self, examples, beam_width):
        """What is written about examples, and what people wrote.

        Args:
            examples: `rnnzoo.pipeline.examples.Examples`.
            beam_width: See `rnnzoo.search.beam`.

        Returns:
            Tuple of a list of strings and a list of lists of strings, the
            references of each.
        """
        raise NotImplementedError

    # From scores to tokens.

    def write(
        self,
        memory,
        mask,
        states,
        longest,
        beam_width,
        n_best,
        prefix=None,
        source=None,
    ):
        """The best texts about a memory that a beam search finds.

        Args:
            memory: `(n, places, features)`.
            mask: Boolean `(n, places)`, or `None`.
            states: The decoder's initial state, or `None`.
            longest: int32 `(n,)`, the most tokens.
            beam_width, n_best, prefix: See `rnnzoo.search.beam`.
            source: `rnnzoo.text.copying.Source`, if the decoder copies.

        Returns:
            `Written`.
        """
        memory, state = self.decoder.start(
            memory,
            mask,
            states,
            source and source.ids,
            forbidden=self.unwritten,
        )
        found = search.beam(
            functools.partial(self.decoder.step, memory=memory),
            state,
            start=tf.fill(tf.shape(longest), self.start_id),
            end=self.end_id,
            max_length=longest,
            prefix=prefix,
            width=beam_width,
            n_best=n_best,
            length_penalty=self.length_penalty,
        )
        weights = None
        if self.decoder.attention is not None:
            weights = self._align(found.tokens, state, memory)
        tokens = self._spell(found, source)
        return Written(
            found.tokens, tokens, found.lengths, found.scores, weights
        )

    def _spell(self, found, source):
        """Ids as strings, "" behind the end."""
        strings = tf.constant(
            ["", "<unk>", *self.target_vocabulary.tokens, "", ""]
        )
        if source is None:
            return tf.gather(strings, found.tokens)
        return copying.spell(found.tokens, strings, source.words)

    def _align(self, tokens, state, memory):
        """What was attended to at each token, `(n, n_best, time, places)`."""
        batch, several, time = tf.unstack(tf.shape(tokens))
        rows = tf.reshape(tokens, [batch * several, time])
        before = tf.pad(  # and so at least one step
            rows, [[0, 0], [1, 0]], constant_values=self.start_id
        )
        weights = self.decoder.align(before, state, memory)[:, :time]
        places = tf.shape(memory.mask)[1]
        return tf.reshape(weights, [batch, several, time, places])

    # Saving.

    def get_config(self):
        return {
            **super().get_config(),
            "min_count": self.min_count,
            "max_length": self.max_length,
            "label_smoothing": self.label_smoothing,
            "length_penalty": self.length_penalty,
        }

    # Details.

    def _adopt(self, saved):
        self.target_tokenizer = saved.target_tokenizer
        self._start(saved.target_vocabulary.tokens)

    def _start(self, target_vocabulary):
        self.target_vocabulary = text.Vocabulary(target_vocabulary)
        self.decoder.embedding.input_dim = self.end_id + 1
        self.build()


def check_beam(beam_width, n_best=1):
    """Raises unless a search can have that width and find so many."""
    check_positive("beam_width", beam_width)
    check_positive("n_best", n_best)
    if n_best > beam_width:
        raise ValueError(
            "Invalid value for argument `n_best`. Expected at most the width "
            "of the beam. Received: "
            f"n_best={n_best}, beam_width={beam_width}"
        )
