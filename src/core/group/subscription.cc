#include "core/group/subscription.h"

#include "core/codec/reader.h"

namespace weir::group {

bool add_subscribed_topics(std::string_view metadata, std::set<std::string, std::less<>>& into) {
  const fragments frame(bytes::unowned(metadata));
  kafka::reader from(frame);
  if (from.int16() < 0) return false;
  chunked_vector<text> topics;
  from.array(topics, false, 2);
  for (std::size_t i = 0; from.ok() && i < topics.size(); ++i) topics[i] = from.string(false);
  if (!from.ok()) return false;
  for (const auto& topic : topics) into.insert(topic.str());
  return true;
}

}  // namespace weir::group
