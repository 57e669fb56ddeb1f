"""Tasks that read a text and write another, and attend while they do."""

from typing import Any

import numpy as np
import tensorflow as tf

from rnnzoo import losses, text
from rnnzoo.checks import check_not_negative, check_positive, check_rate
from rnnzoo.explain import Alignment, Alignments
from rnnzoo.graphs import traced
from rnnzoo.ids import PADDING, UNKNOWN, pad
from rnnzoo.layers import EmbeddingDropout
from rnnzoo.pipeline.columns import row_lengths
from rnnzoo.pipeline.examples import Examples
from rnnzoo.tasks import serving
from rnnzoo.tasks.answers import found_in, several, without_padding
from rnnzoo.tasks.columns import Columns
from rnnzoo.tasks.embeddings import most_ids, size_embedding
from rnnzoo.tasks.target_text import begin_with
from rnnzoo.tasks.text_writer import TextWriter
from rnnzoo.tasks.trainer import missing_targets
from rnnzoo.text import copying

BATCH_SIZE = 64  # at inference
BEAM_WIDTH = 5


class TextToText(TextWriter):
    """A task that writes a text about another text.

    A subclass names its answers, and says how good they are (`score`); its
    schema has one text as its input and one as its target.

    Args:
        embedding: `rnnzoo.layers.Embedding` of the source's tokens; with
            `input_dim=None`, it has as many rows as there are ids.
        encoder: A layer that maps `(batch, time, features)`, with a mask, to
            `(batch, time, units)`; if it also returns states, the decoder
            starts from them.
        decoder: A decoder; see `TextWriter`.
        tokenizer: `rnnzoo.text.Tokenizer` or `rnnzoo.text.SubwordTokenizer` of
            the source; words as they are written by default.
        target_tokenizer: Tokenizer of the target; by default of the same kind.
        vocabulary_size: Most ids of the source's tokens that `adapt` gives
            out, those of padding and unknown tokens included.
        source_length: Most tokens read of a source; defaults to `max_length`.
        reverse_source: Whether the source is read from its end. Sutskever et
            al. 2014, section 3.3.
        word_dropout: Rate at which types of the source's tokens are dropped.
        coverage_loss: Factor of `rnnzoo.losses.coverage`.
        length_ratio: Most tokens written for each token read, beside 10 more;
            learned by `fit`, as what training showed at most. `None` for any
            number.
        vocabulary: Tokens of the source from id 2 on, learned by `adapt`.
        target_vocabulary: Tokens of the target from id 2 on, learned by
            `adapt`.
        **kwargs: See `TextWriter`.

    Attributes of the class:
        answer_type: Subclass of `rnnzoo.tasks.answers.WrittenAnswer`.
        told: Names of inputs that the encoder is called with, too.
    """

    answer_type = None
    told = ()
    unit_name = "pair"
    parts = ("embedding", "encoder", "decoder", "tokenizer", "target_tokenizer")
    path = ("embedding", "word_dropout", "encoder", "decoder")
    lends = ("tokenizer", "target_tokenizer", "length_ratio")
    reads_by = ("source_length", "max_length", "decoder.copy")

    def __init__(
        self,
        embedding,
        encoder,
        decoder,
        *,
        tokenizer=None,
        target_tokenizer=None,
        vocabulary_size=None,
        source_length=None,
        reverse_source=False,
        word_dropout=0.0,
        coverage_loss=0.0,
        length_ratio=None,
        vocabulary=None,
        target_vocabulary=None,
        **kwargs,
    ):
        tokenizer = tokenizer or text.Tokenizer(lowercase=False)
        super().__init__(
            decoder,
            target_tokenizer=target_tokenizer
            or tokenizer.from_config(tokenizer.get_config()),
            **kwargs,
        )
        check_positive("vocabulary_size", vocabulary_size, optional=True)
        check_positive("source_length", source_length, optional=True)
        check_rate("word_dropout", word_dropout)
        check_not_negative("coverage_loss", coverage_loss)
        if length_ratio is not None:
            check_not_negative("length_ratio", length_ratio)
        self.embedding = embedding
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.vocabulary_size = vocabulary_size
        self.source_length = source_length
        self.reverse_source = reverse_source
        self.word_dropout = EmbeddingDropout(word_dropout)
        self.coverage_loss = coverage_loss
        self.length_ratio = length_ratio
        self.vocabulary = None
        if vocabulary is not None:
            self.take(vocabulary, target_vocabulary)

    # From raw texts to ids.

    @property
    def learned(self):
        return {
            **super().learned,
            "vocabulary": self.vocabulary and self.vocabulary.tokens,
        }

    def embedded(self):
        return {**super().embedded(), "vocabulary": self.embedding}

    def groups(self):
        return {
            "embedding": [self.embedding],
            "encoder": [self.encoder],
            "decoder": [self.decoder],
        }

    def count(self, chunk, counts, labels):
        source, target = (each.name for each in self.schema.features)
        if target not in chunk:
            raise missing_targets(self.schema)
        counts["source"].update(self._to_count(chunk[source]))
        counts["target"].update(self.target.to_count(chunk[target]))

    def learn(self, counts, labels):
        vocabulary = self.tokenizer.learn(
            counts["source"].counts,
            most_ids(self.embedding, self.vocabulary_size),
            self.min_count,
        )
        return {
            "vocabulary": vocabulary,
            "target_vocabulary": self.learn_target(counts["target"]),
        }

    def take(self, vocabulary, target_vocabulary):
        self.vocabulary = text.Vocabulary(vocabulary)
        size_embedding(self.embedding, len(self.vocabulary))
        super().take(target_vocabulary)

    def encode_chunk(self, chunk):
        """The `Columns` of a chunk.

        The inputs are a dict of the ids of `source`, if the decoder copies, of
        `copies`, the source as it would be copied, and, if there are targets,
        of `target` after the start; the labels are those of the target before
        the end.
        """
        source, target = (each.name for each in self.schema.features)
        words, inputs = self.read_source(chunk[source])
        if target not in chunk:
            return Columns(inputs)
        copied = words if self.decoder.copy else None
        ids = self.target.ids(chunk[target], copied)
        inputs["target"], labels = self.target.around(ids)
        return Columns(inputs, labels)

    def read_source(self, texts):
        """Ragged words of sources, and dict of ragged inputs of `call`."""
        words = self._source_tokens(texts)
        inputs = {"source": self.vocabulary(words)}
        if self.decoder.copy:
            inputs["copies"] = self.target.ids_of(words, words)
        return words, inputs

    def see(self, examples):
        """Learns how long texts are beside their sources."""
        written = row_lengths(examples.labels) - 1  # without the end
        read = np.maximum(row_lengths(examples.inputs["source"]), 1)
        ratio = float((written / read).max())
        self.length_ratio = max(ratio, self.length_ratio or 0.0)

    @text.traced_texts
    def _to_count(self, texts):
        return self.tokenizer.to_count(texts)

    @text.traced_texts
    def _source_tokens(self, texts):
        most = self.source_length or self.max_length
        return self.tokenizer(texts).words[:, :most]

    # From ids to scores.

    def build(self, input_shape=None):
        features = (None, None, self.embedding.output_dim)
        if not self.embedding.built:  # by loading, or by an earlier call
            self.embedding.build((None, None))
        if not self.word_dropout.built:
            self.word_dropout.build(features, (None, None))
        if not self.encoder.built:
            self.encoder.build(features)
        if not self.decoder.built:
            memory = self.encoder.compute_output_shape(features)
            if isinstance(memory[0], (tuple, list)):
                memory = memory[0]
            self.decoder.build((None, None), memory)
        self.built = True

    def call(self, inputs, training=None):
        """Scores of the tokens of targets, by the tokens before.

        Args:
            inputs: Dict of right padded ids; see `encode_chunk`.
            training: Whether in training.

        Returns:
            `rnnzoo.layers.decoding.Decoded`; or, if there is no `target`, the
            encoded source, `(batch, time, units)`.
        """
        memory, mask, states = self.encode_source(inputs, training)
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

    def encode_source(self, inputs, training):
        """The decoder's beginning: vectors, their mask, and states."""
        ids = inputs["source"]
        mask = ids != PADDING
        lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
        if self.reverse_source:
            ids = tf.reverse_sequence(ids, lengths, seq_axis=1)
        vectors = self.embedding(ids)
        vectors = self.word_dropout(vectors, ids, training=training)
        told = {name: inputs[name] for name in self.told}
        memory = self.encoder(vectors, mask=mask, training=training, **told)
        states = None
        if isinstance(memory, (tuple, list)):
            memory, *states = memory
        if self.reverse_source:  # Places are those of the text again.
            memory = tf.reverse_sequence(memory, lengths, seq_axis=1)
        return memory, mask, states

    def attention_losses(self, decoded, token_losses, mask):
        parts = super().attention_losses(decoded, token_losses, mask)
        if self.coverage_loss:
            covered = losses.coverage(decoded.weights, mask)
            covers = getattr(self.decoder, "covers", 1.0)
            parts.append(self.coverage_loss * covers * covered)
        return parts

    # From scores to texts.

    def write_about(self, texts, prefixes, beam, head=None):
        """Writes about texts, from strings to strings, in the graph.

        Args:
            texts: String tensor `(n,)`.
            prefixes: String tensor `(n,)`: how answers begin.
            beam: `rnnzoo.tasks.beam.Beam`.
            head: See `rnnzoo.layers.decoding.Decoder.align`.

        Returns:
            Dict of tensors: `texts` string `(n, n_best)` and their `scores`;
            `tokens` `(n, n_best, time)`, "" where there is none;
            `source_tokens` `(n, places)`, "" at padding; and, with attention,
            `weights` `(n, n_best, time, places)`.
        """
        words, inputs = self.read_source(texts)
        inputs = {name: pad(column) for name, column in inputs.items()}
        copied = source = None
        if self.decoder.copy:
            copied, source = words, copying.Source(pad(words), inputs["copies"])
        forced = self.target.tokens(prefixes)
        memory, mask, states = self.encode_source(inputs, training=False)
        longest = beam.longest(
            tf.cast(words.row_lengths(), tf.int32),
            tf.cast(forced.row_lengths(), tf.int32),
        )
        prefix = self.target.ids_of(forced, copied).to_tensor(-1)
        written = self.write(
            beam.search(longest, prefix),
            memory,
            mask,
            states,
            source=source,
            longest=longest,
            head=head,
        )
        tokens = written.tokens
        if written.weights is not None:
            tokens = _replace_unknown(written, pad(words))
        tokens = begin_with(forced.to_tensor(""), written.lengths, tokens)
        outputs = self.outputs(written, tokens)
        return {**outputs, "source_tokens": pad(words)}

    @traced
    def _write_about(self, inputs, beam, head):
        return self.write_about(inputs["text"], inputs["prefix"], beam, head)

    # Answers.

    def rewrite(
        self,
        x: Any,
        beam_width: int = BEAM_WIDTH,
        n_best: int = 1,
        return_scores: bool = False,
        return_alignments: bool = False,
        head: Any = None,
        prefix: Any = None,
        batch_size: int | None = None,
        verbose: int = 0,
        **limits: Any,
    ) -> list:
        """The best texts that a beam search finds.

        Args:
            x: Texts, or one text; targets, if a dataset has them, are ignored.
            beam_width: Number of unfinished texts that are continued.
            n_best: Number of answers to each text.
            return_scores: Whether to return objects with scores, not strings.
            return_alignments: Whether to return them with alignments.
            head: Whose alignments, of a model that attends in several layers,
                or with several heads: the numbers of a layer and of one of its
                heads, such as `(0, 2)`; by default their mean.
            prefix: How answers must begin: a string, or one for each text.
                Unknown words are kept as they are.
            batch_size: Defaults to 64.
            verbose: As in Keras.
            **limits: `max_length`, `min_length`, `block_ngrams` and
                `length_penalty`; see `rnnzoo.tasks.TextWriter.beam`. A prefix
                is never cut.

        Returns:
            List of strings, or of `answer_type`s, in the order of the texts;
            with an `n_best` above 1, of lists of them, the best first, as
            many as were found.
        """
        self._require_adapted(self.verb)
        beam = self.beam(beam_width, n_best, **limits)
        head = self.check_head(head)
        chunks = list(self._text_chunks(x))
        prefixes = self._prefixes(prefix or "", sum(map(len, chunks)))
        is_plain = not (return_scores or return_alignments)
        results = []
        for texts in chunks:
            begin, prefixes = np.split(prefixes, [len(texts)])
            examples = Examples(
                {
                    "text": tf.constant(texts.tolist(), tf.string),
                    "prefix": tf.constant(begin.tolist(), tf.string),
                },
                None,
                None,
                np.array([len(each) for each in texts]),
            )
            rows = examples.run(
                lambda inputs: self._write_about(inputs, beam, head),
                batch_size or BATCH_SIZE,
                verbose,
            )
            results += [
                several(self._found(row), n_best, is_plain) for row in rows
            ]
        return results

    def _text_chunks(self, x):
        """Yields arrays of checked texts."""
        (source,) = self.schema.inputs
        if isinstance(x, Examples):
            x = x.raw[source.name]
        for chunk in self.read_inputs(x):
            yield chunk[source.name]

    def _prefixes(self, prefix, count):
        prefixes = text.check_texts(prefix, "prefix")
        if isinstance(prefix, (str, bytes)):
            prefixes = np.repeat(prefixes, count)
        if len(prefixes) != count:
            raise ValueError(
                "Invalid value for argument `prefix`. Expected one, or as "
                f"many as there are texts, {count}. Received: {len(prefixes)}"
            )
        return prefixes

    def _found(self, row):
        """Answers, of what the graph made of a text."""
        source = without_padding(row["source_tokens"])

        def answer(text, score, tokens, weights):
            if weights is not None:
                weights = weights[:, : len(source)]
            return self.answer_type(text, score, tokens, source, weights)

        return found_in(row, answer)

    def explain(self, x: Any, head: Any = None) -> Alignments:
        """The attention weights between the tokens of both texts.

        Args:
            x: Texts, or one text.
            head: As of the verb.

        Returns:
            `rnnzoo.explain.Alignments`, one for each text.

        Raises:
            ValueError: If the model has no attention.
        """
        self._require_adapted("explain")
        self.require_attention()
        # Read once: another pass over a dataset may have another order.
        originals = [
            each.decode() for texts in self._text_chunks(x) for each in texts
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
                self.rewrite(originals, return_alignments=True, head=head),
                strict=True,
            )
        )

    # Serving and saving.

    def served(self, beam_width=BEAM_WIDTH, **limits):
        """The signatures of the export; see `rnnzoo.tasks.serving.written`.

        An answer has the name of the task's, such as `translation`:

        - `serving_default`, with `text: string (n,)`: `translation` string and
          `score` float32, `(n,)`.
        - `n_best`, with `text` and the int32 `beam_width` and `n_best`:
          `translations` and `scores`.

        Args:
            beam_width: The width of `serving_default`.
            **limits: As of the verb, for both.
        """
        texts = tf.TensorSpec([None], tf.string, name="text")

        def write(texts, beam):
            prefixes = tf.fill(tf.shape(texts), "")
            found = self.write_about(texts, prefixes, beam)
            return {name: found[name] for name in ("texts", "scores")}

        beam = self.beam(beam_width, **limits)
        return serving.written(texts, write, beam, self.answer_name)

    def to_serve(self, x):
        texts = [each for part in self._text_chunks(x) for each in part]
        return {"text": texts}

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "source_length": self.source_length,
            "reverse_source": self.reverse_source,
            "word_dropout": self.word_dropout.rate,
            "coverage_loss": self.coverage_loss,
            "length_ratio": self.length_ratio,
        }


def _replace_unknown(written, source_tokens):
    """Replaces unknown tokens by the source token most attended to."""
    places = tf.argmax(written.weights, axis=-1, output_type=tf.int32)
    copied = tf.gather(source_tokens, places, batch_dims=1)
    return tf.where(written.ids == UNKNOWN, copied, written.tokens)
