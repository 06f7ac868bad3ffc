#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <format>
#include <iostream>
#include <map>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/signals.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t record_size_max = 64 << 20;
constexpr double delivery_seconds = 30;

struct produce_options {
  std::string topic;
  std::vector<std::string> files;
  std::optional<std::string> key;
  std::optional<std::string> key_separator;
  std::string delimiter = "\\n";
  std::int32_t partition = RD_KAFKA_PARTITION_UA;
  std::vector<std::string> headers;
  std::string compression = "none";
  std::string acks = "all";
  std::string format = "line";
  bool empty_is_null = false;
};

std::string unescaped(const std::string& text, const char* option) {
  auto out = unescape(text);
  if (!out) throw failure(std::format("{} {}: {}", option, text, out.error()), exit_usage);
  if (out->empty()) throw failure(std::format("{} must not be empty", option), exit_usage);
  return *out;
}

input_rules rules_of(const produce_options& o) {
  if (o.key && o.key_separator) throw failure("give either -k or -K, not both", exit_usage);
  input_rules out;
  out.key = o.key;
  if (o.key_separator) out.key_separator = unescaped(*o.key_separator, "-K");
  out.empty_is_null = o.empty_is_null;
  out.json = o.format == "json";
  for (auto& [name, value] : read_pairs(o.headers, "-H")) out.headers.push_back({name, value});
  return out;
}

property_list properties_of(const settings& s, const produce_options& o) {
  const double seconds = s.timeout_s.value_or(delivery_seconds);
  const auto ms = std::to_string(static_cast<std::int64_t>(seconds * 1000));
  property_list out = {{"acks", o.acks},
                       {"compression.type", o.compression},
                       {"message.timeout.ms", ms},
                       {"topic.metadata.propagation.max.ms", ms},
                       // The broker says what is too large; memory is bounded here.
                       {"message.max.bytes", std::to_string(record_size_max + (1 << 20))},
                       {"queue.buffering.max.kbytes", "131072"},
                       // Keys go where the Java client would put them.
                       {"partitioner", "murmur2_random"}};
  const bool own_rules = s.has_property("acks") || s.has_property("request.required.acks");
  if (o.acks == "all" && !own_rules) out.emplace_back("enable.idempotence", "true");
  return out;
}

// One run of the command: what was sent, what became of it.
class producer {
 public:
  producer(const settings& s, const produce_options& o)
      : settings_(s),
        options_(o),
        rules_(rules_of(o)),
        delimiter_(unescaped(o.delimiter, "-D")),
        client_(s, RD_KAFKA_PRODUCER, properties_of(s, o),
                [this](const rd_kafka_message_t& m) { delivered(m); }) {}

  void run();

 private:
  struct total {
    std::uint64_t records = 0;
    std::int64_t first = -1;
    std::int64_t last = -1;
  };

  void read_file(const std::string& name);
  void read_stream(int fd, const std::string& name);
  void send(std::string text, const std::string& where);
  void enqueue(const new_record& record, const std::string& where);
  void delivered(const rd_kafka_message_t& message);
  void drain();
  void summarise();
  bool stop() const { return interrupted() || !failure_.empty(); }

  const settings& settings_;
  const produce_options& options_;
  input_rules rules_;
  std::string delimiter_;
  std::map<std::int32_t, total> totals_;
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;  // of keys and values stored
  std::uint64_t failed_ = 0;
  std::string failure_;  // the first
  client client_;        // last: its destruction may still report deliveries
};

void producer::run() {
  client_.connect();
  watch_signals();
  std::vector<std::string> files = options_.files;
  if (files.empty()) files.emplace_back("-");
  for (const auto& file : files) {
    if (!stop()) read_file(file);
  }
  drain();
  summarise();
  if (!failure_.empty()) throw failure(failure_);
  if (interrupted())
    throw failure("interrupted before the end of the input", 128 + caught_signal());
}

void producer::read_file(const std::string& name) {
  if (name == "-") {
    if (isatty(STDIN_FILENO) == 1) std::cerr << "one record a line; Ctrl-D ends\n";
    read_stream(STDIN_FILENO, "standard input");
    return;
  }
  const int fd = open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    failure_ = std::format("cannot open {}: {}", name, std::strerror(errno));
    return;
  }
  read_stream(fd, name);
  close(fd);
}

