"""Texts to texts, and which words of one made those of the other."""

import dataclasses
import importlib.util
import warnings

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import losses, scoring, text
from rnnzoo.checks import check_not_negative, check_rate
from rnnzoo.explain import Alignment, Alignments
from rnnzoo.export import export
from rnnzoo.ids import PADDING, UNKNOWN, pad
from rnnzoo.layers import EmbeddingDropout
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.raw import (
    count,
    inputs,
    iterate_texts,
    join_weights,
    show_progress,
)
from rnnzoo.tasks.text_writer import TextWriter, check_beam
from rnnzoo.text import copying
from rnnzoo.text.detokenizer import join

BATCH_SIZE = 64  # at inference
BEAM_WIDTH = 5
LONGER = 10  # A translation has at most this more than twice the tokens.

# Of the scores of whole answers: how they are counted, all by sacreBLEU.
SCORES = {"bleu": {}, "bleu_lowercase": {"lowercase": True}}


@dataclasses.dataclass(frozen=True, eq=False)
class Translation:
    """A translation, and how the model came to it.

    Attributes:
        text: The translation.
        score: By which translations are compared: see `rnnzoo.search.beam`.
        tokens: Strings, the tokens of the translation.
        source_tokens: Strings, the tokens that the model read.
        alignment: float32 `(tokens, source_tokens)`, how much it looked at
            each; `None` without attention.
    """

    text: str
    score: float
    tokens: list = dataclasses.field(repr=False)
    source_tokens: list = dataclasses.field(repr=False)
    alignment: np.ndarray | None = dataclasses.field(repr=False)


