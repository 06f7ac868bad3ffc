"""The encoding half of one declaration's source: write and encoded size."""
from cpp_decode import condition, flex_line, flexible, guarded, null_allowed
from cpp_struct import is_default
from model import LENGTHY, SCALARS


def write_scalar(type_, value):
    method = SCALARS[type_.name][1]
    return f"w.{method}(static_cast<std::int16_t>({value}));" if type_.name == "error_code" else f"w.{method}({value});"


def write_element(type_, value, flex):
    if type_.kind == "scalar":
        return write_scalar(type_, value)
    if type_.kind == "lengthy":
        return f"w.{LENGTHY[type_.name][1]}({value}, {flex});"
    return f"write(w, version, {value});"


def write_value(decl, field):
    t, value, flex = field.type, f"v.{field.name}", flexible(decl)
    if t.kind in ("scalar", "struct") and not t.nullable:
        return [write_element(t, value, flex)]
    if t.kind == "lengthy":
        method = LENGTHY[t.name][1]
        if t.name == "records":
            return [f"w.records({value}, {flex}{null_allowed(decl, field)});"]
        if t.nullable:
            return [f"w.nullable_{method}({value}, {flex}{null_allowed(decl, field)});"]
        return [f"w.{method}({value}, {flex});"]
    if t.kind == "struct":
        return [f"w.present({value}.has_value());", f"if ({value}) write(w, version, *{value});"]
    if not t.nullable:
        return [f"w.array({value}.size(), {flex});",
                f"for (const auto& e : {value}) {write_element(t.element, 'e', flex)}"]
    return [f"if ({value}) {{", f"  w.array({value}->size(), {flex});",
            f"  for (const auto& e : *{value}) {write_element(t.element, 'e', flex)}", "} else {",
            f"  w.array_null({flex}{null_allowed(decl, field)});", "}"]


def size_element(type_, value, flex):
    if type_.kind == "lengthy":
        return f"size_of({value}, {flex})"
    return f"size(version, {value})"


def size_value(decl, field, total):
    """Statements that add the field's size to `total`."""
    t, value, flex = field.type, f"v.{field.name}", flexible(decl)
    if t.kind == "scalar":
        return [f"{total} += {SCALARS[t.name][2]};"]
    if t.kind == "lengthy":
        return [f"{total} += size_of({value}, {flex});"]
    if t.kind == "struct":
        if not t.nullable:
            return [f"{total} += size(version, {value});"]
        return [f"{total} += 1;", f"if ({value}) {total} += size(version, *{value});"]

    def elements(array):
        if t.element.kind == "scalar":
            return [f"{total} += {array}.size() * {SCALARS[t.element.name][2]};"]
        return [f"for (const auto& e : {array}) {total} += {size_element(t.element, 'e', flex)};"]
    if not t.nullable:
        return [f"{total} += count_size({value}.size(), {flex});", *elements(value)]
    return [f"if ({value}) {{", f"  {total} += count_size({value}->size(), {flex});",
            *("  " + line for line in elements(f"(*{value})")), "} else {", f"  {total} += null_count_size({flex});", "}"]


def tagged(struct):
    return sorted((f for f in struct.fields if f.tag is not None), key=lambda f: f.tag)


def tag_set(decl, field, scope):
    """The condition for writing a tagged field."""
    guard = condition(decl, field) if field.since > (decl.flexible or 0) or field.until < decl.high else ""
    unset = f"!({is_default(field, 'v.' + field.name, scope)})"
    return f"{guard} && {unset}" if guard else unset


def write_tags(decl, struct, scope):
    if decl.flexible is None:
        return []
    body = []
    for f in tagged(struct):
        body.append(f"const bool has_{f.name} = {tag_set(decl, f, scope)};")
    known = "".join(f" + has_{f.name}" for f in tagged(struct))
    body += [f"w.uvarint(static_cast<std::uint32_t>(v.unknown.size(){known}));", "unknown_writer u(v.unknown, w);"]
    for f in tagged(struct):
        body += [f"if (has_{f.name}) {{", f"  u.below({f.tag});", "  std::size_t n = 0;",
                 *("  " + line for line in size_value(decl, f, "n")), f"  w.uvarint({f.tag});",
                 "  w.uvarint(static_cast<std::uint32_t>(n));", *("  " + line for line in write_value(decl, f)), "}"]
    body.append("u.rest();")
    flex = flexible(decl)
    if flex == "true":
        return ["  " + line for line in body]
    return ["  if (flex) {", *("    " + line for line in body), "  } else {",
            "    w.require(v.unknown.size() == 0);", "  }"]


def write_function(decl, struct, name, scope):
    out = [f"void write(writer& w, [[maybe_unused]] std::int16_t version, const {name}& v) {{", *flex_line(decl)]
    for f in struct.fields:
        guard = condition(decl, f)
        absent = f"w.require({is_default(f, 'v.' + f.name, scope)});"
        if f.tag is None:
            out += guarded(guard, write_value(decl, f), "  ")
            if guard and not f.droppable:
                out[-1] = "  } else {"
                out += [f"    {absent}", "  }"]
        elif guard and not f.droppable:
            out += guarded(f"!({guard})", [absent], "  ")
    return [*out, *write_tags(decl, struct, scope), "}", ""]


def size_tags(decl, struct, scope):
    if decl.flexible is None:
        return []
    if not tagged(struct):
        body = ["total += tags_size(v.unknown, 0);"]
    else:
        body = ["std::size_t known = 0;"]
        for f in tagged(struct):
            body += [f"if ({tag_set(decl, f, scope)}) {{", "  std::size_t n = 0;",
                     *("  " + line for line in size_value(decl, f, "n")), f"  total += tag_size({f.tag}, n);",
                     "  ++known;", "}"]
        body.append("total += tags_size(v.unknown, known);")
    flex = flexible(decl)
    return guarded("" if flex == "true" else flex, body, "  ")


def size_function(decl, struct, name, scope):
    out = [f"std::size_t size([[maybe_unused]] std::int16_t version, [[maybe_unused]] const {name}& v) {{",
           *flex_line(decl), "  std::size_t total = 0;"]
    for f in struct.fields:
        if f.tag is None:
            out += guarded(condition(decl, f), size_value(decl, f, "total"), "  ")
    return [*out, *size_tags(decl, struct, scope), "  return total;", "}", ""]


def encode_functions(message):
    return [f"std::expected<void, codec_error> {message.name}::encode(writer& to, std::int16_t version) const {{",
            "  if (version < version_min || version > version_max) {",
            "    return std::unexpected(codec_error::bad_version);", "  }", "  write(to, version, *this);",
            "  return to.status();", "}", "",
            f"std::size_t {message.name}::encoded_size(std::int16_t version) const {{",
            "  return size(version, *this);", "}", ""]
