"""The decoding half of one declaration's source."""
from model import LENGTHY, SCALARS, wire_min


def flexible(decl):
    """The C++ expression for "this version is flexible"."""
    if decl.flexible is None:
        return "false"
    return "true" if decl.flexible <= decl.low else "flex"


def flex_line(decl):
    return [f"  const bool flex = version >= {decl.flexible};"] if flexible(decl) == "flex" else []


def condition(decl, field):
    """The versions that have the field; empty if all."""
    parts = []
    if field.since > decl.low:
        parts.append(f"version >= {field.since}")
    if field.until < decl.high:
        parts.append(f"version <= {field.until}")
    return " && ".join(parts)


def guarded(guard, body, indent):
    if not guard:
        return [indent + line for line in body]
    return [f"{indent}if ({guard}) {{", *(f"{indent}  {line}" for line in body), f"{indent}}}"]


def null_allowed(decl, field):
    """The last argument of nullable reads and writes: nothing where null is always allowed."""
    if not field.type.nullable:
        return ", false"
    return f", version >= {field.nullable_from}" if field.nullable_from > decl.low else ""


def read_element(type_, target, flex):
    if type_.kind == "scalar":
        return [read_scalar(type_, target)]
    if type_.kind == "lengthy":
        return [f"{target} = r.{LENGTHY[type_.name][1]}({flex});"]
    return [f"read(r, version, {target});"]


def read_scalar(type_, target):
    method = SCALARS[type_.name][1]
    if type_.name == "error_code":
        return f"{target} = static_cast<error_code>(r.{method}());"
    return f"{target} = r.{method}();"


def read_value(decl, message, field):
    t, target, flex = field.type, f"v.{field.name}", flexible(decl)
    if t.kind == "scalar":
        return [read_scalar(t, target)]
    if t.kind == "lengthy":
        method = LENGTHY[t.name][1]
        if t.name == "records":
            return [f"{target} = r.records({flex}{null_allowed(decl, field)});"]
        if t.nullable:
            return [f"{target} = r.nullable_{method}({flex}{null_allowed(decl, field)});"]
        return [f"{target} = r.{method}({flex});"]
    if t.kind == "struct":
        if not t.nullable:
            return [f"read(r, version, {target});"]
        # Not emplace(): inside its enclosing class the nested one counts as not constructible.
        return ["if (r.present()) {", f"  {target} = {message.name}::{t.name}();", f"  read(r, version, *{target});",
                "} else {", f"  {target}.reset();", "}"]
    least = wire_min(t.element, message.structs)
    loop = [*("  " + line for line in read_element(t.element, "e", flex)), "  if (!r.ok()) return;", "}"]
    if not t.nullable:
        return [f"r.array({target}, {flex}, {least});", f"for (auto& e : {target}) {{", *loop]
    return [f"if (r.nullable_array({target}, {flex}, {least}{null_allowed(decl, field)})) {{",
            f"  for (auto& e : *{target}) {{", *("  " + line for line in loop), "}"]


def read_tags(decl, message, struct):
    if decl.flexible is None:
        return []
    tagged = sorted((f for f in struct.fields if f.tag is not None), key=lambda f: f.tag)
    if not tagged:
        body = ["for (tag_reader t(r); t.next();) t.keep(v.unknown);"]
    else:
        body = ["for (tag_reader t(r); t.next();) {", "  switch (t.tag()) {"]
        for f in tagged:
            guard = condition(decl, f) if decl.flexible < f.since or f.until < decl.high else ""
            body.append(f"    case {f.tag}: {{")
            if guard:
                body += [f"      if (!({guard})) {{", "        t.keep(v.unknown);", "        break;", "      }"]
            body += ["      " + line for line in read_value(decl, message, f)]
            body += ["      break;", "    }"]
        body += ["    default: t.keep(v.unknown);", "  }", "}"]
    flex = flexible(decl)
    return guarded("" if flex == "true" else flex, body, "  ")


def read_function(decl, message, struct, name):
    out = [f"void read(reader& r, [[maybe_unused]] std::int16_t version, {name}& v) {{", *flex_line(decl)]
    for f in struct.fields:
        if f.tag is None:
            out += guarded(condition(decl, f), read_value(decl, message, f), "  ")
    return [*out, *read_tags(decl, message, struct), "}", ""]


def decode_function(message):
    return [f"std::expected<{message.name}, codec_error> {message.name}::decode(reader& from, std::int16_t version) {{",
            "  if (version < version_min || version > version_max) {",
            "    return std::unexpected(codec_error::bad_version);", "  }",
            f"  std::expected<{message.name}, codec_error> v;", "  read(from, version, *v);",
            "  if (!from.ok()) v = std::unexpected(from.error());", "  return v;", "}", ""]