@keras.saving.register_keras_serializable(package="rnnzoo")
class Translator(TextWriter):
    """Translates raw strings.

    Wherever a method takes raw data, targets are strings as well: pairs of
    lists, datasets of pairs, or TFDS dictionaries with two languages, such as
    `multi30k`, `ted_hrlr_translate` and `wmt`.

    Where sacreBLEU is installed, validation data is scored after each epoch,
    greedily; `evaluate` scores what a beam search finds. `bleu` is sacreBLEU's
    default, of texts as they are; for `bleu_lowercase` case does not matter.
    Both are in 0..100. The best epoch is that of the best `bleu` (of
    `bleu_lowercase`, if the tokenizer lower-cases) or, without sacreBLEU, of
    the best accuracy of tokens.

    Args:
        embedding: `rnnzoo.layers.Embedding` of the source's tokens; its
            `input_dim` is the most ids that `adapt` may give out.
        encoder: A layer from `(batch, time, features)`, with a mask, to
            `(batch, time, units)`; if it also returns states, the decoder
            starts from them.
        decoder: `rnnzoo.layers.AttentionDecoder`; the `input_dim` of its
            `embedding` is the most ids of the target's tokens.
        tokenizer: `rnnzoo.text.Tokenizer` of the source, or
            `rnnzoo.text.subwords.SubwordTokenizer`; words as they are written
            by default.
        target_tokenizer: Of the target; by default of the same kind.
        languages: Names of the features `(source, target)` of dictionaries;
            may be learned by `adapt`.
        min_count: Tokens seen less often in `adapt` are unknown.
        max_length: Tokens read of a text, and written, at most.
        reverse_source: Whether the source is read from its end. Sutskever et
            al. 2014, section 3.3.
        word_dropout: Rate at which types of the source's tokens are dropped.
        label_smoothing: Share of the probability of a target that the others
            get. Szegedy et al. 2016.
        coverage_loss: Factor of `rnnzoo.losses.coverage`.
        length_penalty: Exponent of the length in scores; see
            `rnnzoo.search.beam`.
        vocabulary: Tokens of the source from id 2 on, learned by `adapt`.
        target_vocabulary: Tokens of the target, likewise.
        recipe: `rnnzoo.recipe.Recipe`, the training defaults.
    """

    parts = ("embedding", "encoder", "decoder", "tokenizer", "target_tokenizer")

    def __init__(
        self,
        embedding,
        encoder,
        decoder,
        *,
        tokenizer=None,
        target_tokenizer=None,
        languages=None,
        min_count=1,
        max_length=200,
        reverse_source=False,
        word_dropout=0.0,
        label_smoothing=0.0,
        coverage_loss=0.0,
        length_penalty=1.0,
        vocabulary=None,
        target_vocabulary=None,
        recipe=None,
        **kwargs,
    ):
        tokenizer = tokenizer or text.Tokenizer(lowercase=False)
        super().__init__(
            decoder,
            target_tokenizer=target_tokenizer
            or tokenizer.from_config(tokenizer.get_config()),
            min_count=min_count,
            max_length=max_length,
            label_smoothing=label_smoothing,
            length_penalty=length_penalty,
            recipe=recipe,
            **kwargs,
        )
        if languages is not None and (
            isinstance(languages, str) or len(languages) != 2
        ):
            raise ValueError(
                "Invalid value for argument `languages`. Expected the names "
                "of source and target, such as ('en', 'de'). Received: "
                f"languages={languages!r}"
            )
        check_rate("word_dropout", word_dropout)
        check_not_negative("coverage_loss", coverage_loss)
        self.embedding = embedding
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.keys = languages and tuple(languages)
        self.reverse_source = reverse_source
        self.word_dropout = EmbeddingDropout(word_dropout)
        self.coverage_loss = coverage_loss
        self.vocabulary = None
        if vocabulary is not None:
            self._start(vocabulary, target_vocabulary)

    # From raw texts to ids.

    @property
    def learned(self):
        return {
            **super().learned,
            "languages": self.keys,
            "vocabulary": self.vocabulary and self.vocabulary.tokens,
        }

    def adapt(self, x, y=None, labels=None, verbose=1):
        """Learns both vocabularies, in one pass.

        Args:
            x, y: Raw pairs; see the class.
            labels: Optionally TFDS's `DatasetInfo`, whose supervised keys are
                the languages, if the model was made without.
            verbose: Whether to show progress.
        """
        self._require_new()
        if self.keys is None and labels is not None:
            self.keys = _supervised_keys(labels)
        counters = text.TokenCounter(), text.TokenCounter()
        to_count = [
            text.in_graph(tokenizer.to_count)
            for tokenizer in (self.tokenizer, self.target_tokenizer)
        ]
        chunks = self._read(x, y)
        for chunk in show_progress(chunks, count(x), "pair", verbose):
            _require_targets(chunk)
            for counter, tokens, texts in zip(
                counters, to_count, (chunk.x, chunk.y), strict=True
            ):
                counter.update(tokens(texts))
        vocabulary = self.tokenizer.learn(
            counters[0].counts, self.embedding.input_dim, self.min_count
        )
        self._start(vocabulary, self._learned_targets(counters[1]))

    def _read(self, x, y=None, sample_weight=None):
        """Chunks of checked texts."""
        self._check_languages(x, 2)
        first = 0
        for chunk in iterate_texts(x, y, sample_weight, keys=self.keys):
            targets = chunk.y
            if targets is not None:
                targets = text.check_texts(targets, "y", first)
            yield chunk._replace(y=targets)
            first += len(chunk.x)

    def encode(self, x, y=None, sample_weight=None):
        """Raw pairs as ids, `rnnzoo.pipeline.examples.Examples`.

        The inputs are a dict of the ids of `source` and, if there are targets,
        of `target` after the start, and, if the decoder copies, of `copies`,
        the source as it would be copied; the labels are those of the target
        before the end. Texts are kept beside them, to be scored.
        """
        self._require_adapted("encode")
        chunks = list(self._read(x, y, sample_weight))
        parts = list(map(self._encode_pairs, chunks))
        columns = {
            key: tf.concat([part[key] for part in parts], axis=0)
            for key in parts[0]
        }
        labels = columns.pop("labels", None)
        lengths = columns["source"].row_lengths().numpy()
        if labels is not None:
            # By the target and, where that is the same, by the source.
            scale = lengths.max() + 1
            lengths = labels.row_lengths().numpy() * scale + lengths
        raw = {"sources": np.concatenate([chunk.x for chunk in chunks])}
        if labels is not None:
            raw["targets"] = np.concatenate([chunk.y for chunk in chunks])
        weights = join_weights(chunks)
        return Examples(columns, labels, weights, lengths, raw=raw)

    def _encode_pairs(self, chunk):
        """The columns of a chunk, ragged ids."""
        words = self._source_tokens(chunk.x)
        columns = {"source": self.vocabulary(words)}
        if chunk.y is not None:
            columns["target"], columns["labels"] = self._encode_targets(
                chunk.y, words
            )
            if self.decoder.copy:
                columns["copies"] = self._target_ids(words, words)
        return columns

    @text.in_graph
    def _source_tokens(self, texts):
        return self.tokenizer(texts).words[:, : self.max_length]

    # From ids to scores.

    def build(self, input_shape=None):
        features = (None, None, self.embedding.output_dim)
        if not self.embedding.built:  # by loading, or by an earlier call
            self.embedding.build((None, None))
        if not self.encoder.built:
            self.encoder.build(features)
        if not self.decoder.built:
            memory = self.encoder.compute_output_shape(features)
            if isinstance(memory[0], (tuple, list)):
                memory = memory[0]
            self.decoder.build((None, None), memory)
        self.built = True

    def call(self, inputs, training=None):
        """Scores of the tokens of targets, by those before.

        Args:
            inputs: Dict of right padded ids; see `encode`.
            training: Whether in training.

        Returns:
            `rnnzoo.layers.decoder.Decoded`; or, if there is no `target`, the
            encoded source, `(batch, time, units)`.
        """
        memory, mask, states = self._encode_source(inputs["source"], training)
        if "target" not in inputs:
            return memory
        return self.decoder(
            inputs["target"],
            memory,
            memory_mask=mask,
            initial_state=states,
            memory_tokens=inputs.get("copies"),
            training=training,
        )

    def _encode_source(self, ids, training):
        """What the decoder starts from: vectors, their mask, and states."""
        mask = ids != PADDING
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        if self.reverse_source:
            ids = tf.reverse_sequence(ids, lengths, seq_axis=1)
        vectors = self.embedding(ids)
        vectors = self.word_dropout(vectors, ids, training=training)
        memory, states = (
            self.encoder(vectors, mask=mask, training=training),
            None,
        )
        if isinstance(memory, (tuple, list)):
            memory, *states = memory
        if self.reverse_source:  # Places are those of the text again.
            memory = tf.reverse_sequence(memory, lengths, seq_axis=1)
        return memory, mask, states

    def attention_losses(self, decoded, token_losses, mask):
        parts = super().attention_losses(decoded, token_losses, mask)
        if self.coverage_loss:
            covered = losses.coverage(decoded.weights, mask)
            parts.append(self.coverage_loss * covered)
        return parts

    # How good it is.

    @property
    def monitor(self):
        if not _has_sacrebleu():
            return "accuracy"
        return "bleu_lowercase" if self.target_tokenizer.lowercase else "bleu"

    def score(self, examples, quick=False):
        """Translations beside those that people wrote.

        Returns:
            Dict of `bleu` and, unless `quick`, `bleu_lowercase`; of it alone,
            if translations are in lower case. Empty without sacreBLEU.
        """
        if not _has_sacrebleu():
            warnings.warn(
                "There is no BLEU without sacreBLEU: "
                '`pip install "rnnzoo[scoring]"`. The best epoch is that of '
                "the best accuracy of tokens.",
                stacklevel=2,
            )
            return {}
        written, references = self.answers(examples, 1 if quick else BEAM_WIDTH)
        alone = quick or self.target_tokenizer.lowercase
        scores = {}
        for name in [self.monitor] if alone else SCORES:
            found = scoring.bleu(written, references, **SCORES[name])
            scores[name] = found.score
            self.signatures[name] = found.signature
        return scores

    # From scores to texts.

    def decode(self, texts, prefixes, beam_width, n_best):
        """Translates, from strings to strings, in the graph.

        Args:
            texts: String tensor `(n,)`.
            prefixes: String tensor `(n,)`: what translations begin with.
            beam_width, n_best: See `rnnzoo.search.beam`.

        Returns:
            Dict of tensors: `translations` string `(n, n_best)` and their
            `scores`; `tokens` `(n, n_best, time)`, "" where there is none;
            `source_tokens` `(n, places)`, likewise; and, with attention,
            `weights` `(n, n_best, time, places)`.
        """
        words, source = self._source_tokens(texts), None
        if self.decoder.copy:
            source = copying.Source(
                pad(words), pad(self._target_ids(words, words))
            )
        forced = self._target_tokens(prefixes)
        memory, mask, states = self._encode_source(
            pad(self.vocabulary(words)), training=False
        )
        lengths = tf.cast(words.row_lengths(), tf.int32)
        # An empty text has an empty translation.
        longest = tf.minimum(2 * lengths + LONGER, self.max_length)
        written = self.write(
            memory,
            mask,
            states,
            tf.where(lengths > 0, longest, 0),
            beam_width,
            n_best,
            prefix=self._target_ids(forced, words).to_tensor(-1),
            source=source,
        )
        outputs = {"scores": written.scores, "source_tokens": pad(words)}
        tokens = written.tokens
        if written.weights is not None:
            outputs["weights"] = written.weights
            tokens = _replace_unknown(written, outputs["source_tokens"])
        outputs["tokens"] = _begin_with(forced, written.lengths, tokens)
        outputs["translations"] = join(
            outputs["tokens"], self.target_tokenizer.unit
        )
        return outputs

    _decode = tf.function(decode, reduce_retracing=True, autograph=False)

    def answers(self, examples, beam_width):
        written = self.translate(examples.raw["sources"], beam_width)
        return written, [[each.decode()] for each in examples.raw["targets"]]

    # What a user reads.

    def translate(
        self,
        x,
        beam_width=BEAM_WIDTH,
        n_best=1,
        return_scores=False,
        return_alignments=False,
        prefix=None,
        batch_size=None,
    ):
        """The best translations that a beam search finds.

        Args:
            x: Texts, or one text; targets, if a dataset has them, are ignored.
            beam_width: Number of the unfinished translations that go on.
            n_best: Number of translations of each text.
            return_scores: Whether to return `Translation`s, not strings.
            return_alignments: Likewise.
            prefix: What translations must begin with: a string, or one for
                each text. Unknown words are kept as they are.
            batch_size: Defaults to 64.

        Returns:
            List of strings or of `Translation`s, in the order of the texts;
            or, with an `n_best` above 1, of lists of them, the best first,
            of as many as were found.
        """
        self._require_adapted("translate")
        check_beam(beam_width, n_best)
        rich = return_scores or return_alignments
        results = []
        for answer in self._answers(
            x, prefix, beam_width, n_best, batch_size or BATCH_SIZE
        ):
            each = answer if rich else [found.text for found in answer]
            results.append(each if n_best > 1 else each[0])
        return results

    def predict(self, x, batch_size=None, verbose=0):
        """Translations; see `translate`. No progress is shown."""
        return self.translate(x, batch_size=batch_size)

    def explain(self, x):
        """What it looked at: the weights between the words of both texts.

        Returns:
            `rnnzoo.explain.Alignments`, one for each text.

        Raises:
            ValueError: If the model has no attention.
        """
        self._require_adapted("explain")
        if self.decoder.attention is None:
            raise ValueError(
                "There is nothing to explain. Expected a model with attention."
            )
        originals = [  # read once: another pass may have another order
            each.decode() for chunk in self._texts(x) for each in chunk
        ]
        return Alignments(
            Alignment(
                text=original,
                translation=best.text,
                score=best.score,
                source_tokens=best.source_tokens,
                tokens=best.tokens,
                weights=best.alignment,
            )
            for original, best in zip(
                originals,
                self.translate(originals, return_alignments=True),
                strict=True,
            )
        )

    def _texts(self, x):
        """Checked texts without targets, a chunk at a time."""
        if isinstance(x, Examples):
            x = x.raw["sources"]
        if self.keys is not None:
            self._check_languages(x, 1)
        x = [x] if isinstance(x, (str, bytes)) else inputs(x, self.keys)
        for chunk in iterate_texts(x):
            yield chunk.x

    def _check_languages(self, x, count):
        """Raises unless dictionaries have the first `count` languages."""
        features = getattr(x, "element_spec", None)
        if not isinstance(features, dict):
            return
        if self.keys is None or not set(self.keys[:count]) <= set(features):
            raise ValueError(
                "Invalid value for argument `languages`. Expected the names "
                "of source and target among the features of the dataset, "
                f"{sorted(features)}. Received: languages={self.keys!r}"
            )

    def _answers(self, x, prefix, beam_width, n_best, batch_size):
        """For each text a list of `Translation`s."""
        chunks = list(self._texts(x))
        total = sum(map(len, chunks))
        prefixes = [prefix or ""] * total
        if prefix is not None and not isinstance(prefix, (str, bytes)):
            prefixes = prefix
        prefixes = text.check_texts(prefixes, "prefix")
        if len(prefixes) != total:
            raise ValueError(
                "Invalid value for argument `prefix`. Expected one, or as "
                f"many as there are texts, {total}. Received: {len(prefixes)}"
            )
        done = 0
        for texts in chunks:
            part = prefixes[done : done + len(texts)]
            done += len(texts)
            # Texts of similar length together, then back in their order.
            order = np.argsort([len(each) for each in texts], kind="stable")
            answers = [None] * len(texts)
            for start in range(0, len(texts), batch_size):
                places = order[start : start + batch_size]
                outputs = self._decode(
                    tf.constant(texts[places].tolist(), tf.string),
                    tf.constant(part[places].tolist(), tf.string),
                    beam_width,
                    n_best,
                )
                outputs = {k: v.numpy() for k, v in outputs.items()}
                for i, place in enumerate(places):
                    row = {k: v[i] for k, v in outputs.items()}
                    answers[place] = _translations(row)
            yield from answers

    # Serving and saving.

    def export(self, directory, overwrite=True, beam_width=BEAM_WIDTH):
        """Writes a SavedModel that takes raw strings.

        Its signatures:

        - `serving_default`, with `text: string (n,)`: `translation` string and
          `score` float32, `(n,)`.
        - `n_best`, with `text` and the int32 scalars `beam_width` and
          `n_best`: `translations` and `scores`, `(n, n_best)`.

        Args:
            directory: Where to write.
            overwrite: Whether an existing directory is replaced.
            beam_width: The width of `serving_default`.
        """
        self._require_adapted("export")
        check_beam(beam_width)
        texts = tf.TensorSpec([None], tf.string, name="text")
        numbers = [
            tf.TensorSpec([], tf.int32, name=name)
            for name in ("beam_width", "n_best")
        ]

        @tf.function(input_signature=[texts], autograph=False)
        def serve(text):
            found = self.decode(
                text, tf.fill(tf.shape(text), ""), beam_width, 1
            )
            return {
                "translation": found["translations"][:, 0],
                "score": found["scores"][:, 0],
            }

        @tf.function(input_signature=[texts, *numbers], autograph=False)
        def serve_n_best(text, beam_width, n_best):
            beam_width = tf.maximum(beam_width, 1)
            n_best = tf.clip_by_value(n_best, 1, beam_width)
            none = tf.fill(tf.shape(text), "")
            found = self.decode(text, none, beam_width, n_best)
            return {key: found[key] for key in ("translations", "scores")}

        export(
            directory,
            {"serving_default": serve, "n_best": serve_n_best},
            [weight.value for weight in self.weights],
            [
                self.vocabulary.table,
                self.target_vocabulary.table,
                *self.tokenizer.resources,
                *self.target_tokenizer.resources,
            ],
            overwrite=overwrite,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "reverse_source": self.reverse_source,
            "word_dropout": self.word_dropout.rate,
            "coverage_loss": self.coverage_loss,
        }

    # Details.

    def _adopt(self, saved):
        self.keys = saved.keys
        self.tokenizer = saved.tokenizer
        self.target_tokenizer = saved.target_tokenizer
        self._start(saved.vocabulary.tokens, saved.target_vocabulary.tokens)

    def _start(self, vocabulary, target_vocabulary):
        self.vocabulary = text.Vocabulary(vocabulary)
        self.embedding.input_dim = len(self.vocabulary)
        super()._start(target_vocabulary)


