"""Character classes of RE2: scripts without spaces, and punctuation."""


def _class(codes):
    """A class of code points, as Unicode's files list them."""
    ranges = (each.split("-") for each in codes.split())
    return "".join(
        "-".join(rf"\x{{{code}}}" for code in ends) for ends in ranges
    )


# A character is a word, or near to one.
IDEOGRAPHS = r"\p{Han}\p{Hiragana}\p{Katakana}"
# Spaces end clauses, and only a dictionary knows where words end.
CLAUSES = (
    r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
    r"\p{Tai_Le}\p{New_Tai_Lue}\p{Tai_Tham}\p{Tai_Viet}"
)
# Tibetan ends syllables with a mark of its own.
UNSPACED = rf"{IDEOGRAPHS}{CLAUSES}\p{{Tibetan}}"

# Unicode's Sentence_Terminal, of the scripts of today.
SENTENCE_ENDS = _class(
    "21 2E 3F 589 61D-61F 6D4 700-702 7F9 837 839 83D-83E 964-965 104A-104B "
    "1362 1367-1368 166E 1735-1736 17D4-17D5 1803 1809 1944-1945 1AA8-1AAB "
    "1B4E-1B4F 1B5A-1B5B 1B5E-1B5F 1B7D-1B7F 1C3B-1C3C 1C7E-1C7F 2024 "
    "203C-203D 2047-2049 2CF9-2CFB 2E2E 2E3C 2E53-2E54 2E60-2E61 3002 A4FF "
    "A60E-A60F A6F3 A6F7 A876-A877 A8CE-A8CF A92F A9C8-A9C9 AA5D-AA5F "
    "AAF0-AAF1 ABEB FE12 FE15-FE16 FE52 FE56-FE57 FF01 FF0E FF1F FF61"
)

# The others of Unicode's Terminal_Punctuation.
CLAUSE_ENDS = _class(
    "2C 3A-3B 37E 387 5C3 60C 61B 703-70A 70C 7F8 830-835 838 83A-83C 85E "
    "E5A-E5B F08 F0D-F12 1361 1363-1366 16EB-16ED 17D6 17DA 1802 1804-1805 "
    "1808 1B5D 1C3D-1C3F 2E41 2E4C 2E4E-2E4F 3001 A4FE A60D A6F4-A6F6 A9C7 "
    "AADF FE50-FE51 FE54-FE55 FF0C FF1A-FF1B FF64"
)
