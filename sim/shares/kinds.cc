#include "sim/shares/kinds.h"

#include "sim/shares/state_requests.h"

namespace weir::sim::shares {

share::effects state_kind::step(core& c, const request& r, group::ticket ticket,
                                group::moment now) const {
  return c.step(
      r,
      {.ticket = ticket, .now = now, .exists = [this](const uuid& topic, std::int32_t partition) {
         const auto name = known_.name_of(topic);
         const auto found = name ? known_.find(*name) : std::nullopt;
         return found && partition >= 0 && partition < found->partitions;
       }});
}

share::answer state_kind::refusal(const request& r, kafka::error_code why) {
  return refusal_of(r, why);
}

group::emitted<group::answer> group_kind::step(core& c, const request& r, group::ticket ticket,
                                               group::moment now) const {
  group::request_context context;
  context.api_version = version;
  context.ticket = ticket;
  context.now = now;
  context.client_id = text("member");
  context.client_host = "/192.0.2.1";
  context.fresh = {around_.chance.next(), around_.chance.next()};
  return c.step(r, context);
}

}  // namespace weir::sim::shares
