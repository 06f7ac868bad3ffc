#include <unistd.h>

#include <CLI/CLI.hpp>
#include <format>
#include <iostream>
#include <map>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/consume_plan.h"
#include "cli/format.h"
#include "cli/signals.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct consume_options {
  consume_request what;
  std::optional<std::uint64_t> count;
  std::string format = "%v\\n";
  std::string null_text;
  bool uncommitted = false;
};

const property_list consumer_properties = {{"enable.partition.eof", "true"},
                                           {"auto.offset.reset", "error"},
                                           {"fetch.wait.max.ms", "100"},
                                           {"queued.min.messages", "20000"},
                                           {"queued.max.messages.kbytes", "16384"}};

// Reads assigned partitions one queue for all, in no group: librdkafka's plain consumer is the one
// part of it that needs no group coordinator from the broker.
class consumer {
 public:
  consumer(const settings& s, const consume_options& o)
      : settings_(s), options_(o), client_(s, RD_KAFKA_CONSUMER, properties(o)) {
    auto format = record_format::parse(o.format, o.null_text);
    if (!format)
      throw failure(std::format("--format {}: {}", o.format, format.error()), exit_usage);
    format_ = std::move(*format);
    check_request(o.what);
  }
  consumer(const consumer&) = delete;
  consumer& operator=(const consumer&) = delete;
  ~consumer() { stop(); }

  void run();

 private:
  static property_list properties(const consume_options& o) {
    auto out = consumer_properties;
    out.emplace_back("isolation.level", o.uncommitted ? "read_uncommitted" : "read_committed");
    return out;
  }

  void start();
  void stop();
  void take(const rd_kafka_message_t& message);
  void take_error(const rd_kafka_message_t& message);
  void write(const rd_kafka_message_t& message);
  void finish(consume_span& span) {
    span.end = span.first = 0;
    --open_;
  }
  bool enough() const { return open_ == 0 || (options_.count && written_ >= *options_.count); }

  const settings& settings_;
  const consume_options& options_;
  client client_;
  record_format format_;
  topic_ptr topic_;
  queue_ptr queue_;
  std::map<std::int32_t, consume_span> spans_;
  std::size_t open_ = 0;  // spans that are not done
  std::vector<std::int32_t> started_;
  std::uint64_t written_ = 0;
  std::string line_;
};

void consumer::run() {
  client_.connect();
  for (const auto& span : plan_consume(client_, options_.what)) {
    spans_.emplace(span.partition, span);
    if (!span.done()) ++open_;
  }
  watch_signals();
  if (!enough()) start();
  auto last_news = steady_clock::now();
  while (!enough() && !interrupted()) {
    const message_ptr message(rd_kafka_consume_queue(queue_.get(), 100));
    client_.poll(milliseconds(0));
    if (message) {
      take(*message);
    } else {
      flush_output();
    }
    if (message && message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      last_news = steady_clock::now();
      client_.heard();
    }
    // Followers wait out a restart of the broker; a reader that was promised an end says so.
    const bool silent = steady_clock::now() - last_news > settings_.timeout();
    if (!options_.what.follow && silent && client_.all_down()) throw client_.unreachable();
  }
  flush_output();
  if (settings_.verbose) std::cerr << "read " << counted(written_, "record") << '\n';
}

void consumer::start() {
  topic_.reset(rd_kafka_topic_new(client_.raw(), options_.what.topic.c_str(), nullptr));
  queue_.reset(rd_kafka_queue_new(client_.raw()));
  for (const auto& [partition, span] : spans_) {
    if (span.done()) continue;
    if (rd_kafka_consume_start_queue(topic_.get(), partition, span.first, queue_.get()) != 0) {
      throw failure(explain_topic(options_.what.topic, rd_kafka_last_error(), nullptr));
    }
    started_.push_back(partition);
  }
}

void consumer::stop() {
  for (const auto partition : started_) rd_kafka_consume_stop(topic_.get(), partition);
}

void consumer::take(const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR &&
      message.err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    take_error(message);
    return;
  }
  auto& span = spans_.at(message.partition);
  if (span.done()) return;  // fetched before its end was known to be reached
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    // The last offsets may hold no record (control batches, compaction): then only this tells.
    if (span.end && message.offset >= *span.end) finish(span);
    return;
  }
  if (message.offset < span.first) return;
  if (span.end && message.offset >= *span.end) {
    finish(span);
    return;
  }
  write(message);
  span.first = message.offset + 1;
  if (span.done()) finish(span);
}

