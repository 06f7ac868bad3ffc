#include "core/peer/handshake.h"

#include <algorithm>

namespace weir::peer {
namespace {

// A cluster id or broker id that is zero is not known yet and speaks against nobody.
bool differ(const uuid& a, const uuid& b) {
  return !a.is_zero() && !b.is_zero() && a != b;
}

refusal why_not(const hello& h, const identity& self, const std::optional<uuid>& known) {
  if (h.shards < 1 || h.shard < 0 || h.node_id < 0 ||
      (h.way != static_cast<std::int8_t>(way::prompt) &&
       h.way != static_cast<std::int8_t>(way::bulk))) {
    return refusal::malformed;
  }
  if (h.protocol_min > protocol_version_max || h.protocol_max < protocol_version_min)
    return refusal::no_version;
  if (differ(h.cluster_id, self.cluster_id)) return refusal::other_cluster;
  if ((h.to_node >= 0 && h.to_node != self.node.value()) || differ(h.to_broker, self.broker_id)) {
    return refusal::other_broker;
  }
  if (known && differ(*known, h.broker_id)) return refusal::known_as_other;
  return refusal::none;
}

}  // namespace

std::string_view name(refusal r) {
  switch (r) {
    case refusal::none:
      return "none";
    case refusal::other_cluster:
      return "it belongs to another cluster";
    case refusal::other_broker:
      return "another broker answers there";
    case refusal::known_as_other:
      return "its node id is another broker's";
    case refusal::no_version:
      return "no common version of the protocol";
    case refusal::stopping:
      return "it is stopping";
    case refusal::malformed:
      return "its hello makes no sense";
  }
  return "for a reason that is not known here";
}

hello greeting(const identity& self, node_id to, const uuid& to_broker, way w, unsigned shard) {
  hello h;
  h.cluster_id = self.cluster_id;
  h.node_id = self.node.value();
  h.broker_id = self.broker_id;
  h.incarnation = self.incarnation;
  h.protocol_min = protocol_version_min;
  h.protocol_max = protocol_version_max;
  h.shards = static_cast<std::int32_t>(self.shards);
  h.way = static_cast<std::int8_t>(w);
  h.shard = static_cast<std::int32_t>(shard);
  h.to_node = to.value();
  h.to_broker = to_broker;
  return h;
}

welcome judge(const hello& h, const identity& self, const std::optional<uuid>& known) {
  welcome w;
  w.refusal = static_cast<std::int8_t>(why_not(h, self, known));
  w.protocol = std::min(h.protocol_max, protocol_version_max);
  w.cluster_id = self.cluster_id;
  w.node_id = self.node.value();
  w.broker_id = self.broker_id;
  w.incarnation = self.incarnation;
  w.shards = static_cast<std::int32_t>(self.shards);
  return w;
}

refusal judge(const welcome& w, const hello& sent) {
  if (differ(w.cluster_id, sent.cluster_id)) return refusal::other_cluster;
  if ((sent.to_node >= 0 && w.node_id != sent.to_node) || differ(w.broker_id, sent.to_broker)) {
    return refusal::other_broker;
  }
  if (w.refusal == static_cast<std::int8_t>(refusal::none)) {
    if (w.shards < 1 || w.node_id < 0) return refusal::malformed;
    if (w.protocol < sent.protocol_min || w.protocol > sent.protocol_max)
      return refusal::no_version;
  }
  return refusal::none;
}

}  // namespace weir::peer
