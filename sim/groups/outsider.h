#pragma once
// Somebody who shares out partitions by himself and only commits offsets, as of a group that has no
// members: several of them at once, in transactions and without.
#include "sim/groups/client.h"

namespace weir::sim::groups {

class outsider final : public client {
 public:
  outsider(surroundings& around, ways how, traits is)
      : client(around, std::move(how), std::move(is)) {
    epoch_ = -1;
  }

 private:
  void act() override;
  void heed(kafka::error_code why) override;
  [[nodiscard]] bool is_classic() const override { return true; }
  [[nodiscard]] bool is_outside() const override { return true; }
};

}  // namespace weir::sim::groups
