#pragma once
// What the Kafka edge asks about transactions, asked of their coordinators. Of use on all shards.
#include "edge/kafka/transaction_door.h"
#include "engine/coordinator/coordination.h"

namespace weir::app {

class transaction_questions final : public edge::transaction_door {
 public:
  explicit transaction_questions(coordination& of) : of_(of) {}

  seastar::future<std::vector<kafka::error_code>> verify(
      edge::transaction_question question) override {
    return of_.verifiers().local().ask({.transactional_id = std::move(question.transactional_id),
                                        .producer = question.producer,
                                        .epoch = question.epoch,
                                        .partitions = std::move(question.partitions),
                                        .add = question.add});
  }

 private:
  coordination& of_;
};

}  // namespace weir::app
