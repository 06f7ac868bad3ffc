"""messages OUT one FILE   the C++ of one declaration, below OUT (core/codec/NAME.h, .cc, _json.cc)
messages OUT all FILE…  what needs to see all of them (core/codec/api_table.h, probes.cc)"""
import pathlib
import sys

import cpp_json
import cpp_source
import cpp_struct
import cpp_table
from model import Bad
from parse import parse


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def main(out, what, *files):
    try:
        decls = [parse(f) for f in files]
        if what == "all":
            put(out / "core/codec/api_table.h", cpp_table.table(decls))
            put(out / "core/codec/probes.cc", cpp_json.probe_table(decls))
            return 0
        for d in decls:
            base = out / cpp_struct.header_path(d).removesuffix(".h")
            put(base.with_suffix(".h"), cpp_struct.header(d))
            put(base.with_suffix(".cc"), cpp_source.source(d))
            put(base.with_name(base.name + "_json.cc"), cpp_json.json_source(d))
    except Bad as bad:
        print(bad, file=sys.stderr)
        return 1
    return 0


sys.exit(main(pathlib.Path(sys.argv[1]), *sys.argv[2:]))
