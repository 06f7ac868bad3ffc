"""core/codec/api_table.h: what an ApiVersions answer and the framing need to know of every API."""
from model import Bad


def table(decls):
    apis = sorted((d for d in decls if d.kind == "api"), key=lambda d: d.key)
    for a, b in zip(apis, apis[1:]):
        if a.key == b.key:
            raise Bad(f"{b.path}:1: key {b.key} is {a.name}'s")
    for kind in ("record", "peer"):
        ids = sorted((d for d in decls if d.kind == kind), key=lambda d: d.key)
        for a, b in zip(ids, ids[1:]):
            if a.key == b.key:
                raise Bad(f"{b.path}:1: id {b.key} is {a.name}'s")
    out = ["#pragma once", "// Every API that is declared in decl/kafka, in order of its key.", "#include <cstdint>",
           "#include <string_view>", "", "namespace weir::kafka {", "",
           "enum class api_key : std::int16_t {", *(f"  {d.name} = {d.key}," for d in apis), "};", "",
           "struct api_entry {", "  api_key key;", "  std::string_view name;  // as Kafka writes it",
           "  std::int16_t version_min;", "  std::int16_t version_max;",
           "  std::int16_t flexible_from;        // INT16_MAX if no version is",
           "  bool response_header_plain;        // its response header stays at version 0 in all versions",
           "", "  [[nodiscard]] constexpr bool flexible(std::int16_t version) const { return version >= flexible_from; }",
           "  [[nodiscard]] constexpr bool supports(std::int16_t version) const {",
           "    return version >= version_min && version <= version_max;", "  }", "};", "",
           f"inline constexpr api_entry api_table[] = {{"]
    for d in apis:
        flexible = d.flexible if d.flexible is not None else "INT16_MAX"
        plain = "true" if d.response_header == 0 else "false"
        out.append(f'    {{api_key::{d.name}, "{d.camel}", {d.low}, {d.high}, {flexible}, {plain}}},')
    out += ["};", "", "// The entry of a key as it came on the wire, or null.",
            "constexpr const api_entry* find_api(std::int16_t key) {", "  for (const auto& entry : api_table) {",
            "    if (static_cast<std::int16_t>(entry.key) == key) return &entry;", "  }", "  return nullptr;", "}", "",
            "}  // namespace weir::kafka", ""]
    return "\n".join(out)
