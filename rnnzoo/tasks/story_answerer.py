"""Answers to questions about stories, with the sentences that decided."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from rnnzoo.checks import check_positive, check_rate
from rnnzoo.explain import Recall, Recalls
from rnnzoo.graphs import traced
from rnnzoo.pipeline.examples import Examples
from rnnzoo.pipeline.stories import SCHEMA
from rnnzoo.tasks.answer_classifier import Answer, AnswerClassifier
from rnnzoo.tasks.columns import Columns
from rnnzoo.tasks.story_texts import WithStories
from rnnzoo.tasks.vocabularies import WithVocabulary


@keras.saving.register_keras_serializable(package="rnnzoo")
class StoryAnswerer(WithStories, WithVocabulary, AnswerClassifier):
    """Answers questions about stories, by one of the answers that it knows.

    A story is a list of sentences, or a text, which is split into sentences.
    Wherever a method takes raw data, it takes datasets and tables of `story`,
    `question` and `answer`, a tuple `((stories, questions), answers)`, or a
    list of triples. Where they have `supporting`, the places of the sentences
    that an answer follows from (from 0), `evaluate` says for each hop how often
    the strongest sentence is one of them: `support_hop_1` and so on.

    The answers are those that `adapt` has seen, each a class; one of several
    words, such as "apple,milk", is a class of its own. In `evaluate`, an answer
    that `adapt` has not seen counts as wrong, and the loss leaves it out. Words
    that it has not seen have one vector, a story without words is answered by
    the question alone.

    Args:
        network: A layer that maps `{"memory": ids, "question": ids}` to a
            vector, and has `answer_vectors` to compare it with:
            `rnnzoo.layers.MemoryNetwork` or `StoryReader`. Its `embedding` has
            the rows of the vocabulary, to which answers belong; with
            `input_dim=None`, as many as the vocabulary has ids.
        max_sentences: Sentences read of a story, the last ones.
        max_words: Words read of a sentence or a question, the first ones.
        tokenizer: `rnnzoo.text.Tokenizer` or `rnnzoo.text.SubwordTokenizer`;
            words in lower case by default.
        vocabulary_size: Most ids that `adapt` gives out to words, those of
            padding and unknown words included.
        min_count: Words seen less often in `adapt` are unknown.
        linear_share: Share of the epochs of `fit` in which the hops have no
            softmax in training, the first ones, where the network has a switch
            for it; rounded down. Sukhbaatar et al. 2015, section 4.1: linear
            start.
        label_smoothing: Share of the probability of an answer that all answers
            get in the loss.
        labels: The answers; by default learned by `adapt`.
        vocabulary: Tokens from id 2 on; by default learned by `adapt`.
        recipe: `rnnzoo.Recipe`, the training defaults.

    Examples:

    >>> import rnnzoo
    >>> model = rnnzoo.build("memory_network_answerer", units=8)
    >>> stories = [
    ...     ["Mary went to the kitchen.", "John took the milk."],
    ...     "Mary went to the garden. John went to the kitchen.",
    ... ]
    >>> questions, answers = ["Where is Mary?"] * 2, ["kitchen", "garden"]
    >>> model.adapt((stories, questions), answers, verbose=0)
    >>> model.compile()
    >>> history = model.fit((stories, questions), answers, verbose=0)
    >>> model.answer(stories, questions)[0].answer in answers
    True
    >>> model.explain(stories, questions)[0].weights.shape
    (2, 3)
    """

    kind = "story_answering"
    verb = "answer"
    schema = SCHEMA
    unit_name = "question"
    input_name = "question"
    most_at_once = 1024  # fewer, if stories are long
    parts = ("network", "tokenizer")
    reads_by = ("max_sentences", "max_words")

    def __init__(
        self,
        network,
        *,
        max_sentences=50,
        max_words=60,
        linear_share=0.0,
        vocabulary=None,
        **kwargs,
    ):
        super().__init__(max_words=max_words, **kwargs)
        check_positive("max_sentences", max_sentences)
        check_rate("linear_share", linear_share)
        self.network = network
        self.max_sentences = max_sentences
        self.linear_share = linear_share
        if vocabulary is not None:
            self.take(labels=self.labels, vocabulary=vocabulary)

    # What is learned.

    @property
    def learned(self):
        return {"labels": self.labels, **super().learned}

    @property
    def word_embedding(self):
        return self.network.embedding

    def embedded(self):
        return {"vocabulary": self.word_embedding}

    def indexed(self):
        yield self.word_embedding.embeddings, {0: "vocabulary"}

    def count(self, chunk, counts, labels):
        super().count(chunk, counts, labels)
        sentences = [s for each in self.sentences_of(chunk) for s in each]
        for texts in (sentences, chunk["question"].tolist()):
            self.count_tokens(tf.constant(texts, tf.string), counts)

    def learn(self, counts, labels):
        labels = self.answers_in(counts, labels)
        tokens = (*self.learn_tokens(counts), *self._tokens_of(labels))
        tokens = dict.fromkeys(tokens)
        return {"labels": labels, "vocabulary": tuple(tokens)}

    def take(self, labels, vocabulary):
        self.take_answers(labels)
        self.take_tokens(vocabulary)
        tokens = tf.constant(self._tokens_of(self.labels), tf.string)
        self.answer_ids = self.vocabulary(tokens).numpy()
        self.build()

    def _tokens_of(self, answers):
        """The token of each answer: the word that it is, or all of it.

        So an answer has the vector of the word in stories; and any other, such
        as "apple,milk", one of its own.
        """
        found = self.words_in(tf.constant(answers, tf.string)).to_list()
        tokens = []
        for answer, words in zip(answers, found, strict=True):
            word = words[0].decode() if len(words) == 1 else answer
            is_free = word not in answers and word not in tokens
            tokens.append(word if is_free else answer)
        return tokens

    # From raw stories to ids.

    def read(self, x, y=None, sample_weight=None):
        """As of all tasks; `x` may be `((stories, questions), answers)`."""
        if y is None and isinstance(x, tuple) and isinstance(x[0], tuple):
            x, y, *_ = x
        return super().read(x, y, sample_weight)

    def encode_chunk(self, chunk):
        stories = self.sentences_of(chunk)
        flat = [sentence for story in stories for sentence in story]
        read = self._ids(
            tf.constant(flat, tf.string),
            tf.constant(np.cumsum([0, *map(len, stories)]), tf.int64),
            tf.constant(chunk["question"].tolist(), tf.string),
        )
        labels, kept = None, None
        if "answer" in chunk:
            labels = self.label_ids(chunk)
        if "supporting" in chunk:
            pairs = zip(
                read["places"].to_list(), chunk["supporting"], strict=True
            )
            kept = {
                "supporting": [
                    [i for i, place in enumerate(places) if place in facts]
                    for places, facts in pairs
                ]
            }
        inputs = {name: read[name] for name in ("memory", "question")}
        return Columns(inputs, labels, kept=kept)

    # From ids to probabilities.

    def build(self, input_shape=None):
        if not self.network.built:  # by loading, or by an earlier call
            self.network.build({"memory": (None,) * 3, "question": (None,) * 2})
        self.built = True

    def call(self, inputs, training=None):
        """Probabilities `(batch, answers)`.

        Args:
            inputs: Dict of right padded ids: `"memory"` `(batch, sentences,
                words)` and `"question"` `(batch, words)`.
        """
        return self._compare_with_answers(
            self.network(inputs, training=training)
        )

    def attend(self, inputs):
        """Probabilities, and the weights of sentences that led to them.

        Returns:
            Tuple of `(batch, answers)`, and `(batch, hops, sentences)`.
        """
        vectors, weights = self.network(
            inputs, training=False, return_attention_scores=True
        )
        return self._compare_with_answers(vectors), weights

    def _compare_with_answers(self, vectors):
        answers = self.network.answer_vectors(self.answer_ids)
        scores = tf.matmul(vectors, answers, transpose_b=True)
        return keras.activations.softmax(tf.cast(scores, tf.float32))

    @property
    def attends(self):
        """Whether the network attends to sentences, in hops."""
        return hasattr(self.network, "hops")

    # Training.

    def fit(self, *args, callbacks=None, **kwargs):
        """As of all tasks, with a linear start."""
        callbacks = keras.tree.flatten(callbacks or [])
        return super().fit(
            *args, callbacks=[_LinearStart(), *callbacks], **kwargs
        )

    def score(self, examples, quick=False):
        """Shares of the questions whose strongest sentence is a supporting one.

        Returns:
            Dict of `"support_hop_1"` and so on, shares of the questions with
            supporting sentences; empty if `quick`, or without any.
        """
        if quick:
            return {}
        super().score(examples)
        facts = examples.raw.get("supporting", ())
        if not self.attends or not any(map(len, facts)):
            return {}
        strongest = examples.run(self._strongest, self.most_at_once)
        found = [
            np.isin(places, each)
            for places, each in zip(strongest, facts, strict=True)
            if len(each)
        ]
        shares = np.mean(found, axis=0)
        return {f"support_hop_{i}": s for i, s in enumerate(shares, 1)}

    @traced
    def _strongest(self, inputs):
        return tf.argmax(self.attend(inputs)[1], axis=2)  # (batch, hops)

    # Answers.

    def answer(
        self,
        stories: Any,
        questions: Any = None,
        batch_size: int | None = None,
        verbose: int = 0,
    ) -> list[Answer]:
        """The most probable answer to each question.

        Args:
            stories: List of stories, each a list of sentences or a text; or
                raw examples with questions, see the class.
            questions: List of questions, one for each story; or one question,
                about one story. `None` if the examples have them.
            batch_size, verbose: See `predict`.

        Returns:
            List of `Answer`.
        """
        self._require_adapted("answer")
        data = _together(stories, questions)
        return self.answers_of(self.predict(data, batch_size, verbose))

    def explain(self, stories: Any, questions: Any = None) -> Recalls:
        """Shows what each hop looked at, in each story.

        Args:
            stories, questions: See `answer`. Where examples have supporting
                sentences, these are marked.

        Returns:
            `rnnzoo.explain.Recalls`, one for each question.
        """
        self._require_adapted("explain")
        if not self.attends:
            return super().explain(stories)
        recalls = Recalls()
        for chunk in self.read_inputs(_together(stories, questions)):
            told = self.sentences_of(chunk)
            inputs = {
                "memory": tf.ragged.constant(told, tf.string, ragged_rank=1),
                "question": tf.constant(chunk["question"].tolist(), tf.string),
            }
            rows = Examples.of(inputs).run(self._explained, self.most_at_once)
            facts = [None] * len(told)
            if "supporting" in chunk:
                facts = chunk["supporting"]
            recalls += map(_recall, told, chunk["question"], rows, facts)
        return recalls

    def _explain(self, inputs):
        """Answers and the weights of sentences, in the graph; see `served`."""
        story = inputs["memory"]
        read, places = self.padded_ids(story, inputs["question"])
        probabilities, weights = self.attend(read)
        # Back to the sentences as they were given: (n, sentences, hops)
        weights = tf.transpose(weights, [0, 2, 1])
        shape = tf.shape(story)
        size = tf.stack([shape[0], shape[1], self.network.hops])
        rows = tf.cast(places.value_rowids(), tf.int32)
        exists = tf.sequence_mask(places.row_lengths(), tf.shape(weights)[1])
        weights = tf.scatter_nd(
            tf.stack([rows, places.values], axis=1),
            tf.boolean_mask(weights, exists),
            size,
        )
        is_read = tf.scatter_nd(
            tf.stack([rows, places.values], axis=1),
            tf.ones_like(rows),
            size[:2],
        )
        return {
            **self._best(probabilities),
            "weights": weights,
            "read": is_read,
        }

    _explained = traced(_explain)

    def _best(self, probabilities):
        best = tf.argmax(probabilities, axis=1)
        return {
            "answer": tf.gather(tf.constant(self.label_names), best),
            "score": tf.reduce_max(probabilities, axis=1),
        }

    # Serving and saving.

    def served(self):
        """The signatures of the export.

        Each takes `story: string (n, sentences)`, padded with "", and
        `question: string (n,)`.

        - `serving_default`: `answer` string and `score` float32, `(n,)`.
        - `ranked`: all `answers` that the model knows, string `(n, answers)`,
          the most probable first, and their `scores`.
        - `explain`, if the network attends: `answer` and `score`; the float32
          `weights` `(n, sentences, hops)` of the sentences, which are zero at
          those that are not read, and whether each is `read`, 1 or 0.
        """
        signature = [
            tf.TensorSpec([None, None], tf.string, name="story"),
            tf.TensorSpec([None], tf.string, name="question"),
        ]
        names = tf.constant(self.label_names)

        def probabilities(story, question):
            return self(self.padded_ids(story, question)[0], training=False)

        @tf.function(input_signature=signature, autograph=False)
        def serve(story, question):
            return self._best(probabilities(story, question))

        @tf.function(input_signature=signature, autograph=False)
        def ranked(story, question):
            found = probabilities(story, question)
            scores, places = tf.math.top_k(found, self.num_classes)
            return {"answers": tf.gather(names, places), "scores": scores}

        @tf.function(input_signature=signature, autograph=False)
        def explain(story, question):
            return self._explain({"memory": story, "question": question})

        signatures = {"serving_default": serve, "ranked": ranked}
        return signatures | ({"explain": explain} if self.attends else {})

    def to_serve(self, x):
        stories, questions = [], []
        for chunk in self.read_inputs(x):
            stories += self.sentences_of(chunk)
            questions += chunk["question"].tolist()
        most = max([1, *map(len, stories)])
        stories = [each + [b""] * (most - len(each)) for each in stories]
        return {"story": stories, "question": questions}

    def comparable(self, x):
        return [([each.answer], [each.score]) for each in self.answer(x)]

    def comparable_served(self, outputs):
        pairs = zip(outputs["answer"], outputs["score"], strict=True)
        return [([answer], [score]) for answer, score in pairs]

    def get_config(self):
        return {
            **super().get_config(),
            "max_sentences": self.max_sentences,
            "linear_share": self.linear_share,
        }


class _LinearStart(keras.callbacks.Callback):
    """Takes the softmax of the hops away in the first epochs."""

    def on_epoch_begin(self, epoch, logs=None):
        network = self.model.network
        if getattr(network, "linear_start", False):
            count = math.floor(self.model.linear_share * self.params["epochs"])
            network.linear.assign(float(epoch < count))


def _together(stories, questions):
    """Raw examples of stories and their questions."""
    return stories if questions is None else (stories, questions)


def _recall(story, question, row, supporting):
    """A `rnnzoo.explain.Recall` of what the graph made of a question."""
    is_read = row["read"][: len(story)] > 0
    return Recall(
        story=[each.decode() for each in story],
        question=question.decode(),
        answer=row["answer"].decode(),
        score=float(row["score"]),
        weights=row["weights"][: len(story)],
        is_read=is_read,
        supporting=supporting,
    )
