"""Errors in the words of the command."""

import re


def in_options(message, options):
    """An error in the words of the command.

    Args:
        message: What Python's users read.
        options: Dict of the name of an argument of Python to the option of the
            command, as it is written.
    """
    message = re.sub(r"\(`\w+(?:=\w+)?`, (--[\w-]+)\)", r"(\1)", message)
    message = message.replace("`rnnzoo.list_models()`", "`rnnzoo list`")
    message = re.sub(
        r"`rnnzoo\.describe\('(\w+)'\)`", r"`rnnzoo describe \1`", message
    )
    for name, option in options.items():
        for kind in ("argument ", ""):
            message = message.replace(f"{kind}`{name}`", option)
        if option.startswith("--no-"):
            message = message.replace(f"{name}=False", option)
        between = "=" if option.startswith("--set") else " "
        message = re.sub(rf"\b{name}=(?=\S)", option + between, message)
    return message


def one_line(error):
    """The message of an error, on one line."""
    # An error of the system has its reason and, often, the file's name.
    if isinstance(error, OSError) and error.strerror and not error.filename:
        return " ".join(error.strerror.split())
    return " ".join(str(error).split())