void producer::read_stream(int fd, const std::string& name) {
  record_splitter records(delimiter_, record_size_max);
  const bool whole = options_.format == "whole";
  std::vector<char> block(1 << 16);
  std::uint64_t number = 0;
  auto where = [&] { return whole ? name : std::format("{} record {}", name, ++number); };
  while (!stop()) {
    // Waiting for input with a bound, so that deliveries and signals are seen while nobody types.
    pollfd waiting{fd, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, 100);
    client_.poll(milliseconds(0));
    if (ready == 0 || (ready < 0 && errno == EINTR)) {
      flush_output();
      continue;
    }
    const ssize_t n = read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failure_ = std::format("cannot read {}: {}", name, std::strerror(errno));
    if (n <= 0) break;
    records.feed({block.data(), static_cast<std::size_t>(n)});
    while (!whole && !stop()) {
      auto text = records.next();
      if (!text) break;
      send(std::move(*text), where());
    }
    if (!stop() && records.too_long()) {
      failure_ = std::format("{}: the record is longer than 64 MiB", where());
    }
  }
  if (stop()) return;
  auto rest = records.last();
  if (whole && !rest) rest.emplace();
  if (rest) send(std::move(*rest), where());
}

void producer::send(std::string text, const std::string& where) {
  if (rules_.json && text.find_first_not_of(" \t\r\n") == std::string::npos) return;
  auto record = parse_record(std::move(text), rules_);
  if (record) {
    enqueue(*record, where);
  } else {
    failure_ = std::format("{}: {}", where, record.error());
  }
}

