// Groups of the types that librdkafka has no functions for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/broker_calls.h"
#include "cli/group_admin.h"

namespace weir::cli {

class typed_groups {
 public:
  // Why they can't be asked about, where that is so; a cluster that knows none is no reason.
  const std::string& hindrance() const { return hindrance_; }

  // Sorted by name.
  std::vector<group_entry> list();

 protected:
  // Of brokers that know such groups, which is those that have the API `key`. `c` is connected, and
  // outlives it.
  typed_groups(client& c, const char* type, std::int16_t key);

  client& asking() const { return c_; }
  broker_calls& calls() { return calls_; }
  bool served() const { return served_; }

 private:
  client& c_;
  broker_calls calls_;
  const char* type_;
  std::string hindrance_;
  bool served_ = false;
};

// One group was asked about: what is said of it. Of none: nothing that passes by itself.
template <typename Response>
kafka::error_code error_of_one(const Response& told) {
  return told.groups.empty() ? kafka::error_code::none : told.groups.front().error;
}

// Not there, or of another type; an id that is none is said so by whoever looks next.
bool is_elsewhere(kafka::error_code error);

}  // namespace weir::cli
