#include "cli/client.h"

#include <cctype>
#include <cstdio>
#include <format>

namespace weir::cli {

namespace {

// librdkafka writes "host:port/bootstrap: Connect to ipv4#… failed: Connection refused (after 0ms
// in state CONNECT, 2 identical error(s) suppressed)": people want the middle.
std::string short_reason(std::string_view text) {
  if (const auto at = text.find("failed: "); at != std::string_view::npos)
    text.remove_prefix(at + 8);
  if (const auto at = text.find(" (after "); at != std::string_view::npos)
    text = text.substr(0, at);
  std::string out(text);
  if (out.size() > 1 && std::islower(static_cast<unsigned char>(out[1])) != 0) {
    out[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[0])));
  }
  return out;
}

void set_property(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char why[256];
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) {
    throw failure(std::format("-X {}={}: {}", name, value, why), exit_usage);
  }
}

}  // namespace

client::client(const settings& s, rd_kafka_type_t type, const property_list& properties,
               on_delivery delivered)
    : settings_(s), state_(std::make_unique<state>()) {
  state_->verbose = s.verbose;
  state_->delivered = std::move(delivered);
  owned<rd_kafka_conf_t, rd_kafka_conf_destroy> conf(rd_kafka_conf_new());
  set_property(conf.get(), "bootstrap.servers", s.brokers);
  set_property(conf.get(), "client.id", "weir-cli");
  set_property(conf.get(), "reconnect.backoff.max.ms", "1000");
  // What happens to a broker is said once, by us.
  set_property(conf.get(), "log.connection.close", "false");
  for (const auto& [name, value] : properties) set_property(conf.get(), name, value);
  for (const auto& [name, value] : s.properties) set_property(conf.get(), name, value);
  rd_kafka_conf_set_opaque(conf.get(), state_.get());
  rd_kafka_conf_set_error_cb(conf.get(), &client::on_error);
  rd_kafka_conf_set_log_cb(conf.get(), &client::on_log);
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set_dr_msg_cb(conf.get(),
                                [](rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
                                  const auto& handler = static_cast<state*>(opaque)->delivered;
                                  if (handler) handler(*message);
                                });
  }
  char why[512];
  handle_.reset(rd_kafka_new(type, conf.get(), why, sizeof why));
  if (!handle_) throw failure(why, exit_usage);
  (void)conf.release();  // rd_kafka_new took it
}

void client::on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  auto& s = *static_cast<state*>(opaque);
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    s.all_down = true;
    return;  // its text only counts the brokers
  }
  s.refused_login = code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
  s.reason = short_reason(reason);
}

void client::on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
  // A null handle is a line about the configuration, from inside rd_kafka_new.
  if (handle == nullptr || !static_cast<state*>(rd_kafka_opaque(handle))->verbose) return;
  std::fprintf(stderr, "librdkafka %d %s: %s\n", level, facility, text);
}

failure client::unreachable() const {
  const auto seconds = std::chrono::duration<double>(settings_.timeout()).count();
  if (state_->refused_login) {
    return failure(std::format("the broker at {} did not let this client in: {}", settings_.brokers,
                               state_->reason));
  }
  const std::string reason = state_->reason.empty() ? "" : " (" + state_->reason + ")";
  return failure(std::format(
      "no broker answered at {} within {:g} s{}; is it running? start one with: weir start --dev",
      settings_.brokers, seconds, reason));
}

void client::connect() {
  const rd_kafka_metadata_t* metadata = nullptr;
  const auto wait = static_cast<int>(settings_.timeout().count());
  const auto code = rd_kafka_metadata(raw(), 0, nullptr, &metadata, wait);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    poll(std::chrono::milliseconds(0));  // the reason waits among the callbacks
    throw unreachable();
  }
  rd_kafka_metadata_destroy(metadata);
}

void client::set_operation_timeout(rd_kafka_AdminOptions_t* options) const {
  char why[256];
  const auto wait = static_cast<int>(settings_.timeout().count());
  rd_kafka_AdminOptions_set_operation_timeout(options, wait, why, sizeof why);
}

event_ptr client::ask(rd_kafka_admin_op_t op, std::string_view doing, const call& make,
                      const tune& tune_options) {
  const admin_options_ptr options(rd_kafka_AdminOptions_new(raw(), op));
  const auto wait = static_cast<int>(settings_.timeout().count());
  char why[256];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), wait, why, sizeof why);
  if (tune_options) tune_options(options.get());
  const queue_ptr queue(rd_kafka_queue_new(raw()));
  make(raw(), options.get(), queue.get());
  // The request has its own timeout and always answers; the second above is for a bug in that.
  event_ptr event(rd_kafka_queue_poll(queue.get(), wait + 1000));
  const auto code = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return event;
  poll(std::chrono::milliseconds(0));
  if (code == RD_KAFKA_RESP_ERR__TRANSPORT || state_->all_down) throw unreachable();
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE) {
    throw failure(std::format("cannot {}: no answer from {} within {:g} s; --timeout waits longer",
                              doing, settings_.brokers,
                              std::chrono::duration<double>(settings_.timeout()).count()));
  }
  throw failure(std::format("cannot {}: {}", doing, rd_kafka_event_error_string(event.get())));
}

std::string explain_topic(std::string_view topic, rd_kafka_resp_err_t code, const char* text) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
      return std::format("topic {} does not exist; see: weir topic list", topic);
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return std::format("topic {} has no such partition; see: weir topic describe {}", topic,
                         topic);
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
      return std::format("topic {} exists already; --if-not-exists accepts that", topic);
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
      return std::format("'{}' is not a topic name: use 1 to 249 letters, digits, '.', '_' or '-'",
                         topic);
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      return std::format("topic {}: this client may not do that (access control)", topic);
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
      return std::format("topic {}: no answer in time; --timeout waits longer", topic);
    default:
      break;
  }
  const bool own_words = text != nullptr && *text != '\0';
  return std::format("topic {}: {}", topic, own_words ? text : rd_kafka_err2str(code));
}

}  // namespace weir::cli
