"""Scores of an order of candidates, as trec_eval counts them."""

import numpy as np


def mean_average_precision(scores, relevant, questions):
    """Mean over the questions of the average precision of their candidates.

    The precision at each relevant candidate, in the order of the scores, is
    averaged over the relevant candidates of a question. A question without any
    has 0, as in trec_eval. Of candidates with equal scores, those that come
    later in the data are ahead, as trec_eval, which sorts them by falling
    names, has them if names rise.

    Args:
        scores: float `(n,)`, higher for better candidates.
        relevant: `(n,)`, 1 or `True` for relevant candidates.
        questions: int `(n,)`, the question that each belongs to.

    Examples:

    >>> from rnnzoo.scoring import mean_average_precision
    >>> mean_average_precision([0.9, 0.8, 0.7], [1, 0, 1], [0, 0, 0])
    0.8333333333333333
    """

    def of(hits):
        precisions = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        return np.sum(precisions * hits) / max(np.sum(hits), 1)

    return _mean(of, scores, relevant, questions)


def mean_reciprocal_rank(scores, relevant, questions):
    """Mean over the questions of 1 / rank of the first relevant candidate.

    Args:
        scores, relevant, questions: See `mean_average_precision`.

    Examples:

    >>> from rnnzoo.scoring import mean_reciprocal_rank
    >>> mean_reciprocal_rank([0.9, 0.8, 0.7], [0, 1, 1], [0, 0, 0])
    0.5
    """

    def of(hits):
        return 1 / (1 + np.argmax(hits)) if hits.any() else 0.0

    return _mean(of, scores, relevant, questions)


def _mean(of, scores, relevant, questions):
    scores, relevant, questions = map(np.asarray, (scores, relevant, questions))
    # By question, falling score and falling place.
    order = np.lexsort((-np.arange(len(scores)), -scores, questions))
    _, firsts = np.unique(questions[order], return_index=True)
    hits = np.split(relevant[order].astype(bool), firsts[1:])
    return float(np.mean([of(each) for each in hits]))
