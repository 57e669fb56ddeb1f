"""Raw poems, as texts or as lists of lines."""

import tensorflow as tf

from rnnzoo.pipeline.schema import Text
from rnnzoo.text.strings import check_texts


class Poem(Text):
    """A text, or a list of its lines; a column is an array of `bytes`.

    Line breaks join the lines. A feature is a list if it is named `lines`.
    """

    def fits(self, dtype, rank):
        return dtype == "S" and rank < 2

    def rank(self, spec, key=None):
        return 1 if key == "lines" else 0

    def convert(self, value):
        if value.shape.rank == 0:
            return value
        return tf.strings.reduce_join(value, separator="\n")

    def check(self, column, argument, first):
        rows = [
            _joined(row, argument, place)
            for place, row in enumerate(column, first)
        ]
        return super().check(rows, argument, first)


def _joined(poem, argument, place):
    """A text as it is, or the text of lines."""
    if isinstance(poem, (str, bytes)) or not hasattr(poem, "__iter__"):
        return poem
    lines = check_texts(list(poem), f"{argument}[{place}]")
    return b"\n".join(lines)