def _supervised_keys(labels):
    if not hasattr(labels, "supervised_keys"):
        raise ValueError(
            "Invalid value for argument `labels`. Expected TFDS's "
            f"`DatasetInfo`, or None. Received: labels={labels!r:.80}"
        )
    return labels.supervised_keys


def _has_sacrebleu():
    return importlib.util.find_spec("sacrebleu") is not None


def _require_targets(chunk):
    if chunk.y is None:
        raise ValueError(
            "Invalid value for argument `y`. Expected translations: `y`, or a "
            "dataset of pairs `(x, y)` or dictionaries. Received none."
        )


def _replace_unknown(written, source_tokens):
    """Writes what was looked at where the vocabulary has no word."""
    places = tf.argmax(written.weights, axis=-1, output_type=tf.int32)
    copied = tf.gather(source_tokens, places, batch_dims=1)
    return tf.where(written.ids == UNKNOWN, copied, written.tokens)


def _begin_with(forced, lengths, tokens):
    """Writes the words of prefixes as they were given."""
    time = tf.shape(tokens)[2]
    given = tf.pad(
        forced.to_tensor(""), [[0, 0], [0, time]], constant_values=""
    )
    given = tf.broadcast_to(given[:, None, :time], tf.shape(tokens))
    is_given = (given != "") & (tf.range(time) < lengths[..., None])
    return tf.where(is_given, given, tokens)


def _translations(row):
    """Those that were found, from what the graph made of a text."""
    places = int((row["source_tokens"] != b"").sum())
    source_tokens = [each.decode() for each in row["source_tokens"][:places]]
    found = []
    for n, score in enumerate(row["scores"]):
        if n and score == -np.inf:
            break
        tokens = row["tokens"][n]
        tokens = [each.decode() for each in tokens[tokens != b""]]
        alignment = None
        if "weights" in row:
            alignment = row["weights"][n, : len(tokens), :places]
        found.append(
            Translation(
                text=row["translations"][n].decode(),
                score=float(score),
                tokens=tokens,
                source_tokens=source_tokens,
                alignment=alignment,
            )
        )
    return found
