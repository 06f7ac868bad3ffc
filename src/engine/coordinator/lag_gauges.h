#pragma once
// Gauges of how far groups are behind: made as groups come to partitions, gone with them.
#include <seastar/core/metrics_registration.hh>

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace weir {

class lag_gauges {
 public:
  struct place {
    std::string topic;
    std::int32_t partition = 0;
    auto operator<=>(const place&) const = default;
  };
  struct seen {
    std::int64_t at = 0;    // where the group would go on
    std::int64_t done = 0;  // records behind that which it is not to read again
    std::int64_t lag = 0;
  };
  using by_group = std::map<std::string, std::map<place, seen>>;

  // The name and the description of the gauge of `at`; both are literals.
  lag_gauges(const char* at_name, const char* at_help) : at_name_(at_name), at_help_(at_help) {}

  // All that is seen now. What was shown and is not among it is shown no more.
  void show(by_group groups);

 private:
  // The gauges read `of`; made anew when the group comes to other partitions.
  struct gauges {
    std::map<place, seen> of;
    std::int64_t sum = 0;
    seastar::metrics::metric_groups registered;
  };
  void make(const std::string& name, gauges& g) const;

  const char* at_name_;
  const char* at_help_;
  std::map<std::string, std::unique_ptr<gauges>> shown_;
};

}  // namespace weir
