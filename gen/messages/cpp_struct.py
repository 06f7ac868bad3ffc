"""The header of one declaration: plain structs."""
from model import LENGTHY, SCALARS


# Namespace and folder of what is made from each kind of declaration.
PLACES = {"api": ("weir::kafka", "core/codec"), "record": ("weir::stored", "core/codec/stored"),
          "peer": ("weir::peer", "core/codec/peer"), "log": ("weir::logged", "core/codec/coordinator")}


def namespace(decl):
    return PLACES[decl.kind][0]


def header_path(decl):
    return f"{PLACES[decl.kind][1]}/{decl.name}.h"


def cpp_type(type_, scope=""):
    if type_.kind == "scalar":
        return SCALARS[type_.name][0]
    if type_.kind == "lengthy":
        # Records are absent as often as not, so they are optional in any case.
        base, optional = LENGTHY[type_.name][0], type_.nullable or type_.name == "records"
    elif type_.kind == "array":
        base, optional = f"chunked_vector<{cpp_type(type_.element, scope)}>", type_.nullable
    else:
        base, optional = scope + type_.name, type_.nullable
    return f"std::optional<{base}>" if optional else base


def initializer(field):
    t, default = field.type, field.default
    if t.kind == "scalar":
        if t.name == "uuid":
            return ""
        if t.name == "error_code":
            return " = error_code::none"
        if t.name == "bool":
            return f" = {default or 'false'}"
        if default == str(-2**63):
            return " = INT64_MIN"
        return f" = {default or 0}"
    if default is not None:
        full = cpp_type(t)
        return f" = {full.removeprefix('std::optional<').removesuffix('>')}()"
    return ""


def is_default(field, value, scope):
    """A C++ condition: `value`, of this field, is the default."""
    t, default = field.type, field.default
    if t.kind == "scalar":
        if t.name == "uuid":
            return f"{value}.is_zero()"
        if t.name == "bool":
            return f"{value}" if default == "true" else f"!{value}"
        return f"{value} =={initializer(field)[2:]}"
    if t.nullable or t.name == "records":
        if default is None:
            return f"!{value}"
        empty = f"*{value} == {scope}{t.name}()" if t.kind == "struct" else f"{value}->empty()"
        return f"{value} && {empty}"
    return f"{value} == {scope}{t.name}()" if t.kind == "struct" else f"{value}.empty()"


def fields_of(struct, indent, has_tags):
    out = []
    for f in struct.fields:
        out.append(f"{indent}{cpp_type(f.type)} {f.name}{initializer(f)};")
    if has_tags:
        out.append(f"{indent}unknown_tags unknown;")
    return out


def uses(decl, name):
    def in_struct(struct):
        return any(f.type.name == name for f in struct.fields)
    return any(in_struct(s) for m in decl.messages for s in [m.root, *m.structs])


def header(decl):
    has_tags = decl.flexible is not None
    out = ["#pragma once", f"// Made from decl/{decl.kind} {decl.name}; changes belong there.", "#include <cstdint>",
           "#include <expected>", "#include <optional>", "", '#include "core/base/chunked_vector.h"',
           '#include "core/base/fragments.h"', '#include "core/base/text.h"', '#include "core/base/uuid.h"',
           '#include "core/codec/codec_error.h"']
    if uses(decl, "error_code"):
        out.append('#include "core/codec/error_code.h"')
    if has_tags:
        out.append('#include "core/codec/unknown_tags.h"')
    out += ["", "namespace weir::kafka {", "class reader;", "class writer;", "}  // namespace weir::kafka", "",
            f"namespace {namespace(decl)} {{"]
    if decl.kind != "api":
        out += ["using kafka::codec_error;", "using kafka::reader;", "using kafka::unknown_tags;",
                "using kafka::writer;"]
        if uses(decl, "error_code"):
            out.append("using kafka::error_code;")
    for m in decl.messages:
        out += ["", *message_struct(m)]
    out += ["", f"}}  // namespace {namespace(decl)}", ""]
    return "\n".join(out)


def message_struct(message):
    decl, has_tags = message.decl, message.decl.flexible is not None
    out = [f"struct {message.name} {{"]
    flexible = decl.flexible if decl.flexible is not None else "INT16_MAX"
    for name, value in (("message_key", decl.key), ("version_min", decl.low), ("version_max", decl.high),
                        ("flexible_from", flexible)):
        out.append(f"  static constexpr std::int16_t {name} = {value};")
    for s in message.structs:
        out += ["", f"  struct {s.name} {{", *fields_of(s, "    ", has_tags),
                f"    bool operator==(const {s.name}&) const = default;", "  };"]
    out += ["", *fields_of(message.root, "  ", has_tags), "",
            f"  static std::expected<{message.name}, codec_error> decode(reader& from, std::int16_t version);",
            "  std::expected<void, codec_error> encode(writer& to, std::int16_t version) const;",
            "  [[nodiscard]] std::size_t encoded_size(std::int16_t version) const;",
            f"  bool operator==(const {message.name}&) const = default;", "};"]
    return out
