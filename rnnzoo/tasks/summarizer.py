"""Summaries of texts, whose words are written or copied."""

import importlib.util
import math
import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import scoring, text
from rnnzoo.checks import check_count, check_positive, check_rate
from rnnzoo.explain import Digest, Digests
from rnnzoo.graphs import traced
from rnnzoo.ids import UNKNOWN, pad
from rnnzoo.pipeline.columns import row_lengths
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.schema import Schema, Text
from rnnzoo.tasks.answers import WrittenAnswer, without_padding
from rnnzoo.tasks.beam import LONGER
from rnnzoo.tasks.serving import finite
from rnnzoo.tasks.text_to_text import BATCH_SIZE, TextToText
from rnnzoo.text import copying

BEAM_WIDTH = 4
SENTENCE_WORDS = 60  # at most; a longer sentence continues in the next
BLOCK_NGRAMS = 3  # Paulus et al. 2018, section 2.5
# The limits that all tasks that write texts call lengths, and their checks.
WORDS = {"max_words": check_positive, "min_words": check_count}
# The features of cnn_dailymail, aeslc, gigaword and xsum come first.
SCHEMA = Schema(
    (
        Text(
            "document",
            ("document", "article", "email_body"),
            ("text", "body", "content", "source", "dialogue", "1"),
        ),
    ),
    (
        Text(
            "summary",
            ("summary", "highlights", "subject_line"),
            ("title", "headline", "subject", "abstract", "target", "2"),
        ),
    ),
)


class Summary(WrittenAnswer):
    """A summary, and how the model arrived at it."""


