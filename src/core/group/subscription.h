#pragma once
// What a member of a classic group of the type "consumer" subscribes to, as its metadata for a
// protocol says (ConsumerProtocolSubscription, KIP-429): int16 version, array of topics, more.
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace weir::group {

inline constexpr std::string_view consumer_protocol_type = "consumer";

// Adds the topics to `into`; false if this is no subscription.
bool add_subscribed_topics(std::string_view metadata, std::set<std::string, std::less<>>& into);

}  // namespace weir::group
