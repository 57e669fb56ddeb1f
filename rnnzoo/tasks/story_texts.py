"""Stories and questions as ids, in the graph."""

import tensorflow as tf

from rnnzoo import text
from rnnzoo.graphs import traced
from rnnzoo.ids import pad


class WithStories:
    """A task that reads stories, sentence by sentence, and questions.

    It has a `tokenizer`, a `vocabulary`, and the limits `max_sentences` and
    `max_words`.
    """

    @text.traced_texts
    def words_in(self, texts):
        return self.tokenizer(texts).words[:, : self.max_words]

    def sentences_of(self, chunk):
        """The stories of a chunk as lists of sentences, in UTF-8."""
        texts = [each for each in chunk["story"] if isinstance(each, bytes)]
        split = iter(self._split(texts))
        return [
            next(split) if isinstance(each, bytes) else each
            for each in chunk["story"]
        ]

    def _split(self, texts):
        if not texts:
            return
        borders = self._borders(tf.constant(texts, tf.string))
        borders = [each.to_list() for each in borders]
        for each, starts, ends in zip(texts, *borders, strict=True):
            each = each.decode()
            pairs = zip(starts, ends, strict=True)
            yield [each[start:end].encode() for start, end in pairs]

    @text.traced_texts
    def _borders(self, texts):
        tokens = self.tokenizer.sentences(texts)
        return (
            tf.reduce_min(tokens.starts, axis=2),
            tf.reduce_max(tokens.ends, axis=2),
        )

    def ids_of(self, sentences, splits, questions):
        """The ids of stories and questions, in the graph.

        Args:
            sentences: String tensor `(m,)`, those of all stories.
            splits: int64 `(n + 1,)`, where stories begin and end.
            questions: String tensor `(n,)`.

        Returns:
            Dict of the ragged int32 tensors `"memory"` `(n, None, None)`, the
            last sentences that have words, `"question"` `(n, None)`, and
            `"places"` `(n, None)`, the places of these sentences in the story.
        """
        words = self.tokenizer(sentences).words[:, : self.max_words]
        stories = tf.RaggedTensor.from_row_splits(
            sentences, splits, validate=False
        )
        rows = stories.value_rowids()
        exists = words.row_lengths() > 0
        count = tf.cumsum(tf.cast(exists, tf.int64))  # up to a sentence
        count = tf.concat([[0], count], axis=0)
        after = tf.gather(count, tf.gather(splits, rows + 1)) - count[1:]
        kept = tf.where(exists & (after < self.max_sentences))[:, 0]
        rows = tf.gather(rows, kept)

        def by_story(values):
            return tf.RaggedTensor.from_value_rowids(
                values, rows, nrows=stories.nrows(), validate=False
            )

        places = kept - tf.gather(splits, rows)
        question = self.tokenizer(questions).words[:, : self.max_words]
        return {
            "memory": by_story(self.vocabulary(tf.gather(words, kept))),
            "question": self.vocabulary(question),
            "places": by_story(tf.cast(places, tf.int32)),
        }

    _ids = traced(ids_of)

    def padded_ids(self, story, question):
        """Inputs of `call`, right padded, and the places; see `ids_of`.

        Args:
            story: String tensor `(n, sentences)`, padded with "".
            question: String tensor `(n,)`.
        """
        shape = tf.shape(story, tf.int64)
        splits = tf.range(shape[0] + 1) * shape[1]
        read = self.ids_of(tf.reshape(story, [-1]), splits, question)
        places = read.pop("places")
        return {name: pad(each) for name, each in read.items()}, places