@keras.saving.register_keras_serializable(package="rnnzoo")
class Summarizer(TextToText):
    """Summarizes raw strings.

    Wherever a method takes raw data, targets are strings as well: pairs of
    lists, datasets of pairs, or TFDS dictionaries such as those of
    `cnn_dailymail`, `xsum`, `gigaword` and `aeslc`. Batches have texts of
    similar length first, and then summaries.

    Any word of a text may be copied, also one that no vocabulary has. A text
    without a word has an empty summary, any other a summary of at least one
    word.

    Where rouge-score is installed, validation data is scored after each epoch,
    greedily; `evaluate` scores what a beam search finds. `rouge1`, `rouge2`
    and `rougeLsum` are F-scores in 0..100; see `rnnzoo.scoring.rouge`. The
    best epoch is that of the best `rougeLsum`; without rouge-score, of the
    best accuracy of tokens.

    Args:
        embedding, encoder, decoder: See `rnnzoo.tasks.TextToText`. The decoder
            copies. If its attention has a switch of coverage, `fit` turns it.
        coverage_from: Share of the epochs of `fit` before coverage, and its
            loss, begin; rounded down, so that the last epoch has it. See et
            al. 2017, section 5.
        hierarchical: Whether the encoder is told the sentences of words, as
            `rnnzoo.layers.DocumentEncoder` needs it.
        stem: Whether ROUGE compares the stems of English words.
        longest: Tokens of the longest summary that training showed, learned by
            `fit`: by default, none has more than 10 more.
        **kwargs: See `rnnzoo.tasks.TextToText` and `rnnzoo.tasks.TextWriter`.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build(
    ...     "pointer_generator_summarizer", units=8, embedding_dim=8
    ... )
    >>> texts = ["The office is closed on Monday.", "Ann is the new cook."]
    >>> summaries = ["Office closed", "New cook"]
    >>> model.adapt(texts, summaries, verbose=0)
    >>> model.compile()
    >>> history = model.fit(texts, summaries, epochs=1, verbose=0)
    >>> summary = model.summarize(texts, max_words=3)[0]
    >>> 1 <= len(summary.split()) <= 3
    True
    """

    kind = "summarization"
    verb = "summarize"
    answer_type = Summary
    answer_name = "summary"
    unit_name = "text"
    shortest = 1
    keeps = ("document", "summary")
    lends = ("tokenizer", "target_tokenizer", "longest")
    reads_by = (*TextToText.reads_by, "hierarchical")
    schema = SCHEMA

    def __init__(
        self,
        embedding,
        encoder,
        decoder,
        *,
        coverage_from=0.0,
        hierarchical=False,
        stem=False,
        longest=None,
        **kwargs,
    ):
        if not decoder.copy:
            raise ValueError(
                "Invalid value for argument `decoder`. Expected one with "
                "copy=True. Received: copy=False"
            )
        super().__init__(embedding, encoder, decoder, **kwargs)
        check_rate("coverage_from", coverage_from)
        if longest is not None:
            check_count("longest", longest)
        self.coverage_from = coverage_from
        self.hierarchical = hierarchical
        self.stem = stem
        self.longest = longest

    # From raw texts to ids.

    @property
    def told(self):
        return ("sentences",) if self.hierarchical else ()

    def read_source(self, texts):
        words, inputs = super().read_source(texts)
        if self.hierarchical:
            numbers = self._sentence_numbers(texts).values
            inputs["sentences"] = words.with_values(numbers)
        return words, inputs

    @text.traced_texts
    def _sentence_numbers(self, texts):
        """The number of the sentence of each word, from 1: `(n, None)`."""
        words = self.tokenizer.sentences(texts, SENTENCE_WORDS).words
        place = words.values.value_rowids()  # among the sentences of all texts
        first = tf.gather(words.row_starts(), words.value_rowids())
        numbers = tf.cast(place - tf.gather(first, place) + 1, tf.int32)
        words = words.merge_dims(1, 2)
        most = self.source_length or self.max_length
        return words.with_values(numbers)[:, :most]

    def see(self, examples):
        """Learns how long summaries are; a longer text has no longer one."""
        longest = int(row_lengths(examples.labels).max()) - 1  # without the end
        self.longest = max(longest, self.longest or 0)

    def attach(self, examples):
        return super().attach(examples).by_inputs()

    # Training.

    def fit(self, *args, callbacks=None, **kwargs):
        """As of all tasks, with coverage from the share of epochs on."""
        callbacks = keras.tree.flatten(callbacks or [])
        return super().fit(*args, callbacks=[_Coverage(), *callbacks], **kwargs)

    @property
    def unwritten(self):
        # There is always a word to copy.
        return (*super().unwritten, UNKNOWN)

    # Scores.

    @property
    def monitor(self):
        return "rougeLsum" if _has_rouge() else "accuracy"

    def score(self, examples, quick=False):
        """ROUGE of summaries beside those that people wrote.

        Returns:
            Dict of `rouge1`, `rouge2` and `rougeLsum`; empty without
            rouge-score.
        """
        if not _has_rouge():
            warnings.warn(
                "There is no ROUGE without rouge-score: "
                '`pip install "rnnzoo[scoring]"`. The best epoch is that of '
                "the best accuracy of tokens.",
                stacklevel=2,
            )
            return {}
        written = self.summarize(examples, 1 if quick else BEAM_WIDTH)
        references = [[each.decode()] for each in examples.raw["summary"]]
        found = scoring.rouge(written, references, stem=self.stem)
        self.signatures |= dict.fromkeys(found.scores, found.signature)
        return found.scores

    # Answers.

    def beam(self, beam_width, n_best=1, **limits):
        """As of all tasks that write texts, with the names of `summarize`."""
        limits.setdefault("block_ngrams", BLOCK_NGRAMS)
        for name, check in WORDS.items():
            own, value = name.replace("words", "length"), limits.pop(name, None)
            if value is None:
                continue
            check(name, value)
            if limits.get(own) is not None:
                raise ValueError(
                    f"Invalid value for argument `{name}`. Expected None "
                    f"beside `{own}`, which is the same. Received: "
                    f"{name}={value}"
                )
            limits[own] = value
        most, fewest = limits.get("max_length"), limits.get("min_length")
        if most is None and self.longest is not None:
            shown = self.longest + LONGER
            limits["max_length"] = min(shown, self.max_length)
        beam = super().beam(beam_width, n_best, **limits)
        if most is not None and fewest is not None and fewest > most:
            raise ValueError(
                "Invalid value for argument `min_words`. Expected at most "
                f"`max_words`. Received: min_words={fewest}, max_words={most}"
            )
        return beam

    def summarize(
        self,
        x: Any,
        beam_width: int = BEAM_WIDTH,
        n_best: int = 1,
        *,
        max_words: int | None = None,
        min_words: int | None = None,
        block_ngrams: int = BLOCK_NGRAMS,
        **kwargs: Any,
    ) -> list:
        """The best summaries that a beam search finds.

        Args:
            x: Texts, or one text; targets, if a dataset has them, are ignored.
            beam_width: Number of unfinished summaries that are continued.
            n_best: Number of summaries of each text, at most `beam_width`.
            max_words: Most tokens of a summary; by default as many as training
                showed and 10 more, and at most `max_length` of the task.
            min_words: Fewest tokens of the summary of a text that has any.
            block_ngrams: Size of the n-grams that a summary has only once
                (Paulus et al. 2018); 0 allows all.
            **kwargs: See `rnnzoo.tasks.TextToText.rewrite`: `return_scores`,
                `return_alignments`, `prefix`, `length_penalty`, `batch_size`,
                `verbose`.

        Returns:
            List of strings or of `Summary`s, in the order of the texts; with
            an `n_best` above 1, of lists of them, the best first, as many as
            were found.
        """
        return self.rewrite(
            x,
            beam_width,
            n_best,
            max_words=max_words,
            min_words=min_words,
            block_ngrams=block_ngrams,
            **kwargs,
        )

    def explain(self, x: Any) -> Digests:
        """Shows what summaries attended to, and which words were copied.

        Args:
            x: Texts, or one text.

        Returns:
            `rnnzoo.explain.Digests`, one for each text.
        """
        self._require_adapted("explain")
        beam, digests = self.beam(BEAM_WIDTH), Digests()
        for texts in self._text_chunks(x):
            lengths = np.array([len(each) for each in texts])
            column = tf.constant(texts.tolist(), tf.string)
            rows = Examples(column, None, None, lengths).run(
                lambda texts: self._explained(texts, beam), BATCH_SIZE
            )
            digests += map(_digest, texts, rows)
        return digests

    def _explain(self, texts, beam):
        """Summaries and what they are made of, in the graph; see `served`."""
        words, inputs = self.read_source(texts)
        inputs = {name: pad(column) for name, column in inputs.items()}
        memory, mask, states = self.encode_source(inputs, training=False)
        source = copying.Source(pad(words), inputs["copies"])
        lengths = tf.cast(words.row_lengths(), tf.int32)
        longest = beam.longest(lengths)
        written = self.write(
            beam.search(longest),
            memory,
            mask,
            states,
            source=source,
            longest=longest,
        )
        ids, count = written.ids[:, 0], written.lengths[:, 0]
        before = tf.pad(
            ids, [[0, 0], [1, 0]], constant_values=self.target.start_id
        )
        decoded = self.decoder(
            before, memory, mask, states, inputs["copies"], training=False
        )
        exists = tf.sequence_mask(count, tf.shape(ids)[1], tf.float32)
        weights = decoded.weights[:, :-1] * exists[..., None]
        copied = _share_copied(decoded, ids, inputs["copies"])
        tokens, most = self.tokenizer(texts), tf.shape(mask)[1]
        per_word = tf.cast(tf.maximum(count, 1), tf.float32)[:, None]
        return {
            "texts": self.target.join(written.tokens),
            "scores": written.scores,
            "tokens": pad(words),
            "starts": pad(tokens.starts)[:, :most],
            "ends": pad(tokens.ends)[:, :most],
            "weights": tf.reduce_sum(weights, axis=1) / per_word,
            "written": written.tokens[:, 0],
            "alignment": weights,
            "generate": tf.sigmoid(decoded.generate[:, :-1]) * exists,
            "copied": copied * exists,
        }

    _explained = traced(_explain)

    # Serving and saving.

    def served(self, beam_width=BEAM_WIDTH, **limits):
        """The signatures of the export, each with `text: string (n,)`.

        - `serving_default`: `summary` string and `score` float32, `(n,)`.
        - `n_best`, also with the int32 `beam_width` and `n_best`: `summaries`
          and `scores`; see `rnnzoo.tasks.serving.written`.
        - `explain`: `summary` and `score`; the `tokens` read, `(n, places)`,
          with their `weights`, `starts` and `ends` in characters of the text;
          and the tokens `written`, `(n, time)`, with the probability to
          `generate` each, the share of its own that is `copied`, and its
          `alignment` with those that were read, `(n, time, places)`. All are
          padded with "" and zeros.

        Args:
            beam_width: The width of `serving_default` and of `explain`.
            **limits: As of `summarize`, for all.
        """
        signatures = super().served(beam_width, **limits)
        beam = self.beam(beam_width, **limits)
        spec = tf.TensorSpec([None], tf.string, name="text")

        @tf.function(input_signature=[spec], autograph=False)
        def explain(texts):
            found = self._explain(texts, beam)
            text, score = found.pop("texts"), found.pop("scores")
            return {
                "summary": text[:, 0],
                "score": finite(score[:, 0]),
                **found,
            }

        return {**signatures, "explain": explain}

    def get_config(self):
        return {
            **super().get_config(),
            "coverage_from": self.coverage_from,
            "hierarchical": self.hierarchical,
            "stem": self.stem,
            "longest": self.longest,
        }


