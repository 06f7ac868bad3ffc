#pragma once
// What a request about a share group's progress means for the share coordinators (KIP-932): the
// group's coordinator is asked for it before they are. None of Kafka's messages.
#include <cstdint>
#include <vector>

#include "core/base/text.h"
#include "core/base/uuid.h"
#include "core/codec/error_code.h"
#include "core/group/topic_partitions.h"

namespace weir::group {

enum class share_wish : std::uint8_t {
  tell,           // how far the group is, in all that it has
  place,          // it begins anew where it is told to; a group that is not there is made
  forget_topics,  // it begins anew where new groups do
  forget_group,   // all that it has, before it is deleted
};

struct share_plan_request {
  struct topic {
    text name;
    std::vector<std::int32_t> partitions{};  // of place
  };
  text group_id;
  share_wish wish = share_wish::tell;
  std::vector<topic> topics{};  // of place and forget_topics
};

struct share_plan {
  struct topic {
    text name;
    uuid id{};
    topic_partitions::partition_list partitions{};  // that the share coordinators are asked for
    kafka::error_code error = kafka::error_code::none;
    text error_message{};
  };
  kafka::error_code error = kafka::error_code::none;
  text error_message{};
  std::int32_t state_epoch = 0;
  std::vector<topic> topics{};
};

}  // namespace weir::group
