"""How a script names its Python, also where the checkout's path has a space."""

import sys


def shebang(python: str = sys.executable) -> str:
    """Give a script's first lines; the kernel splits a plain line at its first space.

    The longer form is read twice: by sh, which starts Python, and by Python, to which it is a text.
    """
    if " " not in python:
        return f"#!{python}"
    return f"#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''"
