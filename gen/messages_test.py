"""Bad declarations are refused with the line that is wrong."""
import pathlib
import subprocess
import sys
import tempfile

HEAD = "api ping  key 900  versions 0-3  flexible 2+\n"
GOOD = HEAD + "request\n  name  string?  nullable 1+\nresponse\n  error  error_code\n  extra  int32  since 2  tag 0\n"
CASES = [  # line, declaration
    (1, "api ping  key x  versions 0-3  flexible 2+\n"),
    (1, HEAD.replace("0-3", "3-0")),
    (1, HEAD.replace("ping", "pong")),
    (1, HEAD.replace("flexible", "supple")),
    (3, HEAD + "request\n  name  wordy\nresponse\n"),
    (3, HEAD + "request\n  class  int8\nresponse\n"),
    (3, HEAD + "request\n  encode  int8\nresponse\n"),
    (3, HEAD + "request\n  name  string  since 4\nresponse\n"),
    (3, HEAD + "request\n  name  string  since 2  until 1\nresponse\n"),
    (3, HEAD + "request\n  name  string  since 1  tag 0\nresponse\n"),
    (3, HEAD + "request\n  count  int8  default 128\nresponse\n"),
    (3, HEAD + "request\n  name  string  default \"\"\nresponse\n"),
    (3, HEAD + "request\n  name  string  nullable 1+\nresponse\n"),
    (3, HEAD + "request\n  name  string  droppable  droppable\nresponse\n"),
    (3, HEAD + "request\n  name  array of\nresponse\n"),
    (4, HEAD + "request\n  name  string\n  name  int8\nresponse\n"),
    (4, HEAD + "request\n  name  string\n    inner  int8\nresponse\n"),
    (4, HEAD + "request\n  a  array of item\n      inner  int8\nresponse\n"),
    (5, HEAD + "request\n  a  int8  since 2  tag 1\n  b  int8  since 2  tag 0\n  c  int8  since 2  tag 1\nresponse\n"),
    (3, HEAD + "request\n\tname  string\nresponse\n"),
    (4, HEAD + "request\n  name  string\nanswer\n"),
]


def run(folder, text):
    path = pathlib.Path(folder) / "ping.api"
    path.write_text(text)
    tool = pathlib.Path(__file__).with_name("messages")
    return subprocess.run([sys.executable, "-B", tool, folder, "one", path], capture_output=True, text=True)


failed = 0
with tempfile.TemporaryDirectory() as folder:
    good = run(folder, GOOD)
    if good.returncode != 0 or not (pathlib.Path(folder) / "core/codec/ping.h").exists():
        print("a good declaration is refused:", good.stderr)
        failed += 1
    for line, text in CASES:
        done = run(folder, text)
        if done.returncode != 1 or f"ping.api:{line}: " not in done.stderr or "Traceback" in done.stderr:
            print(f"expected line {line}, got {done.returncode}: {done.stderr}for\n{text}")
            failed += 1
sys.exit(failed > 0)
