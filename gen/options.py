"""options.py --out DIR          writes declared.h, declared.cc and options.md of decl/options into DIR
options.py --check FILE       is FILE the page that the declarations give?
options.py --rewrite FILE     makes it so"""
import pathlib
import sys

import options_cpp
import options_grammar
import options_page


def write(path, text):
    """Leaves an equal file alone, so that nothing is rebuilt for it."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main(args):
    if len(args) != 2 or args[0] not in ("--out", "--check", "--rewrite"):
        sys.exit(__doc__)
    options = options_grammar.read_or_exit(pathlib.Path(__file__).parent.parent / "decl" / "options")
    path, page = pathlib.Path(args[1]), options_page.page(options)
    if args[0] == "--out":
        path.mkdir(parents=True, exist_ok=True)
        write(path / "declared.h", options_cpp.header(options))
        write(path / "declared.cc", options_cpp.source(options))
        write(path / "options.md", page)
    elif args[0] == "--rewrite":
        write(path, page)
    elif not path.exists() or path.read_text() != page:
        sys.exit(f"{path} is not what decl/options gives: run gen/options.py --rewrite {path}")


main(sys.argv[1:])
