"""The options of models that write texts."""


def add_limits(command):
    """Adds those of a search for the best texts, and returns their group."""
    group = command.add_argument_group("of models that write texts")
    group.add_argument(
        "--beam-width",
        type=int,
        metavar="N",
        help="unfinished texts that the search continues",
    )
    group.add_argument(
        "--max-length", type=int, metavar="N", help="most tokens of a text"
    )
    group.add_argument(
        "--min-length", type=int, metavar="N", help="fewest tokens"
    )
    group.add_argument(
        "--block-ngrams",
        type=int,
        metavar="N",
        help="size of the n-grams that a text has only once",
    )
    group.add_argument(
        "--length-penalty",
        type=float,
        metavar="EXPONENT",
        help="exponent of the length in scores; higher for longer texts",
    )
    return group


def add_sampling(command):
    """Adds those of texts that are drawn."""
    group = command.add_argument_group(
        "of language models, which continue texts"
    )
    group.add_argument(
        "--count", type=int, metavar="N", help="number of texts of each"
    )
    group.add_argument(
        "--temperature",
        type=float,
        metavar="T",
        help="divisor of the logits; 0 takes the likeliest token",
    )
    group.add_argument(
        "--top-k",
        type=int,
        metavar="N",
        help="number of the likeliest tokens that are drawn from; 0: all",
    )
    group.add_argument(
        "--top-p",
        type=float,
        metavar="P",
        help="probability of the likeliest tokens, which are drawn from",
    )
    group.add_argument(
        "--seed", type=int, metavar="N", help="draws the same texts again"
    )


def add_verse(command):
    """Adds those of poems."""
    group = command.add_argument_group(
        "of models that write poems whose lines begin with given characters"
    )
    group.add_argument(
        "--line-length", type=int, metavar="N", help="characters of a line"
    )
    group.add_argument(
        "--tones",
        type=_switch,
        metavar="RULE",
        help="on or off: whether tones alternate; or level or oblique, the "
        "tone that poems begin with",
    )
    group.add_argument(
        "--rhymes",
        type=_switch,
        metavar="RULE",
        help="on or off: whether lines rhyme; or the name of the rhyme",
    )


def _switch(value):
    return {"on": True, "off": False}.get(value, value)
