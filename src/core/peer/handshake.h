#pragma once
// Whether two brokers may talk. A broker is its data directory: who answers at an address under
// another broker's name, or for another cluster, is not talked to, or votes would be counted of
// somebody who never gave them.
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "core/base/ids.h"
#include "core/peer/messages.h"

namespace weir::peer {

// Who this broker is.
struct identity {
  uuid cluster_id;  // zero while it belongs to none
  node_id node;
  uuid broker_id;
  uuid incarnation;
  unsigned shards = 1;
};

enum class refusal : std::int8_t {
  none = 0,
  other_cluster = 1,
  other_broker = 2,    // not the one that the dialer believes to be here
  known_as_other = 3,  // the dialer's node id is another broker's here
  no_version = 4,
  stopping = 5,
  malformed = 6,
};
std::string_view name(refusal r);

// Whom the dialer wants. A negative node id: whoever is there; a zero broker id: the same.
hello greeting(const identity& self, node_id to, const uuid& to_broker, way w, unsigned shard);

// The acceptor's side. `known`: the broker id that goes with the dialer's node id here, if any.
welcome judge(const hello& h, const identity& self, const std::optional<uuid>& known);

// The dialer's side: whether who answered is whom it wanted. The refusal that came is not looked
// at.
refusal judge(const welcome& w, const hello& sent);

}  // namespace weir::peer
