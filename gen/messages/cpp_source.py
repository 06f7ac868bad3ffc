"""The source file of one declaration."""
import cpp_decode
import cpp_encode
from cpp_struct import header_path, namespace


def source(decl):
    out = [f'#include "{header_path(decl)}"', "", '#include "core/codec/reader.h"', '#include "core/codec/size.h"',
           '#include "core/codec/writer.h"', "", f"namespace {namespace(decl)} {{"]
    if decl.kind != "api":
        # size_of and its kin are found through their arguments only in part.
        out.append("using namespace kafka;")
    out += ["namespace {", ""]
    for m in decl.messages:
        scope = f"{m.name}::"
        for s in [*m.structs, m.root]:
            name = m.name if s is m.root else scope + s.name
            out += cpp_decode.read_function(m.decl, m, s, name)
            out += cpp_encode.size_function(m.decl, s, name, scope)
            out += cpp_encode.write_function(m.decl, s, name, scope)
    out += ["}  // namespace", ""]
    for m in decl.messages:
        out += cpp_decode.decode_function(m)
        out += cpp_encode.encode_functions(m)
    return "\n".join([*out, f"}}  // namespace {namespace(decl)}", ""])
