#include "core/group/embedded_protocol.h"

#include <algorithm>

#include "core/codec/reader.h"
#include "core/codec/writer.h"

namespace weir::group {
namespace {

constexpr std::int16_t version_max = 3;
// The versions that brought partitions owned, the generation they are of, and racks.
constexpr std::int16_t with_owned = 1;
constexpr std::int16_t with_generation = 2;
constexpr std::int16_t with_rack = 3;

// The least that a topic with its partitions, a string and a partition take.
constexpr std::size_t topic_bytes_min = 6;
constexpr std::size_t string_bytes_min = 2;
constexpr std::size_t partition_bytes = 4;

struct topic_entry {
  text name;
  chunked_vector<std::int32_t> partitions;
};

named_partitions partitions_from(kafka::reader& from) {
  named_partitions out;
  chunked_vector<topic_entry> topics;
  from.array(topics, false, topic_bytes_min);
  for (std::size_t i = 0; from.ok() && i < topics.size(); ++i) {
    auto& t = topics[i];
    t.name = from.string(false);
    from.array(t.partitions, false, partition_bytes);
    for (std::size_t k = 0; from.ok() && k < t.partitions.size(); ++k) {
      t.partitions[k] = from.int32();
    }
    auto& list = out[t.name];
    list.insert(list.end(), t.partitions.begin(), t.partitions.end());
  }
  return out;
}

}  // namespace

std::expected<embedded_subscription, kafka::codec_error> subscription_from(const bytes& bytes_of) {
  const fragments frame(bytes_of);
  kafka::reader from(frame);
  embedded_subscription out;
  out.version = from.int16();
  if (out.version < 0) from.fail(kafka::codec_error::bad_version);
  chunked_vector<text> topics;
  from.array(topics, false, string_bytes_min);
  for (std::size_t i = 0; from.ok() && i < topics.size(); ++i) {
    out.topics.insert(from.string(false));
  }
  from.nullable_byte_string(false);
  if (out.version >= with_owned) out.owned = partitions_from(from);
  if (out.version >= with_generation) from.int32();
  if (out.version >= with_rack) out.rack_id = from.nullable_string(false);
  if (!from.ok()) return std::unexpected(from.error());
  return out;
}

std::expected<embedded_assignment, kafka::codec_error> assignment_from(const bytes& bytes_of) {
  embedded_assignment out;
  if (bytes_of.empty()) return out;  // it was never given one
  const fragments frame(bytes_of);
  kafka::reader from(frame);
  if (from.int16() < 0) from.fail(kafka::codec_error::bad_version);
  out.partitions = partitions_from(from);
  const auto user_data = from.nullable_byte_string(false);
  out.has_user_data = user_data && !user_data->empty();
  if (!from.ok()) return std::unexpected(from.error());
  return out;
}

bytes assignment_bytes(const named_partitions& partitions, std::int16_t version) {
  kafka::writer to;
  to.int16(std::clamp<std::int16_t>(version, 0, version_max));
  to.array(partitions.size(), false);
  for (const auto& [name, list] : partitions) {
    to.string(name, false);
    to.array(list.size(), false);
    for (const auto p : list) to.int32(p);
  }
  to.nullable_byte_string(std::nullopt, false);
  const auto done = to.take();
  return done.contiguous(0, done.size());
}

}  // namespace weir::group
