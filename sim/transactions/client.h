#pragma once
// A producer with a transactional id, as Kafka's clients behave: it asks until it is told, goes on
// where it may, and ends when somebody else has taken over.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "sim/transactions/data_partition.h"

namespace weir::sim::transactions {

class client {
 public:
  struct ways {
    // A request to the coordinator of the client's id; none: no answer in time.
    std::function<void(const transaction::request& r, std::int16_t version, const attempt& given_up,
                       std::function<void(std::optional<transaction::answer>)> then)>
        ask;
    std::function<void(std::size_t partition, const record_to_store& r, const attempt& given_up,
                       std::function<void(store_answer)> then)>
        store;
    std::vector<topic_partition> partitions;
  };

  client(surroundings& around, ways how, client_number number, std::string id, bool classic)
      : around_(around),
        how_(std::move(how)),
        number_(number),
        id_(std::move(id)),
        classic_(classic) {}
  void start() { init(); }
  // Begins nothing more.
  void stop() { stopped_ = true; }
  [[nodiscard]] bool over() const { return over_; }

 private:
  template <typename Answer>
  void ask(const transaction::request& r, std::int16_t version,
           std::function<void(const Answer&)> then, std::function<void()> no_answer);
  void later(std::function<void()> then);
  void end_of_me() { over_ = true; }

  void init();
  void on_init(const kafka::init_producer_id_response& a);
  void begin();
  void next_record();
  void add_partition(std::size_t partition);
  void send_record(std::size_t partition, record_number number, int tries);
  void on_stored(std::size_t partition, record_number number, int tries, store_answer a);
  void end(bool commit);
  void on_end(bool commit, const kafka::end_txn_response& a);

  surroundings& around_;
  ways how_;
  client_number number_;
  std::string id_;
  bool classic_;

  producer_id producer_ = no_producer_id;
  producer_epoch epoch_ = no_producer_epoch;
  std::map<std::size_t, std::int32_t> sequences_;  // the next one of each partition
  transaction_number transaction_ = 0;
  std::set<std::size_t> added_;
  std::int64_t left_ = 0;    // records of this transaction
  bool unresolved_ = false;  // what became of some record is not known
  bool stopped_ = false;
  bool over_ = false;
  record_number records_ = 0;
};

}  // namespace weir::sim::transactions
