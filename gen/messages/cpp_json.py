"""For tests: the fields of a message as JSON text, and a probe that decodes and encodes any message by name."""
from cpp_decode import condition
from cpp_encode import tag_set, tagged
from cpp_struct import header_path, namespace


def put_element(type_, value):
    return f"put(j, version, {value});" if type_.kind == "struct" else f"j.value({value});"


def put_value(decl, field):
    t, value = field.type, f"v.{field.name}"
    lines = [f'j.key("{field.wire_name}");']
    optional = t.nullable or t.name == "records"
    at = f"(*{value})" if optional else value
    if t.kind == "array":
        body = ["j.open('[');", f"for (const auto& e : {at}) {put_element(t.element, 'e')}", "j.close(']');"]
    else:
        body = [put_element(t, at)]
    if not optional:
        return lines + body
    return [*lines, f"if ({value}) {{", *("  " + line for line in body), "} else {", "  j.null();", "}"]


def put_function(decl, struct, name, scope):
    out = [f"void put(json_text& j, [[maybe_unused]] std::int16_t version, const {name}& v) {{", "  j.open('{');"]
    for f in struct.fields:
        guard = tag_set(decl, f, scope) if f.tag is not None else condition(decl, f)
        if f.tag is not None and decl.flexible > decl.low:
            guard = f"version >= {decl.flexible} && {guard}"
        if guard:
            out += [f"  if ({guard}) {{", *("    " + line for line in put_value(decl, f)), "  }"]
        else:
            out += ["  " + line for line in put_value(decl, f)]
    return [*out, "  j.close('}');", "}", ""]


def json_source(decl):
    out = [f'#include "{header_path(decl)}"', '#include "core/codec/json_text.h"', '#include "core/codec/probe.h"', "",
           f"namespace {namespace(decl)} {{"]
    if decl.kind != "api":
        out.append("using namespace kafka;")
    out += ["namespace {", ""]
    for m in decl.messages:
        scope = f"{m.name}::"
        for s in [*m.structs, m.root]:
            out += put_function(m.decl, s, m.name if s is m.root else scope + s.name, scope)
    for m in decl.messages:
        out += [f"std::string to_json(const {m.name}& v, std::int16_t version) {{", "  kafka::json_text j;",
                "  put(j, version, v);", "  return j.take();", "}", ""]
    out += ["}  // namespace", ""]
    for m in decl.messages:
        out += [f"extern const kafka::probe {m.name}_probe;",
                f"const kafka::probe {m.name}_probe = "
                f'kafka::make_probe<{m.name}, to_json>("{decl.camel}", "{m.kind}");', ""]
    return "\n".join([*out, f"}}  // namespace {namespace(decl)}", ""])


def probe_table(decls):
    out = ['#include "core/codec/probe.h"', ""]
    names = []
    for d in decls:
        out.append(f"namespace {namespace(d)} {{")
        for m in d.messages:
            out.append(f"extern const kafka::probe {m.name}_probe;")
            names.append(f"&{namespace(d)}::{m.name}_probe")
        out.append("}")
    out += ["", "namespace weir::kafka {", "", "std::span<const probe* const> probes() {",
            f"  static constexpr const probe* all[] = {{{', '.join(names)}}};", "  return all;", "}", "",
            "}  // namespace weir::kafka", ""]
    return "\n".join(out)
