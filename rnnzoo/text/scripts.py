"""Scripts that put no spaces between words, as character classes of RE2."""

# A character is a word, or near to one.
IDEOGRAPHS = r"\p{Han}\p{Hiragana}\p{Katakana}"
# Spaces end clauses, and only a dictionary knows where words end.
CLAUSES = (
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}"
)
# Tibetan ends syllables with a mark of its own.
UNSPACED = rf"{IDEOGRAPHS}{CLAUSES}\p{{Tibetan}}"
