"""Bad declarations are refused with the line that is wrong."""
import pathlib
import re
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
LOG = "log ping  type 2-3  versions 0-4  flexible 4+\n"
GOOD_LOG = LOG + "key\n  name  string\nvalue\n  at  int64  since 1\n  id  uuid  since 4  tag 0\n"
LOG_CASES = [
    (1, LOG.replace("2-3", "3-2")),
    (1, LOG.replace("type", "key")),
    (3, LOG + "key\n  name  string  tag 0\nvalue\n"),
    (3, LOG + "key\n  name  string  since 4\nvalue\n"),
    (5, LOG + "key\n  name  string\nvalue\n  at  int64  since 5\n"),
    (3, LOG + "key\n  name  string\n"),
    (2, LOG + "value\n  name  string\n"),
]


def run(folder, text):
    path = pathlib.Path(folder) / ("ping.log" if text.startswith("log ") else "ping.api")
    path.write_text(text)
    tool = pathlib.Path(__file__).with_name("messages")
    return subprocess.run([sys.executable, "-B", tool, folder, "one", path], capture_output=True, text=True)


failed = 0
with tempfile.TemporaryDirectory() as folder:
    good = run(folder, GOOD)
    if good.returncode != 0 or not (pathlib.Path(folder) / "core/codec/ping.h").exists():
        print("a good declaration is refused:", good.stderr)
        failed += 1
    good = run(folder, GOOD_LOG)
    if good.returncode != 0 or not (pathlib.Path(folder) / "core/codec/coordinator/ping.h").exists():
        print("a good log record is refused:", good.stderr)
        failed += 1
    for line, text in CASES + LOG_CASES:
        done = run(folder, text)
        if done.returncode != 1 or not re.search(rf"ping\.(api|log):{line}: ", done.stderr) or \
                "Traceback" in done.stderr:
            print(f"expected line {line}, got {done.returncode}: {done.stderr}for\n{text}")
            failed += 1
sys.exit(failed > 0)