void consumer::take_error(const rd_kafka_message_t& message) {
  switch (message.err) {
    // The connection comes and goes; `run` watches for one that stays away.
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
      return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      throw failure(
          std::format("topic {} partition {}: the records at the next offset are gone or not "
                      "there yet; see: weir topic describe {}",
                      options_.what.topic, message.partition, options_.what.topic));
    default:
      break;
  }
  throw failure(explain_topic(options_.what.topic, message.err, rd_kafka_message_errstr(&message)));
}

void consumer::write(const rd_kafka_message_t& message) {
  auto bytes = [](const void* p, std::size_t n) -> std::optional<std::string_view> {
    if (p == nullptr) return std::nullopt;
    return std::string_view(static_cast<const char*>(p), n);
  };
  record_view record;
  record.topic = options_.what.topic;
  record.partition = message.partition;
  record.offset = message.offset;
  record.leader_epoch = rd_kafka_message_leader_epoch(&message);
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const auto at = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.timestamp_ms = at;
  record.log_append_time = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME;
  record.key = bytes(message.key, message.key_len);
  record.value = bytes(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
      record.headers.push_back({name, bytes(value, size)});
    }
  }
  line_.clear();
  if (settings_.as_json) {
    write_json(record, line_);
  } else {
    format_.write(record, line_);
  }
  print(line_);
  ++written_;
}

void add_options(CLI::App& app, consume_options& o) {
  app.add_option("TOPIC", o.what.topic, "What to read")->type_name("")->required();
  app.add_option("-p,--partition", o.what.partitions,
                 "Only these, such as 0,2; may be repeated.\nDefault: all")
      ->option_text("N")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::NonNegativeNumber);
  app.add_option(
         "-o,--offset", o.what.from,
         "Where to begin in each partition: start, end, offset N, the last N records (-N),\n"
         "or the first record at or after a time (@TIME).   Default: start")
      ->option_text("WHERE");
  app.add_option("--until", o.what.until,
                 "Where to stop: end (as it is now), or the first record at or after @TIME.\n"
                 "Default: end")
      ->option_text("WHERE");
  app.add_flag("--follow", o.what.follow, "Don't stop at the end, wait for more");
  app.add_option("-n,--count", o.count, "Stop after so many records in all")->option_text("COUNT");
  app.add_option("-f,--format", o.format, "How to print a record, see below. Default: %v\\n")
      ->option_text("FORMAT");
  app.add_option("--null", o.null_text, "What stands for a null key or value. Default: nothing")
      ->option_text("TEXT");
  app.add_flag("--uncommitted", o.uncommitted,
               "Also read records of open and aborted transactions");
}

}  // namespace

void add_consume(commands& to) {
  auto o = std::make_shared<consume_options>();
  CLI::App& app = to.add(
      to.root(),
      {"consume", "Read a topic's records, in order within each partition",
       "consume [OPTIONS] TOPIC",
       "TIME is milliseconds since 1970, or ISO-8601: 2013-01-01, 2013-01-01T05:00:00Z,\n"
       "2013-01-01T06:00+01:00; UTC when it names no zone.\n\n"
       "FORMAT prints exactly what it says, with these filled in (end it with \\n):\n"
       "  %v value      %V its length   %t topic      %T timestamp, milliseconds since 1970\n"
       "  %k key        %K its length   %p partition  %I timestamp, ISO-8601\n"
       "  %h headers    %e epoch        %o offset     %% a percent sign;  \\n \\t \\r \\0 \\\\ "
       "\\xHH\n\n"
       "--json prints an object a line: topic, partition, offset, leader_epoch, timestamp_ms,\n"
       "timestamp_type, key, value, headers; bytes that aren't UTF-8 as key_base64, "
       "value_base64.\n\n"
       "Joins no consumer group and commits nothing.\n\n"
       "Examples:\n"
       "  weir consume flights -n 5\n"
       "  weir consume flights -o -10 -f '%p %o %k %v\\n'\n"
       "  weir consume flights -o end --follow\n"
       "  weir consume flights -o @2013-01-01 --until @2013-01-02 --json | jq .key\n"},
      [&s = to.shared(), o] {
        o->what.committed = !o->uncommitted;
        consumer(s, *o).run();
      });
  add_options(app, *o);
}

}  // namespace weir::cli