class _Coverage(keras.callbacks.Callback):
    """Turns coverage on at the beginning of its first epoch, off before."""

    def on_epoch_begin(self, epoch, logs=None):
        attention = getattr(self.model.decoder, "attention", None)
        if getattr(attention, "switch", False):
            first = math.floor(self.model.coverage_from * self.params["epochs"])
            attention.covers.assign(float(epoch >= first))


def _share_copied(decoded, ids, copies):
    """The share of the probability of each token that copying gave it.

    Args:
        decoded: `rnnzoo.layers.decoding.Decoded`, one step longer than the
            ids.
        ids: int32 `(n, time)`, the tokens.
        copies: int32 `(n, places)`, what the places are copied as.

    Returns:
        float32 `(n, time)`.
    """
    same = ids[:, :, None] == copies[:, None]  # (n, time, places)
    places = tf.where(same, decoded.weights[:, :-1], 0.0)
    copied = tf.reduce_sum(places, axis=2)
    copied *= tf.sigmoid(-decoded.generate[:, :-1])
    probabilities = tf.nn.softmax(decoded.logits[:, :-1])
    whole = tf.gather(probabilities, ids, batch_dims=2)
    return tf.minimum(tf.math.divide_no_nan(copied, whole), 1.0)


def _digest(original, row):
    """A `rnnzoo.explain.Digest` of what the graph made of a text."""
    tokens = without_padding(row["tokens"])
    written = without_padding(row["written"])
    places = slice(len(tokens))
    starts, ends = (row[name][places].tolist() for name in ("starts", "ends"))
    return Digest(
        text=original.decode(),
        summary=row["texts"][0].decode(),
        score=float(row["scores"][0]),
        tokens=tokens,
        spans=list(zip(starts, ends, strict=True)),
        written=written,
        alignment=row["alignment"][: len(written), places],
        generate=row["generate"][: len(written)],
        copied=row["copied"][: len(written)],
    )


def _has_rouge():
    return importlib.util.find_spec("rouge_score") is not None