void producer::enqueue(const new_record& record, const std::string& where) {
  auto memory = [](rd_kafka_vtype_t type, const std::optional<std::string>& bytes) {
    rd_kafka_vu_t out = {};
    out.vtype = type;
    out.u.mem.ptr = bytes ? const_cast<char*>(bytes->data()) : nullptr;
    out.u.mem.size = bytes ? bytes->size() : 0;
    return out;
  };
  std::vector<rd_kafka_vu_t> parts(3);
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = options_.topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = options_.partition;
  parts[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[2].u.i = RD_KAFKA_MSG_F_COPY;
  parts.push_back(memory(RD_KAFKA_VTYPE_KEY, record.key));
  parts.push_back(memory(RD_KAFKA_VTYPE_VALUE, record.value));
  if (record.timestamp_ms) {
    parts.push_back({});
    parts.back().vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    parts.back().u.i64 = *record.timestamp_ms;
  }
  for (const auto& [name, value] : record.headers) {
    rd_kafka_vu_t part = {};
    part.vtype = RD_KAFKA_VTYPE_HEADER;
    part.u.header.name = name.c_str();
    part.u.header.val = value ? value->data() : nullptr;
    part.u.header.size = value ? static_cast<ssize_t>(value->size()) : 0;
    parts.push_back(part);
  }
  while (!stop()) {
    const error_ptr error(rd_kafka_produceva(client_.raw(), parts.data(), parts.size()));
    if (!error) break;
    if (rd_kafka_error_code(error.get()) == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      client_.poll(milliseconds(100));
      continue;
    }
    failure_ = std::format("{}: {}", where,
                           explain_topic(options_.topic, rd_kafka_error_code(error.get()),
                                         rd_kafka_error_string(error.get())));
  }
  client_.poll(milliseconds(0));
}

void producer::delivered(const rd_kafka_message_t& m) {
  if (m.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++failed_;
    if (!failure_.empty()) return;
    failure_ = client_.all_down() ? client_.unreachable().what()
                                  : explain_topic(options_.topic, m.err, nullptr);
    return;
  }
  ++records_;
  bytes_ += m.len + m.key_len;
  auto& total = totals_[m.partition];
  ++total.records;
  if (m.offset >= 0) {
    if (total.first < 0) total.first = m.offset;
    total.last = m.offset;
  }
  // With acks=0 nobody tells the offset.
  if (settings_.as_json) {
    const json offset = m.offset < 0 ? json(nullptr) : json(m.offset);
    print(json({{"topic", options_.topic}, {"partition", m.partition}, {"offset", offset}}).dump() +
          "\n");
  } else if (settings_.verbose) {
    print(std::format("{} partition {} offset {}\n", options_.topic, m.partition, m.offset));
  }
}

void producer::drain() {
  // Bounded: each record is delivered or given up after message.timeout.ms. A second signal ends
  // it.
  while (rd_kafka_outq_len(client_.raw()) > 0) {
    rd_kafka_flush(client_.raw(), 200);
    flush_output();
  }
}

void producer::summarise() {
  std::string list;
  json partitions = json::array();
  for (const auto& [partition, total] : totals_) {
    auto offset = [](std::int64_t n) { return n < 0 ? json(nullptr) : json(n); };
    list += (list.empty() ? "" : ", ") + std::to_string(partition);
    partitions.push_back({{"partition", partition},
                          {"records", total.records},
                          {"first_offset", offset(total.first)},
                          {"last_offset", offset(total.last)}});
  }
  if (settings_.as_json) {
    const json summary = {{"topic", options_.topic},
                          {"records", records_},
                          {"bytes", bytes_},
                          {"failed", failed_},
                          {"partitions", partitions}};
    print(json({{"summary", summary}}).dump() + "\n");
  }
  flush_output();
  std::cerr << std::format("produced {}, {}{}{}{}\n", counted(records_, "record"),
                           counted(bytes_, "byte"), totals_.empty() ? "" : ", to ",
                           totals_.empty()       ? ""
                           : totals_.size() == 1 ? "partition "
                                                 : "partitions ",
                           list);
  if (failed_ > 0) std::cerr << std::format("not stored: {}\n", counted(failed_, "record"));
}

void add_options(CLI::App& app, produce_options& o) {
  app.add_option("TOPIC", o.topic, "Where the records go")->type_name("")->required();
  app.add_option("FILE", o.files, "Read these; - is standard input, the default")->type_name("");
  app.add_option("-f,--format", o.format,
                 "line: a record ends at the delimiter\n"
                 "json: so does a JSON object with key, value, headers, timestamp_ms\n"
                 "whole: each file is one record.   Default: line")
      ->option_text("FORMAT")
      ->check(CLI::IsMember({"line", "json", "whole"}));
  app.add_option("-D,--delimiter", o.delimiter,
                 "What ends a record; knows \\n \\t \\0 \\xHH. Default: \\n")
      ->option_text("TEXT");
  app.add_option("-k,--key", o.key, "One key for every record")->option_text("KEY");
  app.add_option("-K,--key-separator", o.key_separator, "The key is what stands before SEP")
      ->option_text("SEP");
  app.add_option("-p,--partition", o.partition,
                 "One partition for every record. Default: by the key's hash (as Java clients\n"
                 "do), spread without a key")
      ->option_text("N")
      ->check(CLI::NonNegativeNumber);
  app.add_option("-H,--header", o.headers, "Add a header to every record; may be repeated")
      ->option_text("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_flag("-Z,--null", o.empty_is_null,
               "Empty values are null (tombstones), empty keys are none");
  app.add_option("-z,--compress", o.compression, "none, gzip, snappy, lz4 or zstd. Default: none")
      ->option_text("CODEC")
      ->check(CLI::IsMember({"none", "gzip", "snappy", "lz4", "zstd"}));
  app.add_option(
         "--acks", o.acks,
         "Who has it before it counts: all (in sync replicas), 1 (the leader), 0 (nobody).\n"
         "Default: all, and idempotent: no repeats, no reordering")
      ->option_text("WHO")
      ->check(CLI::IsMember({"all", "-1", "1", "0"}));
}

}  // namespace

void add_produce(commands& to) {
  auto o = std::make_shared<produce_options>();
  CLI::App& app = to.add(
      to.root(),
      {"produce", "Send records to a topic, from standard input or files",
       "produce [OPTIONS] TOPIC [FILE...]",
       "Says at the end, on standard error, what was stored; -v names each record's place, --json\n"
       "prints an object for each and a summary. A record that isn't stored after --timeout\n"
       "(here 30 s by default) is given up, and the command ends with 1.\n\n"
       "Examples:\n"
       "  echo hello | weir produce greetings\n"
       "  weir produce flights -K , -z zstd flights.csv\n"
       "  echo alice: | weir produce users -K : -Z          # a tombstone\n"
       "  weir consume flights --json | weir produce copy -f json\n"},
      [&s = to.shared(), o] { producer(s, *o).run(); });
  add_options(app, *o);
}

}  // namespace weir::cli
