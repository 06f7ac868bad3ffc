#!/usr/bin/env python3
"""precompile.py COMPILER ARGUMENTS…: runs that and, where it makes a precompiled header, leaves the sum of what went into it
beside it (NAME.pch.sum), for ccache. Comments, line numbers and where the clone lies make no difference to the sum."""
import hashlib
import pathlib
import subprocess
import sys


def preprocessing(command):
    """The same command, but the text goes to standard output and nothing is written."""
    out, words = [], iter(command)
    for word in words:
        if word in ("-o", "-MF", "-MT", "-MQ"):
            next(words)
        elif word == "-emit-pch":
            out.pop()  # the -Xclang before it
        elif word not in ("-MD", "-MMD"):
            out.append("-E" if word == "-c" else word)
    return [*out, "-P"]


def main(command):
    code = subprocess.run(command).returncode
    made = pathlib.Path(command[command.index("-o") + 1])
    if code or made.suffix != ".pch":
        return code
    text = subprocess.run(preprocessing(command), stdout=subprocess.PIPE, check=True).stdout
    made.with_name(made.name + ".sum").write_text(hashlib.sha256(text).hexdigest() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
