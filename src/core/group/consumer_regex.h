#pragma once
// Names by regular expression: RE2's language, and a whole name must match, as in Kafka.
// Matching takes time linear in the name, whatever the expression.
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/text.h"
#include "core/group/topics.h"

namespace weir::group {

// Why the expression is none, in RE2's words; nothing: it is one.
std::optional<std::string> regex_error(const text& regex);

// Says which names match; none where it is no expression.
std::function<bool(std::string_view name)> matcher_of(const text& regex);

// The topics whose names match. Nothing matches what is no expression.
std::set<text> matching_topics(const text& regex, const topic_view& topics);

}  // namespace weir::group
