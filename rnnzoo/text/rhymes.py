"""Tones and rhymes of Chinese characters, from a table."""

import functools
from pathlib import Path

PINGSHUI = Path(__file__).parent / "pingshui.tsv"
TONES = ("level", "rising", "departing", "entering")


class RhymeTable:
    """The tones and the rhymes of characters.

    Regulated verse tells level tones from all others, which it calls oblique,
    and has rhymes of level tones. A character that is read in several ways may
    have both tones, and several rhymes.

    Args:
        rows: Sequence of `(tone, name, characters)`, one for each rhyme, whose
            tone is one of `"level"`, `"rising"`, `"departing"` and
            `"entering"`.

    Attributes:
        rows: Tuple of the rows.
        level, oblique: Sets of the characters of each tone.
        rhymes: Dict of the name of each level rhyme to its characters, in the
            order of the table.

    Raises:
        ValueError: If a row is of another form, or if two level rhymes have
            the same name.

    Examples:

    >>> from rnnzoo.text import RhymeTable
    >>> table = RhymeTable.read()
    >>> len(table.rows), len(table.rhymes)
    (106, 30)
    >>> table.rhymes_of("風"), table.rhymes_of("月")
    (('東',), ())
    >>> "看" in table.level, "看" in table.oblique
    (True, True)
    """

    def __init__(self, rows):
        self.rows = tuple(tuple(row) for row in rows)
        for place, row in enumerate(self.rows):
            if len(row) != 3 or row[0] not in TONES or not all(row):
                raise ValueError(
                    "Invalid value for argument `rows`. Expected a tone, one "
                    f"of {', '.join(TONES)}, the name of a rhyme and its "
                    f"characters. Received: rows[{place}]={row!r:.80}"
                )
        level = [row[1:] for row in self.rows if row[0] == "level"]
        self.rhymes = dict(level)
        if not level or len(self.rhymes) < len(level):
            raise ValueError(
                "Invalid value for argument `rows`. Expected level rhymes, "
                "each with a name of its own. Received: "
                f"{[name for name, _ in level]!r:.80}"
            )
        self.level = frozenset("".join(self.rhymes.values()))
        self.oblique = frozenset(
            "".join(row[2] for row in self.rows if row[0] != "level")
        )

    @classmethod
    def read(cls, path=None):
        """Reads a table.

        Args:
            path: A text file in UTF-8 whose lines are rows with tabs between
                their entries; those that begin with `#` are left out. By
                default the 106 rhymes of the Pingshui scheme (平水韻), which
                came to be the standard of regulated verse, in traditional
                characters.

        Returns:
            `RhymeTable`.

        Raises:
            OSError: If there is no such file.
            ValueError: If a row is of another form.
        """
        lines = Path(path or PINGSHUI).read_text(encoding="utf-8").splitlines()
        return cls(
            line.split("\t") for line in lines if line and line[0] != "#"
        )

    def rhymes_of(self, character):
        """Tuple of the names of the level rhymes that a character has."""
        return self._names.get(character, ())

    @functools.cached_property
    def _names(self):
        names = {}
        for name, characters in self.rhymes.items():
            for each in dict.fromkeys(characters):
                names[each] = (*names.get(each, ()), name)
        return names

    def get_config(self):
        return {"rows": self.rows}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def __repr__(self):
        return f"<RhymeTable of {len(self.rows)} rhymes>"
