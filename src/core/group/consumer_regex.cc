#include "core/group/consumer_regex.h"

#include <re2/re2.h>
#include <re2/stringpiece.h>

#include <memory>

namespace weir::group {
namespace {

// Enough for any list of topics; bounds what one subscription can make the coordinator hold.
constexpr std::int64_t memory_max = 1 << 20;

re2::RE2::Options options() {
  re2::RE2::Options o;
  o.set_log_errors(false);
  o.set_max_mem(memory_max);
  return o;
}

re2::StringPiece piece(std::string_view v) {
  return {v.data(), v.size()};
}

}  // namespace

std::optional<std::string> regex_error(const text& regex) {
  const re2::RE2 compiled(piece(regex), options());
  if (compiled.ok()) return std::nullopt;
  return compiled.error();
}

std::function<bool(std::string_view)> matcher_of(const text& regex) {
  auto compiled = std::make_shared<const re2::RE2>(piece(regex), options());
  if (!compiled->ok()) return {};
  return [compiled = std::move(compiled)](std::string_view name) {
    return re2::RE2::FullMatch(piece(name), *compiled);
  };
}

std::set<text> matching_topics(const text& regex, const topic_view& topics) {
  std::set<text> out;
  const auto matches = matcher_of(regex);
  if (!matches) return out;
  topics.for_each([&](std::string_view name, const known_topic&) {
    if (matches(name)) out.insert(out.end(), text::copy(name));
  });
  return out;
}

}  // namespace weir::group
