"""Entities in sentences, from the tags of their words."""

import dataclasses

from rnnzoo.text import tagging


@dataclasses.dataclass(frozen=True)
class Entity:
    """A named entity in a text.

    Attributes:
        text: The entity as it is written; words are joined by spaces.
        label: The kind of entity.
        start: Where it starts, in characters of the text; or, if the sentence
            was a list of words, its first word.
        end: Where it ends: `text[start:end]`, or `words[start:end]`.
        score: Probability that exactly these words are such an entity.
    """

    text: str
    label: str
    start: int
    end: int
    score: float


def entities_of(sentences, place, tags, scores):
    """The entities of a sentences.

    Args:
        sentences: `rnnzoo.pipeline.sentences.Sentences`.
        place: Which of them.
        tags: The tags of its words, strings in any scheme.
        scores: For each word the probability of its entity.

    Returns:
        List of `Entity`.

    Examples:

    >>> from rnnzoo.pipeline.sentences import Sentences
    >>> from rnnzoo.tasks.entities import entities_of
    >>> one = Sentences([[b"New", b"York", b"!"]])
    >>> entities_of(one, 0, ["B-LOC", "I-LOC", "O"], [0.5, 0.5, 0.75])
    [Entity(text='New York', label='LOC', start=0, end=2, score=0.5)]
    """
    found = []
    for label, first, last in tagging.to_spans(tags):
        if sentences.texts is None:
            start, end = first, last
            name = b" ".join(sentences.tokens[place][first:last]).decode()
        else:
            start = sentences.starts[place][first]
            end = sentences.ends[place][last - 1]
            name = sentences.texts[place][start:end]
        found.append(Entity(name, label, start, end, float(scores[first])))
    return found
