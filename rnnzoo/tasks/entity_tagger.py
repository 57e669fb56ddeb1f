"""Tagging of entities in sentences, with the probability of each."""

import functools
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.checks import check_choice, check_positive
from rnnzoo.explain import Marking, Markings
from rnnzoo.graphs import traced
from rnnzoo.ids import RESERVED, pad
from rnnzoo.pipeline import sentences
from rnnzoo.pipeline.borders import warning_of_cuts
from rnnzoo.pipeline.examples import Examples
from rnnzoo.tasks.answers import as_plain
from rnnzoo.tasks.columns import Columns
from rnnzoo.tasks.crf_tagger import CRFTagger, mask_of
from rnnzoo.tasks.embeddings import WithWordVectors, most_ids, size_embedding
from rnnzoo.tasks.entities import Entity, entities_of
from rnnzoo.text import tagging, words

BATCH_SIZE = 128  # at inference


@keras.saving.register_keras_serializable(package="rnnzoo")
class EntityTagger(WithWordVectors, CRFTagger):
    """Tags the entities in sentences.

    A sentence is a text or a list of words; see
    `rnnzoo.pipeline.sentences.read`. Tags may be of any scheme (see
    `rnnzoo.text.tagging`); answers are in BIO.

    In training, `sample_weight` has a weight for each sentence, or a list of
    weights for its words; `class_weight` weighs the words of each label, and
    those of `"O"`. A weight is the share of a word's tag, given the tags before
    it, in the loss.

    Words are cut where a span of the examples begins or ends inside of them,
    with a warning; see `rnnzoo.pipeline.borders`.

    Args:
        features: `rnnzoo.layers.WordFeatures`. Its `embedding` has the rows of
            the vocabulary; with `input_dim=None`, as many as the vocabulary
            has ids.
        encoder: A layer that maps `(batch, time, features)`, with a mask, to
            `(batch, time, units)`.
        crf: Whether tags depend on each other (`rnnzoo.layers.CRF`); if not,
            each is a softmax of its own.
        tag_scheme: The scheme that the model learns, one of
            `rnnzoo.text.tagging.SCHEMES`. With `"io"`, neighbours of the same
            label are one entity.
        tokenizer: `rnnzoo.text.Tokenizer` or `rnnzoo.text.SubwordTokenizer`
            that splits texts; words as they are written by default.
        lowercase: Whether the vocabulary is in lower case.
        normalize_digits: Whether all digits count as the same in the
            vocabulary.
        vocabulary_size: Most ids of words that `adapt` gives out, those of
            padding and unknown words included.
        min_count: Words seen less often in `adapt`, and without a pretrained
            vector, are unknown.
        max_characters: Characters read of a word, the first ones.
        dropout: Rate of the dropout before the output, one mask over time.
        embeddings: Pretrained word vectors, read by `adapt`: what
            `rnnzoo.text.PretrainedWords` takes. All their words
            join the vocabulary. The source is not saved: the weights are.
        labels: Names of the kinds of entities; by default learned by `adapt`.
        tag_names: Names of the tags, if data has numbers; learned by `adapt`.
        vocabulary: Words from id 2 on, learned by `adapt`.
        characters: Characters from id 2 on, learned by `adapt`.
        **kwargs: See `rnnzoo.tasks.Task`.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build(
    ...     "bilstm_crf_tagger", units=4, embedding_dim=4, min_count=1
    ... )
    >>> texts = ["Ann saw Bonn."]
    >>> model.adapt(texts, [[(0, 3, "PER"), (8, 12, "LOC")]], verbose=0)
    >>> model.labels
    ('LOC', 'PER')
    >>> [len(tags) for tags in model.predict(texts)]
    [4]
    """

    kind = "entity_tagging"
    verb = "tag"
    schema = sentences.SCHEMA
    unit_name = "sentence"
    counted = "words"
    counts_by = ("lowercase", "normalize_digits")
    reads_by = ("max_characters", "tag_set.scheme", "features.reads")
    parts = ("features", "encoder", "tokenizer")
    lends = (
        "tokenizer",
        "lowercase",
        "normalize_digits",
        "tag_set",
        "tag_names",
    )

    def __init__(
        self,
        features,
        encoder,
        *,
        crf=True,
        tag_scheme="bioes",
        tokenizer=None,
        lowercase=True,
        normalize_digits=False,
        vocabulary_size=None,
        min_count=1,
        max_characters=30,
        dropout=0.0,
        embeddings=None,
        labels=None,
        tag_names=None,
        vocabulary=None,
        characters=None,
        **kwargs,
    ):
        check_choice("tag_scheme", tag_scheme, tagging.SCHEMES)
        super().__init__(
            features,
            encoder,
            tagging.TagSet(labels or (), tag_scheme),
            crf=crf,
            dropout=dropout,
            **kwargs,
        )
        check_positive("vocabulary_size", vocabulary_size, optional=True)
        check_positive("min_count", min_count)
        check_positive("max_characters", max_characters)
        self.tokenizer = tokenizer or text.Tokenizer(lowercase=False)
        self.lowercase = lowercase
        self.normalize_digits = normalize_digits
        self.vocabulary_size = vocabulary_size
        self.min_count = min_count
        self.max_characters = max_characters
        self.embeddings = embeddings
        self.tag_names = tag_names and tuple(tag_names)
        self.reader = None
        if vocabulary is not None:
            self.take(labels, tag_names, vocabulary, characters)

    # From raw sentences to ids.

    @property
    def adapted(self):
        return self.reader is not None

    @property
    def learned(self):
        reader = self.reader
        return {
            "labels": self.labels,
            "tag_names": self.tag_names,
            "vocabulary": reader and reader.vocabulary.tokens,
            "characters": reader and reader.characters.tokens,
        }

    @property
    def vocabulary(self):
        return self.reader and self.reader.vocabulary

    @property
    def word_embedding(self):
        return self.features.embedding

    def labels_in(self, x, y=None, labels=None):
        names = None if labels is None else self.labels_of(labels)
        if names is not None:
            return None if names == self.tag_names else names
        found = [self._sentences(each).tags or () for each in self.read(x, y)]
        tags = {tag for each in found for tags in each for tag in tags}
        is_known = set(tagging.labels_of(tags)) <= set(self.labels)
        return None if is_known else tuple(sorted(tags))

    @classmethod
    def labels_of(cls, labels):
        """Names of the tags of a dataset; see `Task.labels_of`."""
        return sentences.tag_names(labels)

    def require_labels_of(self, info):
        names = self.labels_of(info)
        if self.tag_names and names and self.tag_names != names:
            raise ValueError(
                f"The model tells {', '.join(self.tag_names)} apart, and the "
                f"tags of the dataset are {', '.join(names)}."
            )

    def count_all(self, x, y=None, labels=None, verbose=1, limit=None):
        # Subwords are learned first, in a pass of their own.
        if getattr(self.tokenizer, "pieces", ()) is None:
            counter = text.TokenCounter(limit)
            for chunk in self.read(x, y):
                texts = sentences.as_texts(chunk["tokens"])
                counter.update(self.tokenizer.to_count(texts))
            self.tokenizer.learn(
                counter.counts,
                most_ids(self.word_embedding, self.vocabulary_size),
                self.min_count,
            )
        return super().count_all(x, y, labels, verbose, limit)

    def count(self, chunk, counts, labels):
        if getattr(self.tokenizer, "pieces", ()) is None:
            raise ValueError(
                "Cannot count a part of the data before the `tokenizer` has "
                "learned its pieces of all. Expected `adapt(data)`."
            )
        found = sentences.read(chunk, self.tokenizer, labels or self.tag_names)
        tokens = words.ragged_tokens(found.tokens).flat_values
        counts["words"].update(
            words.form(tokens, self.lowercase, self.normalize_digits)
        )
        counts["characters"].update(words.split_characters(tokens))
        tags = {tag for each in found.tags or () for tag in each}
        counts["labels"].counts.update(tagging.labels_of(tags))

    def learn(self, counts, labels):
        if labels is None:
            kinds = sorted(counts["labels"].counts)
        else:  # in the order of the dataset
            kinds = tagging.labels_of(labels)
        if not kinds:
            raise ValueError(
                "The examples have no entities to learn labels from. Expected "
                "argument `y`, or data with tags other than 'O', or with spans."
            )
        characters = text.Vocabulary.from_counts(counts["characters"].counts)
        if labels is None and set(kinds) <= set(self.labels):
            labels = self.tag_names
        return {
            "labels": kinds,
            "tag_names": labels,
            "vocabulary": self._vocabulary_of(counts["words"].counts),
            "characters": characters.tokens,
        }

    def _vocabulary_of(self, counts):
        """Words of the data, then those that only the word vectors have."""
        known = text.Vocabulary.from_counts(counts, None, self.min_count).tokens
        if self.word_vectors is not None:
            # A vocabulary in lower case has no use for other words.
            more = words.form(self.word_vectors.words(), self.lowercase).numpy()
            known = list(dict.fromkeys((*known, *map(bytes.decode, more))))
        most = most_ids(self.word_embedding, self.vocabulary_size)
        return known if most is None else known[: most - RESERVED]

    def take(self, labels, tag_names, vocabulary, characters):
        self.tag_names = tag_names and tuple(tag_names)
        self.reader = words.WordReader(
            vocabulary,
            characters,
            lowercase=self.lowercase,
            normalize_digits=self.normalize_digits,
            max_characters=self.max_characters,
        )
        size_embedding(self.word_embedding, len(self.reader.vocabulary))
        if self.features.characters is not None:
            size_embedding(
                self.features.characters.embedding, len(self.reader.characters)
            )
        self.tag_with(labels)
        self.build()

    def encoded(self, chunks, keep_raw):
        with warning_of_cuts():
            yield from super().encoded(chunks, keep_raw)

    def encode_chunk(self, chunk):
        found = self._sentences(chunk)
        tags = None
        if found.tags is not None:
            tags = [
                self._tag_ids(chunk.first + place, each)
                for place, each in enumerate(found.tags)
            ]
            tags = tf.ragged.constant(tags, tf.int32, ragged_rank=1)
        weights = found.weights
        if weights is not None:
            weights = tf.ragged.constant(weights, tf.float32, ragged_rank=1)
        return Columns(self._ids(found), tags, weights=weights)

    def _sentences(self, chunk):
        return sentences.read(chunk, self.tokenizer, self.tag_names)

    def _tag_ids(self, place, tags):
        with sentences.located(place):
            return self.tag_set.encode(tags)

    def _ids(self, found):
        """Ids of all words, of the kinds that the model reads."""
        return self._select(self._read(words.ragged_tokens(found.tokens)))

    @functools.partial(
        traced, input_signature=[tf.RaggedTensorSpec([None, None], tf.string)]
    )
    def _read(self, tokens):
        return self.reader(tokens)

    def _select(self, ids):
        return {name: ids[name] for name in self.features.reads}

    # Answers.

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: int = 0
    ) -> list[list[str]]:
        """Tags of sentences, in BIO, one for each word.

        Args:
            x: Raw sentences; tags, if a dataset has them, are ignored.
            batch_size: Defaults to 128.
            verbose: As in Keras.

        Returns:
            List of lists of strings, in the order of the sentences.
        """
        self._require_adapted("predict")
        examples = self.encode_inputs(x)
        if examples is None:
            return []
        answers = self._answers(examples, batch_size, verbose)
        return [tags for tags, _ in answers]

    def tag(
        self, x: Any, batch_size: int | None = None, verbose: int = 0
    ) -> list[list[Entity]]:
        """The entities of sentences.

        Args:
            x: Texts, or lists of words; or one text.
            batch_size: Defaults to 128.
            verbose: As in Keras.

        Returns:
            List of lists of `Entity`, in the order of the sentences.
        """
        self._require_adapted("tag")
        found = []
        for chunk in self.read_inputs(x):
            read = self._sentences(chunk)
            examples = Examples.of(self._ids(read))
            answers = self._answers(examples, batch_size, verbose)
            found += [
                entities_of(read, place, *answer)
                for place, answer in enumerate(answers)
            ]
        return found

    @staticmethod
    def as_record(answer):
        return {"entities": as_plain(answer)}

    def _answers(self, examples, batch_size=None, verbose=0):
        """The tags of each sentence and their scores."""
        names = np.array(self.bio_names, object)
        rows = examples.run(self._best_tags, batch_size or BATCH_SIZE, verbose)
        return [
            (names[tags[:length]].tolist(), scores[:length])
            for (tags, scores), length in zip(
                rows, examples.lengths, strict=True
            )
        ]

    def explain(self, x: Any) -> Markings:
        """The probability of each label at each word, with the text.

        Args:
            x: Texts, or lists of words; or one text. Words are joined by
                spaces.

        Returns:
            `rnnzoo.explain.Markings`, one for each sentence.
        """
        self._require_adapted("explain")
        markings = Markings()
        for chunk in self.read_inputs(x):
            read = self._sentences(chunk).as_texts()
            examples = Examples.of(self._ids(read))
            answers = self._answers(examples)
            marginals = examples.run(self.label_marginals, BATCH_SIZE)
            for place, answer in enumerate(answers):
                tokens = [word.decode() for word in read.tokens[place]]
                markings.append(
                    Marking(
                        text=read.texts[place],
                        entities=entities_of(read, place, *answer),
                        tokens=tokens,
                        spans=read.spans(place),
                        labels=list(self.labels),
                        marginals=marginals[place][: len(tokens)],
                    )
                )
        return markings

    # Serving and saving.

    def served(self):
        """The signatures of the export.

        - `serving_default`, with `text: string (n,)`: `tokens` string,
          `tags` string in BIO, `scores` float32 (see `best_tags`), and
          `starts` and `ends` int32, in characters of the text, `(n, words)`,
          padded with "" and zeros; and `counts` int32 `(n,)`, the number of
          words.
        - `tokens`, with `tokens: string (n, words)`, padded with "": `tags`,
          `scores` and `counts`.
        """
        names = tf.constant(self.bio_names)

        def answer(tokens):
            ids = self._select(self.reader(tokens))
            ids = tf.nest.map_structure(pad, ids)
            tags, scores = self.best_tags(ids)
            mask = mask_of(ids)
            return {
                "tags": tf.where(mask, tf.gather(names, tags), ""),
                "scores": scores,
                "counts": tf.cast(tokens.row_lengths(), tf.int32),
            }

        @tf.function(
            input_signature=[tf.TensorSpec([None], tf.string, name="text")],
            autograph=False,
        )
        def serve(text):
            tokens = self.tokenizer(text)
            return {
                **answer(tokens.words),
                "tokens": pad(tokens.words),
                "starts": pad(tokens.starts),
                "ends": pad(tokens.ends),
            }

        @tf.function(
            input_signature=[
                tf.TensorSpec([None, None], tf.string, name="tokens")
            ],
            autograph=False,
        )
        def serve_tokens(tokens):
            steps = tf.range(1, tf.shape(tokens)[1] + 1)
            lengths = tf.reduce_max(tf.where(tokens != "", steps, 0), axis=1)
            return answer(tf.RaggedTensor.from_tensor(tokens, lengths))

        return {"serving_default": serve, "tokens": serve_tokens}

    def to_serve(self, x):
        texts = [
            each.encode()
            for chunk in self.read_inputs(x)
            for each in self._sentences(chunk).as_texts().texts
        ]
        return {"text": texts}

    def comparable(self, x):
        return [
            (
                [each.label for each in entities],
                [(each.start, each.end, each.score) for each in entities],
            )
            for entities in self.tag(x)
        ]

    def comparable_served(self, outputs):
        answers = []
        for row in range(len(outputs["counts"])):
            columns = {name: column[row] for name, column in outputs.items()}
            spans = tagging.to_spans(columns["tags"][: columns["counts"]])
            numbers = [
                (
                    columns["starts"][first],
                    columns["ends"][last - 1],
                    columns["scores"][first],
                )
                for _, first, last in spans
            ]
            answers.append(([label for label, _, _ in spans], numbers))
        return answers

    def get_config(self):
        return {
            **super().get_config(),
            "crf": self.has_crf,
            "tag_scheme": self.tag_set.scheme,
            "lowercase": self.lowercase,
            "normalize_digits": self.normalize_digits,
            "vocabulary_size": self.vocabulary_size,
            "min_count": self.min_count,
            "max_characters": self.max_characters,
            "dropout": self.dropout.rate,
        }
