"""Sentences to entities, and how sure of each."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from rnnzoo import text
from rnnzoo.checks import check_choice, check_positive
from rnnzoo.explain import Marking, Markings
from rnnzoo.export import export
from rnnzoo.ids import PADDING, RESERVED, pad
from rnnzoo.layers import CRF, VariationalDropout
from rnnzoo.metrics import SpanF1
from rnnzoo.pipeline import sentences
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.raw import count, join_weights, show_progress
from rnnzoo.tasks.task import Task
from rnnzoo.text import tagging, word_vectors, words

BATCH_SIZE = 128  # at inference


@dataclasses.dataclass(frozen=True)
class Entity:
    """A name in a text.

    Attributes:
        text: As it is written; words are joined by blanks.
        label: What it is.
        start: Where it starts, in characters of the text; or, if the sentence
            was a list of words, its first word.
        end: Where it ends: `text[start:end]`, or `words[start:end]`.
        score: Probability that these words, and no others beside them, are
            such a name.
    """

    text: str
    label: str
    start: int
    end: int
    score: float


@keras.saving.register_keras_serializable(package="rnnzoo")
class EntityTagger(Task):
    """Finds names in sentences.

    Wherever a method takes raw data, it takes what
    `rnnzoo.pipeline.sentences.read` reads: TFDS datasets such as
    `conll2003`, lists of words and tags, texts and spans. Tags may be of any
    scheme (see `rnnzoo.text.tagging`); the answers are in BIO.

    Args:
        features: `rnnzoo.layers.WordFeatures`; the `input_dim` of its
            `embedding` is the most ids of words that `adapt` may give out.
        encoder: A layer from `(batch, time, features)`, with a mask, to
            `(batch, time, units)`.
        crf: Whether tags depend on each other (`rnnzoo.layers.CRF`); if not,
            each is a softmax of its own.
        tag_scheme: `"bio"` or `"bioes"`, what the model learns inside.
        tokenizer: `rnnzoo.text.Tokenizer` that splits texts; words as they are
            written by default.
        lowercase: Whether the vocabulary is in lower case.
        normalize_digits: Whether all digits count as the same in the
            vocabulary.
        min_count: Words seen less often in `adapt`, and without a pretrained
            vector, are unknown.
        max_characters: Characters read of a word, the first ones.
        dropout: Rate of the dropout before the output, one mask over time.
        embeddings: Pretrained word vectors, read by `adapt`: what
            `rnnzoo.text.word_vectors.load_vectors` takes. All their words join
            the vocabulary. Not saved: the weights are.
        labels: Names of the kinds of entities; by default learned by `adapt`.
        tag_names: Names of the tags that are numbers in data, learned by
            `adapt`.
        vocabulary: Words from id 2 on, learned by `adapt`.
        characters: Characters from id 2 on, learned by `adapt`.
        recipe: `rnnzoo.recipe.Recipe`, the training defaults.
    """

    monitor = "f1"
    parts = ("features", "encoder", "tokenizer")

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
        min_count=1,
        max_characters=30,
        dropout=0.0,
        embeddings=None,
        labels=None,
        tag_names=None,
        vocabulary=None,
        characters=None,
        recipe=None,
        **kwargs,
    ):
        super().__init__(recipe=recipe, **kwargs)
        check_positive("min_count", min_count)
        check_positive("max_characters", max_characters)
        check_choice("tag_scheme", tag_scheme, tagging.SCHEMES)
        self.features = features
        self.encoder = encoder
        self.has_crf = crf
        self.tag_set = tagging.TagSet(labels or (), tag_scheme)
        self.tokenizer = tokenizer or text.Tokenizer(lowercase=False)
        self.lowercase = lowercase
        self.normalize_digits = normalize_digits
        self.min_count = min_count
        self.max_characters = max_characters
        self.dropout = VariationalDropout(dropout, dtype=self.dtype_policy)
        self.embeddings = embeddings
        self.tag_names = tag_names and tuple(tag_names)
        self.reader = self.head = self.crf = None
        if vocabulary is not None:
            self._start(vocabulary, characters, labels)

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
    def labels(self):
        """Names of the kinds of entities."""
        return self.tag_set.labels

    @property
    def vocabulary(self):
        return self.reader and self.reader.vocabulary

    def adapt(self, x, y=None, labels=None, verbose=1):
        """Learns words, characters and labels, in one pass.

        Args:
            x, y: Raw sentences; see the class.
            labels: Names of the tags, if tags are numbers: a sequence, or what
                TFDS has, its `ClassLabel` or `DatasetInfo`.
            verbose: Whether to show progress.
        """
        self._require_new()
        names = None if labels is None else sentences.tag_names(labels)
        counts, characters, found = self._count(x, y, names, verbose)
        if not found:
            raise ValueError(
                "Invalid value for argument `y`. Expected tags other than "
                "'O', or spans, to learn labels from. Received none."
            )
        tokens = self._vocabulary_of(counts)
        vectors = None
        if self.embeddings is not None:
            vectors = word_vectors.load_vectors(
                self.embeddings, tokens, verbose=verbose
            )
            if verbose:
                print(vectors.report([counts[token] for token in tokens]))
        self.tag_names = names
        self._start(tokens, characters, found)
        self.build()
        if vectors is not None:
            self.features.embedding.embeddings.assign(vectors.matrix)

    def _count(self, x, y, names, verbose):
        """Counts of words, characters by falling count, and labels."""
        counter, characters = text.TokenCounter(), text.TokenCounter()
        found = set()
        chunks = self._read(x, y, names=names)
        for chunk in show_progress(
            chunks, count(x, rank=1), "sentence", verbose
        ):
            tokens = words.ragged_tokens(chunk.tokens).flat_values
            counter.update(
                words.form(tokens, self.lowercase, self.normalize_digits)
            )
            characters.update(words.split_characters(tf.unique(tokens).y))
            tags = {tag for each in chunk.tags or () for tag in each}
            found |= {tagging.split(tag)[1] for tag in tags}
        if names is not None:
            found = dict.fromkeys(tagging.split(name)[1] for name in names)
        ordered = list(found) if names is not None else sorted(found)
        return (
            counter.counts,
            text.Vocabulary.from_counts(characters.counts).tokens,
            [label for label in ordered if label],
        )

    def _vocabulary_of(self, counts):
        """Words of the data, then those that only the word vectors have."""
        known = text.Vocabulary.from_counts(counts, None, self.min_count).tokens
        if self.embeddings is not None:
            more = word_vectors.words(self.embeddings)
            known = list(dict.fromkeys((*known, *more)))
        return known[: self.features.embedding.input_dim - RESERVED]

    def _read(self, x, y=None, sample_weight=None, names=None):
        return sentences.read(
            x, y, sample_weight, tokenizer=self.tokenizer, names=names
        )

    def encode(self, x, y=None, sample_weight=None):
        """Raw sentences as ids, `rnnzoo.pipeline.examples.Examples`."""
        self._require_adapted("encode")
        chunks = list(self._read(x, y, sample_weight, self.tag_names))
        ids = self._ids(chunks)
        tags = None
        if chunks[0].tags is not None:
            tags = [each for chunk in chunks for each in chunk.tags]
            tags = tf.ragged.constant(
                [self._tag_ids(*each) for each in enumerate(tags)],
                tf.int32,
                ragged_rank=1,
            )
        lengths = ids["words"].row_lengths().numpy()
        return Examples(ids, tags, join_weights(chunks), lengths)

    def _tag_ids(self, place, tags):
        with sentences.located(place):
            return self.tag_set.encode(tags)

    def _ids(self, chunks):
        """Ids of all words, of those kinds that the model reads."""
        ids = [
            self._select(self._read_words(words.ragged_tokens(chunk.tokens)))
            for chunk in chunks
        ]
        return tf.nest.map_structure(lambda *each: tf.concat(each, 0), *ids)

    @tf.function(
        input_signature=[tf.RaggedTensorSpec([None, None], tf.string)],
        autograph=False,
    )
    def _read_words(self, tokens):
        return self.reader(tokens)

    def _select(self, ids):
        return {name: ids[name] for name in self.features.reads}

    # From ids to tags.

    def build(self, input_shape=None):
        features = (None, None, self.features.output_dim)
        for layer, shape in (
            (self.features, None),
            (self.encoder, features),
            (self.head, self.encoder.compute_output_shape(features)),
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
        vectors = self.encoder(vectors, mask=_mask(inputs), training=training)
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
            # Keras would take ids of tags for scores of classes.
            if isinstance(metric, str) and metric != "auto":
                raise ValueError(
                    "Invalid value for argument `metrics`. Expected 'auto', or "
                    "metrics of ids of tags, such as `rnnzoo.metrics.SpanF1`. "
                    f"Received: metrics={metrics!r}"
                )
        super().compile(optimizer, loss, metrics, **kwargs)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """Mean negative log-likelihood of a sentence's tags."""
        losses = -self.crf.log_likelihood(y_pred, y, _mask(x))
        if sample_weight is not None:
            losses *= tf.cast(sample_weight, losses.dtype)
        loss = tf.add_n([tf.reduce_mean(losses), *self.losses])
        return loss / tf.distribute.get_strategy().num_replicas_in_sync

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Metrics of tags: ids, the true ones negative where there is none."""
        mask = _mask(x)
        tags, _ = self.crf.viterbi(y_pred, mask)
        y = tf.where(mask, y, -1)
        return super().compute_metrics(x, y, tags, sample_weight)

    def default_loss(self):
        return None  # see compute_loss

    def learning_rates(self):
        embedding = self.features.embedding
        if self.embeddings is None or not embedding.trainable:
            return {}
        return {embedding.name: self.recipe.vectors_rate}

    def default_metrics(self):
        return [SpanF1(self.tag_set.names)]

    def decode(self, inputs):
        """The most probable tags, in BIO, and how probable.

        Args:
            inputs: As in `call`.

        Returns:
            Tuple of the tags, int32 `(batch, time)`, places in `bio_names`,
            and float32 `(batch, time)`: at a word of an entity the
            probability of the entity, at others that they belong to none.
        """
        mask = _mask(inputs)
        potentials = self(inputs, training=False)
        tags, _ = self.crf.viterbi(potentials, mask)
        scores = self.crf.span_marginals(
            potentials, tags, self.tag_set.continues, mask
        )
        return self._as_bio(tags), scores

    _decode = tf.function(decode, reduce_retracing=True, autograph=False)

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

    # What a user reads.

    def predict(self, x, batch_size=None, verbose=0):
        """Tags of sentences, in BIO, one for each word.

        Args:
            x: Raw sentences; tags, if a dataset has them, are ignored.
            batch_size: Defaults to 128.
            verbose: For Keras's callers; no progress is shown.

        Returns:
            List of lists of strings, in the order of the sentences.
        """
        self._require_adapted("predict")
        if isinstance(x, Examples):
            ids = x.inputs
        else:
            ids = self._ids(self._read(sentences.without_tags(x)))
        return [tags for tags, _ in self._answer(ids, batch_size)]

    def tag(self, x, batch_size=None):
        """The entities of sentences.

        Args:
            x: Texts, or lists of words; or one text.
            batch_size: Defaults to 128.

        Returns:
            List of lists of `Entity`, in the order of the sentences.
        """
        self._require_adapted("tag")
        chunks = list(self._read(sentences.without_tags(x)))
        answers = self._answer(self._ids(chunks), batch_size)
        return [
            _entities(*sentence, *answer)
            for sentence, answer in zip(
                _one_by_one(chunks), answers, strict=True
            )
        ]

    def _answer(self, ids, batch_size=None):
        """For each sentence its tags and their scores."""
        names = np.array(self.bio_names, object)
        return [
            (names[tags].tolist(), scores)
            for tags, scores in self._run(self._decode, ids, batch_size)
        ]

    def _run(self, function, ids, batch_size=None):
        """For each sentence a tuple of arrays, one row a word."""
        lengths = ids["words"].row_lengths().numpy()
        examples = Examples(ids, None, None, lengths)
        rows = []
        for (batch,) in examples.batches(batch_size or BATCH_SIZE):
            columns = [column.numpy() for column in function(batch)]
            rows += zip(*columns, strict=True)
        return [
            tuple(column[:length] for column in rows[place])
            for place, length in zip(
                np.argsort(examples.order()), lengths, strict=True
            )
        ]

    def explain(self, x):
        """How probable each label is at each word, with the text.

        Args:
            x: Texts, or lists of words; or one text. Words are joined by
                blanks.

        Returns:
            `rnnzoo.explain.Markings`, one for each sentence.
        """
        self._require_adapted("explain")
        chunks = list(self._read(sentences.without_tags(x)))
        ids = self._ids(chunks)
        chunks = [chunk.as_texts() for chunk in chunks]
        rows = zip(
            _one_by_one(chunks),
            self._answer(ids),
            self._run(self._weigh, ids),
            strict=True,
        )
        return Markings(
            Marking(
                text=chunk.texts[place],
                entities=_entities(chunk, place, *answer),
                tokens=[word.decode() for word in chunk.tokens[place]],
                spans=chunk.spans(place),
                labels=list(self.labels),
                marginals=marginals,
            )
            for (chunk, place), answer, (marginals,) in rows
        )

    @tf.function(reduce_retracing=True, autograph=False)
    def _weigh(self, inputs):
        """Probability of each label at each word, `(batch, time, labels)`."""
        potentials = self(inputs, training=False)
        marginals = self.crf.marginals(potentials, _mask(inputs))
        names = [tagging.split(tag)[1] for tag in self.tag_set.names]
        member = [[name == label for label in self.labels] for name in names]
        return (tf.tensordot(marginals, tf.constant(member, tf.float32), 1),)

    # Serving and saving.

    def export(self, directory, overwrite=True):
        """Writes a SavedModel that takes raw strings.

        Its signatures:

        - `serving_default`, with `text: string (n,)`: `tokens` string,
          `tags` string in BIO, `scores` float32 (see `decode`), and `starts`
          and `ends` int32, in characters of the text, `(n, words)`, padded
          with "" and zeros; and `counts` int32 `(n,)`, the number of words.
        - `tokens`, with `tokens: string (n, words)`, padded with "": `tags`,
          `scores` and `counts`.

        Args:
            directory: Where to write.
            overwrite: Whether an existing directory is replaced.
        """
        self._require_adapted("export")
        names = tf.constant(self.bio_names)

        def answer(tokens):
            ids = self._select(self.reader(tokens))
            ids = tf.nest.map_structure(pad, ids)
            tags, scores = self.decode(ids)
            mask = _mask(ids)
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

        export(
            directory,
            {"serving_default": serve, "tokens": serve_tokens},
            [weight.value for weight in self.weights],
            [self.reader.vocabulary.table, self.reader.characters.table],
            overwrite=overwrite,
        )

    def get_config(self):
        return {
            **super().get_config(),
            "crf": self.has_crf,
            "tag_scheme": self.tag_set.scheme,
            "lowercase": self.lowercase,
            "normalize_digits": self.normalize_digits,
            "min_count": self.min_count,
            "max_characters": self.max_characters,
            "dropout": self.dropout.rate,
        }

    # Details.

    def _adopt(self, saved):
        self.tag_names = saved.tag_names
        self.tag_set = saved.tag_set
        self.tokenizer = saved.tokenizer
        self.lowercase = saved.lowercase
        self.normalize_digits = saved.normalize_digits
        self._start(
            saved.reader.vocabulary.tokens,
            saved.reader.characters.tokens,
            saved.labels,
        )
        self.build()

    def _start(self, vocabulary, characters, labels):
        self.reader = words.WordReader(
            vocabulary,
            characters,
            lowercase=self.lowercase,
            normalize_digits=self.normalize_digits,
            max_characters=self.max_characters,
        )
        self.tag_set = tagging.TagSet(labels, self.tag_set.scheme)
        self.features.embedding.input_dim = len(self.reader.vocabulary)
        if self.features.characters is not None:
            embedding = self.features.characters.embedding
            embedding.input_dim = len(self.reader.characters)
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


def _mask(inputs):
    return inputs["words"] != PADDING


def _one_by_one(chunks):
    """For each sentence its `Sentences` and its place there."""
    for chunk in chunks:
        for place in range(len(chunk.tokens)):
            yield chunk, place


def _entities(sentence, place, tags, scores):
    """Entities of one of `Sentences`."""
    found = []
    for label, first, last in tagging.to_spans(tags):
        if sentence.texts is None:
            start, end = first, last
            name = b" ".join(sentence.tokens[place][first:last]).decode()
        else:
            start = sentence.starts[place][first]
            end = sentence.ends[place][last - 1]
            name = sentence.texts[place][start:end]
        found.append(Entity(name, label, start, end, float(scores[first])))
    return found
