// librdkafka's handles as values that clean up, and its errors as lines that people understand.
#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/failure.h"
#include "cli/settings.h"

namespace weir::cli {

template <auto Destroy>
struct destroyer {
  void operator()(auto* p) const { Destroy(p); }
};
template <class T, auto Destroy>
using owned = std::unique_ptr<T, destroyer<Destroy>>;

using event_ptr = owned<rd_kafka_event_t, rd_kafka_event_destroy>;
using queue_ptr = owned<rd_kafka_queue_t, rd_kafka_queue_destroy>;
using topic_ptr = owned<rd_kafka_topic_t, rd_kafka_topic_destroy>;
using message_ptr = owned<rd_kafka_message_t, rd_kafka_message_destroy>;
using error_ptr = owned<rd_kafka_error_t, rd_kafka_error_destroy>;
using admin_options_ptr = owned<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy>;
using partition_list_ptr =
    owned<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

// Properties that a command sets for itself; -X has the last word over each.
using property_list = std::vector<std::pair<std::string, std::string>>;
using on_delivery = std::function<void(const rd_kafka_message_t&)>;

class client {
 public:
  // Makes the handle without connecting. Throws a usage failure for a property that librdkafka
  // doesn't take. `s` must outlive the client; `delivered` is called from `poll`.
  client(const settings& s, rd_kafka_type_t type, const property_list& properties = {},
         on_delivery delivered = {});

  rd_kafka_t* raw() const { return handle_.get(); }
  const settings& options() const { return settings_; }

  // Returns once a broker has answered; throws the failure that names the addresses tried.
  void connect();

  // Serves delivery reports and errors for at most `wait`.
  void poll(std::chrono::milliseconds wait) {
    rd_kafka_poll(raw(), static_cast<int>(wait.count()));
  }

  // All known brokers were unreachable when last heard of; cleared by `heard`.
  bool all_down() const { return state_->all_down; }
  void heard() { state_->all_down = false; }

  // The failure of a cluster that doesn't answer.
  failure unreachable() const;

  using tune = std::function<void(rd_kafka_AdminOptions_t*)>;
  using call = std::function<void(rd_kafka_t*, const rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)>;
  // Makes one admin request and waits for its answer. Throws when the request as a whole failed;
  // `doing` says what was tried ("create topics").
  event_ptr ask(rd_kafka_admin_op_t op, std::string_view doing, const call& make,
                const tune& tune_options = {});

  // For a tune: the brokers, too, may take as long as we wait.
  void set_operation_timeout(rd_kafka_AdminOptions_t* options) const;

 private:
  struct state {  // what librdkafka's callbacks write; its address never changes
    bool verbose = false;
    bool all_down = false;
    bool refused_login = false;
    std::string reason;
    on_delivery delivered;
  };
  struct destroy_handle {
    void operator()(rd_kafka_t* handle) const {
      rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    }
  };
  static void on_error(rd_kafka_t*, int code, const char* reason, void* opaque);
  static void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text);

  const settings& settings_;
  std::unique_ptr<state> state_;
  std::unique_ptr<rd_kafka_t, destroy_handle> handle_;  // destroyed first: callbacks use state_
};

// The line for what happened to a topic: "topic x does not exist; …". `text` is the broker's own
// message, null or empty when it gave none.
std::string explain_topic(std::string_view topic, rd_kafka_resp_err_t code, const char* text);

}  // namespace weir::cli
