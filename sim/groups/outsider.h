#pragma once
// Somebody who shares out partitions by himself and only commits offsets, as of a group that has no
// members: several of them at once, in transactions and without. One that only watches never
// commits, as tools that show how far groups are.
#include "sim/groups/client.h"

namespace weir::sim::groups {

class outsider final : public client {
 public:
  outsider(surroundings& around, ways how, traits is, bool watches)
      : client(around, std::move(how), std::move(is)), watches_(watches) {
    epoch_ = -1;
  }

 private:
  void act() override;
  void heed(kafka::error_code why) override;
  [[nodiscard]] bool is_classic() const override { return true; }
  [[nodiscard]] bool is_outside() const override { return true; }

  bool watches_;
};

}  // namespace weir::sim::groups
