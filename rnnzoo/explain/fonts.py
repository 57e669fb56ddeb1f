"""Fonts of this machine that together have some characters."""

import functools
import itertools
import os
import re
import unicodedata
import warnings

from matplotlib import font_manager

FAMILY = "DejaVu Sans"  # comes with matplotlib
INVISIBLE = ("Cc", "Cf", "Mn", "Me")  # joiners, marks, selectors, controls
_MOST_NAMED = 10  # of the characters that no font has


@functools.lru_cache
def families(characters):
    """Font families of this machine that together have all the characters."""
    families = [FAMILY]
    missing = {
        character
        for character in characters
        if not character.isspace()
        and unicodedata.category(character) not in INVISIBLE
        and not has([face(FAMILY, "normal")], character)
    }
    for entry in itertools.chain(_listed_fonts(), _new_fonts()):
        if not missing:
            return families
        faces = [font_manager.get_font(entry.fname)]
        found = {character for character in missing if has(faces, character)}
        if found:
            families.append(entry.name)
            missing -= found
    if missing:
        some = "".join(sorted(missing)[:_MOST_NAMED])
        warnings.warn(
            f"No font of this machine has {some!r}: {len(missing)} of the "
            "characters are drawn as boxes. A page (.html) needs no font; a "
            "picture needs one, such as Noto Sans CJK for Chinese.",
            stacklevel=2,
        )
    return families


def _listed_fonts():
    """The fonts that matplotlib knows, those like ours first."""
    return _usual(font_manager.fontManager.ttflist)


def _new_fonts():
    """Yields fonts installed since matplotlib last looked for them."""
    manager = font_manager.fontManager
    known = {os.path.realpath(entry.fname) for entry in manager.ttflist}
    for path in sorted(font_manager.findSystemFonts()):
        if os.path.realpath(path) in known:
            continue
        before = len(manager.ttflist)
        try:
            manager.addfont(path)
        except (OSError, RuntimeError):  # no font, or a broken one
            continue
        yield from _usual(manager.ttflist[before:])


def _usual(entries):
    """Fonts that draw text as ours, the best first."""
    return sorted(
        (
            entry
            for entry in entries
            # The last resort has a box for everything; colours are not drawn.
            if entry.style == "normal"
            and not re.search("Last ?Resort|Color", entry.name)
        ),
        key=lambda entry: (_kind(entry.name), entry.weight != 400, entry.name),
    )


def _kind(name):
    """0 for a family without serifs, 2 for one of another kind, or 1."""
    if re.search("Serif|Mono|Ming|Song|Mincho", name):
        return 2
    return 0 if re.search("Sans|Gothic|Hei", name) else 1


def face(family, weight):
    properties = font_manager.FontProperties(family=family, weight=weight)
    return font_manager.get_font(font_manager.findfont(properties))


def has(faces, character):
    return any(face.get_char_index(ord(character)) for face in faces)
