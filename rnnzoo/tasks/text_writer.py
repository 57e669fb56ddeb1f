"""Tasks whose answer is a text, written a token at a time."""

import dataclasses
import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import losses, replicas, text
from rnnzoo.checks import (
    check_known,
    check_not_negative,
    check_positive,
    check_rate,
)
from rnnzoo.class_metrics import fits_tokens
from rnnzoo.graphs import traced
from rnnzoo.ids import PADDING, UNKNOWN
from rnnzoo.tasks.answers import as_plain
from rnnzoo.tasks.beam import LIMITS, Beam
from rnnzoo.tasks.embeddings import most_ids, size_embedding
from rnnzoo.tasks.target_text import TargetText
from rnnzoo.tasks.task import Task


class Written(NamedTuple):
    """The texts that a search wrote about each of `n` samples.

    Attributes:
        ids: int32 `(n, n_best, time)`.
        tokens: string `(n, n_best, time)`, "" after the end.
        lengths: int32 `(n, n_best)`.
        scores: float32 `(n, n_best)`, the best first.
        weights: float32 `(n, n_best, time, places)`, the attention weights;
            `None` without attention.
    """

    ids: Any
    tokens: Any
    lengths: Any
    scores: Any
    weights: Any


class TextWriter(Task):
    """A task that writes texts with a decoder.

    A subclass encodes what is written about, if anything is, and calls
    `write`.

    Args:
        decoder: A decoder, such as `rnnzoo.layers.AttentionDecoder`. Its
            `embedding` has the rows of the target's tokens; with
            `input_dim=None`, as many as there are ids.
        target_tokenizer: `rnnzoo.text.Tokenizer` or
            `rnnzoo.text.SubwordTokenizer` of the texts written; words as they
            are by default.
        target_vocabulary_size: Most ids of the target's tokens that `adapt`
            gives out, those of padding, unknown tokens, start and end
            included.
        min_count: Tokens seen less often in `adapt` are unknown.
        max_length: Most tokens written, and most that a text has in training.
        label_smoothing: Share of the probability of a target that the other
            tokens get. Szegedy et al. 2016.
        length_penalty: Exponent of the length in scores; see
            `rnnzoo.search.beam`.

    Attributes of the class:
        length_ratio: See `rnnzoo.tasks.beam.Beam`.
        shortest: Fewest tokens of a text about something.
        answer_name: What an answer is called as data, and in an export.
    """

    length_ratio = None
    shortest = 0
    answer_name = "answer"
    takes = Mapping

    def __init__(
        self,
        decoder,
        *,
        target_tokenizer=None,
        target_vocabulary_size=None,
        min_count=1,
        max_length=200,
        label_smoothing=0.0,
        length_penalty=1.0,
        recipe=None,
        **kwargs,
    ):
        super().__init__(recipe=recipe, **kwargs)
        check_positive(
            "target_vocabulary_size", target_vocabulary_size, optional=True
        )
        check_positive("min_count", min_count)
        check_positive("max_length", max_length)
        check_rate("label_smoothing", label_smoothing)
        check_not_negative("length_penalty", length_penalty)
        self.decoder = decoder
        self.target = TargetText(
            target_tokenizer or text.Tokenizer(lowercase=False), max_length
        )
        self.target_vocabulary_size = target_vocabulary_size
        self.min_count = min_count
        self.max_length = max_length
        self.label_smoothing = label_smoothing
        self.length_penalty = length_penalty

    # From raw texts to ids.

    @property
    def adapted(self):
        return self.target_vocabulary is not None

    @property
    def learned(self):
        target = self.target_vocabulary
        return {"target_vocabulary": target and target.tokens}

    @property
    def target_vocabulary(self):
        """`rnnzoo.text.Vocabulary` of what is written."""
        return self.target.vocabulary

    @property
    def target_tokenizer(self):
        """Tokenizer of what is written."""
        return self.target.tokenizer

    @target_tokenizer.setter
    def target_tokenizer(self, tokenizer):
        self.target.tokenizer = tokenizer

    def learn_target(self, counter):
        """The tokens of the target, from the counts of its texts.

        Args:
            counter: `rnnzoo.text.TokenCounter`.
        """
        most = most_ids(self.decoder.embedding, self.target_vocabulary_size)
        return self.target_tokenizer.learn(
            counter.counts,
            None if most is None else most - 2,  # start and end
            self.min_count,
        )

    def take(self, target_vocabulary):
        embedding = self.decoder.embedding
        self.target.take(target_vocabulary)
        size_embedding(embedding, self.target.size)
        self.target.size = embedding.input_dim
        self.build()

    def embedded(self):
        embedding = self.decoder.embedding
        return {**super().embedded(), "target_vocabulary": embedding}

    def indexed(self):
        yield from super().indexed()
        for weight, axis in self.decoder.by_token():
            yield weight, {axis: "target_vocabulary"}

    def keys(self, name):
        ends = (b"start", b"end") if name == "target_vocabulary" else ()
        return super().keys(name) + ends

    # From ids to scores.

    def compile(self, optimizer="auto", loss="auto", metrics="auto", **kwargs):
        """As of `Task`; metrics get ids and logits of tokens."""
        if loss not in ("auto", None):
            raise ValueError(
                "Invalid value for argument `loss`. Expected 'auto': "
                f"`{type(self).__name__}` is trained on the likelihood of its "
                f"targets. Received: loss={loss!r}"
            )
        for metric in keras.tree.flatten(metrics):
            if not fits_tokens(metric):
                raise ValueError(
                    "Invalid value for argument `metrics`. Expected 'auto', "
                    "or metrics of ids and logits of tokens, such as "
                    "'accuracy' or 'sparse_top_k_categorical_accuracy'. "
                    f"Received: metrics={metrics!r}"
                )
        super().compile(optimizer, loss, metrics, **kwargs)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Mean negative log-likelihood of a token, and the other losses."""
        mask = tf.cast(y != PADDING, tf.float32)
        token_losses = losses.smoothed_crossentropy(
            y_pred.logits,
            y,
            self.label_smoothing if training else 0.0,
            self.target.size,
        )
        weights = mask
        if sample_weight is not None:
            weights *= tf.cast(sample_weight, tf.float32)[:, None]
        tokens = tf.reduce_sum(mask)
        parts = [replicas.mean(token_losses * weights, tokens)]
        if training and self.decoder.attends:
            extra = self.attention_losses(y_pred, token_losses, mask)
            # From means over the samples to means over the tokens.
            per_token = replicas.total(replicas.mean(tf.shape(y)[0], tokens))
            parts += [loss * per_token for loss in extra]
        return replicas.loss(tf.add_n(parts), self.losses)

    def attention_losses(self, decoded, token_losses, mask):
        """Losses that training asks of attention.

        Args:
            decoded: `rnnzoo.layers.decoding.Decoded`.
            token_losses: float32 `(batch, steps)`.
            mask: float32 `(batch, steps)`, 0 at padding.

        Returns:
            List of scalars, means over the samples.
        """
        if not self.decoder.hard:
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

    def score_pairs(
        self,
        x: Any,
        y: Any = None,
        length_penalty: float | None = None,
        batch_size: int | None = None,
        verbose: int = 0,
    ) -> Any:
        """Scores texts that are given, as a search would score them.

        The score of a text `Y` is `log P(Y) / ((5 + |Y|) / 6)^a`, with the
        length penalty `a` and the number `|Y|` of its tokens and its end; see
        `rnnzoo.search.beam`.

        Args:
            x, y: Raw examples with the texts as their targets; see the class.
            length_penalty: By default the task's; 0 gives log probabilities.
            batch_size: Defaults to the recipe's.
            verbose: As in Keras.

        Returns:
            float32 array `(n,)`, the higher the better; of examples with
            several texts each, a list of such arrays, one for each example.
        """
        self._require_adapted("score_pairs")
        if length_penalty is None:
            length_penalty = self.length_penalty
        check_not_negative("length_penalty", length_penalty)
        if hasattr(x, "__len__") and not len(x):
            return np.zeros(0, "float32")
        examples = self._labelled(x, y, keep_raw=False)
        pairs = examples.flat()
        both = {"inputs": pairs.inputs, "labels": pairs.labels}
        log_probs = dataclasses.replace(pairs, inputs=both, labels=None).run(
            lambda both: self._log_probs(both["inputs"], both["labels"]),
            batch_size or self.recipe.batch_size,
            verbose,
        )
        lengths = pairs.labels.row_lengths().numpy()
        scores = np.array(log_probs) / ((5 + lengths) / 6) ** length_penalty
        return examples.unflat(scores.astype("float32"))

    @traced
    def _log_probs(self, inputs, labels):
        """Log probabilities of targets, float32 `(batch,)`."""
        logits = self(inputs, training=False).logits
        tokens = tf.range(tf.shape(logits)[2])
        never = tf.reduce_any(tokens[:, None] == list(self.unwritten), axis=1)
        # People may use words that a search would not write.
        given = (labels == UNKNOWN)[..., None] & (tokens == UNKNOWN)
        logits = tf.where(never & ~given, -float("inf"), logits)
        each = losses.smoothed_crossentropy(logits, labels)
        return -tf.reduce_sum(tf.where(labels == PADDING, 0.0, each), axis=1)

    # From scores to tokens.

    def beam(self, beam_width, n_best=1, **limits):
        """The beam search of a verb: checked arguments, and defaults.

        Args:
            beam_width: Number of unfinished texts that are continued.
            n_best: Number of texts found, at most `beam_width`.
            **limits: Any of

                - `max_length`: most tokens of a text; by default the task's,
                  and what `length_ratio` allows,
                - `min_length`: fewest tokens of a text about something,
                - `block_ngrams`: size of the n-grams that a text has only
                  once (Paulus et al. 2018); 0 allows all,
                - `length_penalty`: exponent of the length in scores, by
                  default the task's; 0 compares log probabilities.

        Returns:
            `rnnzoo.tasks.beam.Beam`.

        Raises:
            ValueError: If an argument is unknown, or out of its range.
        """
        check_known(limits, LIMITS)
        given = {key: each for key, each in limits.items() if each is not None}
        own = {
            "max_length": self.max_length,
            "length_penalty": self.length_penalty,
            "length_ratio": None
            if "max_length" in given
            else self.length_ratio,
        }
        beam = Beam(beam_width, n_best, **own | given)
        beam.check()
        return beam._replace(min_length=max(beam.min_length, self.shortest))

    def write(
        self,
        search,
        memory=None,
        mask=None,
        states=None,
        rows=None,
        source=None,
        longest=None,
        head=None,
    ):
        """The texts that a search finds.

        Args:
            search: Function `(step, state, start=..., end=...)` that returns
                `rnnzoo.search.Hypotheses`: the `search` of a `Beam`, or any
                search of `rnnzoo.search` with its other arguments given
                (`functools.partial`).
            memory: `(n, places, features)`, what is written about; `None` for
                a decoder that takes none.
            mask: Boolean `(n, places)`, or `None`.
            states: The decoder's initial state, or `None`.
            rows: Number of texts, without a memory.
            source: `rnnzoo.text.copying.Source`, if the decoder copies.
            longest: int32 `(n,)`, the most tokens that the search finds, for a
                decoder that keeps what it has read.
            head: See `rnnzoo.layers.decoding.Decoder.align`.

        Returns:
            `Written`.
        """
        steps = None
        if memory is not None:
            rows = tf.shape(memory)[0]
        if longest is not None:  # of no text, the smallest integer
            steps = tf.maximum(tf.reduce_max(longest), 0) + 1
        memory, state = self.decoder.start(
            memory,
            mask,
            states,
            source and source.ids,
            forbidden=self.unwritten,
            rows=rows,
            steps=steps,
        )
        found = search(
            functools.partial(self.decoder.step, memory=memory),
            state,
            start=tf.fill([rows], self.target.start_id),
            end=self.target.end_id,
        )
        weights = None
        if self.decoder.attends:
            weights = self._align(found.tokens, state, memory, head)
        tokens = self.target.spell(found.tokens, source and source.words)
        return Written(
            found.tokens, tokens, found.lengths, found.scores, weights
        )

    @property
    def unwritten(self):
        """Ids that are never written."""
        return self.target.unwritten

    def outputs(self, written, tokens):
        """Dict of `texts`, `scores`, `tokens` and, with attention, `weights`.

        Args:
            written: `Written`.
            tokens: Its tokens, possibly with others in place of some.
        """
        outputs = {
            "texts": self.target.join(tokens),
            "scores": written.scores,
            "tokens": tokens,
        }
        if written.weights is not None:
            outputs["weights"] = written.weights
        return outputs

    def _align(self, tokens, state, memory, head):
        """The attention weights at each token, `(n, n_best, time, places)`."""
        batch, several, time = tf.unstack(tf.shape(tokens))
        rows = tf.reshape(tokens, [batch * several, time])
        before = tf.pad(  # and so at least one step
            rows, [[0, 0], [1, 0]], constant_values=self.target.start_id
        )
        weights = self.decoder.align(before, state, memory, head)[:, :time]
        places = tf.shape(memory.mask)[1]
        return tf.reshape(weights, [batch, several, time, places])

    def require_attention(self):
        """Raises `ValueError` if there is no attention to explain."""
        if not self.decoder.attends:
            raise ValueError(
                "There is nothing to explain. Expected a model with attention."
            )

    def check_head(self, head):
        """A head as `align` takes it; `ValueError` if there is no such one."""
        if head is None:
            return None
        layers, heads = self.decoder.heads
        known = itertools.product(range(layers), range(heads))
        if not isinstance(head, Sequence) or tuple(head) not in known:
            raise ValueError(
                "Invalid value for argument `head`. Expected None or a layer "
                f"below {layers} and a head below {heads}, such as (0, 0). "
                f"Received: head={head!r}"
            )
        return tuple(head)

    @classmethod
    def as_record(cls, answer):
        """The best text and its score; of a list of answers, all of them."""
        found = [
            {cls.answer_name: each.text, "score": as_plain(each.score)}
            for each in (answer if isinstance(answer, list) else [answer])
            if each is not None
        ]
        best = found[0] if found else {cls.answer_name: None, "score": None}
        return best | {"n_best": found} if isinstance(answer, list) else best

    # Serving and saving.

    def comparable(self, x):
        written = getattr(self, self.verb)(x, return_scores=True)
        return [([each.text], [each.score]) for each in written]

    def comparable_served(self, outputs):
        """As of `Task`, if the signature names a text and its `score`."""
        (texts,) = (outputs[name] for name in outputs if name != "score")
        return [
            ([text], [score])
            for text, score in zip(texts, outputs["score"], strict=True)
        ]

    def get_config(self):
        return {
            **super().get_config(),
            "target_vocabulary_size": self.target_vocabulary_size,
            "min_count": self.min_count,
            "max_length": self.max_length,
            "label_smoothing": self.label_smoothing,
            "length_penalty": self.length_penalty,
        }
