"""A module for each command, whose `run` gets the parsed arguments."""
