// weir verify: whether what a data directory holds is what was written.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <condition_variable>
#include <format>
#include <iostream>
#include <mutex>
#include <thread>

#include "cli/commands.h"
#include "cli/failure.h"
#include "cli/offline/directory_check.h"
#include "cli/offline/source.h"
#include "cli/signals.h"
#include "cli/text.h"

namespace weir::cli {

namespace {

using offline::finding;
using offline::findings;
using offline::level;

constexpr std::size_t findings_max = 10'000;  // kept for --json

std::string_view name(level l) {
  switch (l) {
    case level::note:
      return "note";
    case level::redundant:
      return "redundant";
    case level::damage:
      return "damage";
    case level::unchecked:
      return "unchecked";
  }
  return "";
}

std::string in_words(const finding& f) {
  std::string where = f.file;
  if (f.position) where += std::format(" at position {}", *f.position);
  if (f.offset) where += std::format(", offset {}", *f.offset);
  return std::format("{:<10}{}: {}\n          {}\n", name(f.how), where, f.what, f.means);
}

json to_json(const finding& f) {
  return {{"level", name(f.how)},
          {"file", f.file},
          {"position", f.position ? json(*f.position) : json(nullptr)},
          {"offset", f.offset ? json(*f.offset) : json(nullptr)},
          {"what", f.what},
          {"means", f.means}};
}

std::string size_in_words(std::uint64_t bytes) {
  constexpr double step = 1024;
  auto left = static_cast<double>(bytes);
  for (const char* unit : {"bytes", "KiB", "MiB", "GiB"}) {
    if (left < step) return std::format("{:.{}f} {}", left, unit[0] == 'b' ? 0 : 1, unit);
    left /= step;
  }
  return std::format("{:.1f} TiB", left);
}

// The check works in a thread of its own; this one shows how far it is and listens to signals.
class shown_progress {
 public:
  explicit shown_progress(offline::progress& p) : progress_(p) {}

  // Runs `work`; what it throws is thrown here.
  void run(const std::function<void()>& work) {
    std::exception_ptr failed;
    std::jthread worker([&] {
      try {
        work();
      } catch (...) {
        failed = std::current_exception();
      }
      const std::scoped_lock held(lock_);
      done_ = true;
      changed_.notify_one();
    });
    std::unique_lock held(lock_);
    while (!changed_.wait_for(held, std::chrono::milliseconds(250), [this] { return done_; })) {
      if (interrupted()) progress_.stop = true;
      show();
    }
    clear();
    held.unlock();
    worker.join();
    if (failed) std::rethrow_exception(failed);
  }
  // Where lines go out between two pictures of the progress.
  void print_line(std::string_view text) {
    const std::scoped_lock held(lock_);
    clear();
    print(text);
    if (to_terminal_) flush_output();
  }

 private:
  void show() {
    const auto all = progress_.bytes_all.load();
    const auto done = std::min(progress_.bytes_done.load(), all);
    if (!to_terminal_ || all == 0) return;
    std::cerr << std::format("\r{:3}%  {} of {}\x1b[K", done * 100 / all, size_in_words(done),
                             size_in_words(all))
              << std::flush;
    shown_ = true;
  }
  void clear() {
    if (std::exchange(shown_, false)) std::cerr << "\r\x1b[K" << std::flush;
  }

  offline::progress& progress_;
  const bool to_terminal_ = isatty(STDERR_FILENO) == 1;
  std::mutex lock_;
  std::condition_variable changed_;
  bool done_ = false;
  bool shown_ = false;
};

json counts_of(const findings& f) {
  return {{"topics", f.seen.topics},
          {"partitions", f.seen.partitions},
          {"segments", f.seen.segments},
          {"files", f.seen.files},
          {"frames", f.seen.frames},
          {"batches", f.seen.batches},
          {"records", f.seen.records},
          {"bytes", f.seen.bytes},
          {"damage", f.count(level::damage)},
          {"redundant", f.count(level::redundant)},
          {"unchecked", f.count(level::unchecked)},
          {"notes", f.count(level::note)}};
}

std::string closing_line(const findings& f, std::uint64_t more) {
  const auto& s = f.seen;
  std::string out = std::format(
      "{}{}, {}, {}, {}, {} of segments: ", s.topics > 0 ? counted(s.topics, "topic") + ", " : "",
      counted(s.partitions, "partition"), counted(s.segments, "segment"),
      s.batches == 1 ? "1 batch" : std::format("{} batches", s.batches),
      counted(s.records, "record"), size_in_words(s.bytes));
  const auto damage = f.count(level::damage);
  const auto redundant = f.count(level::redundant);
  const auto unchecked = f.count(level::unchecked);
  if (damage + redundant + unchecked == 0) {
    out += "all good";
  } else {
    out += std::format("{} damaged, {} to be made again, {} not checked", damage, redundant,
                       unchecked);
  }
  if (const auto notes = f.count(level::note)) out += ", " + counted(notes, "note");
  if (more > 0) out += std::format(" ({} findings not shown)", more);
  return out + "\n";
}

void lock_against_brokers(offline::read_lock& lock, const std::string& path) {
  const auto root = offline::data_directory_of(path);
  if (!root || lock.take(*root)) return;
  throw failure(std::format("{} is in use by process {}: stop that broker first (weir dump reads "
                            "single files of a running one)",
                            *root, lock.holder()),
                exit_usage);
}

void run_verify(const settings& s, const offline::check_order& order) {
  watch_signals();
  offline::read_lock lock;
  lock_against_brokers(lock, order.path);
  offline::progress progress;
  shown_progress shown(progress);
  findings total;
  json all = json::array();
  std::uint64_t more = 0;
  try {
    shown.run([&] {
      total = offline::check(order, progress, [&](const findings& one) {
        more += one.dropped();
        for (const auto& f : one.kept()) {
          if (!s.as_json) {
            shown.print_line(in_words(f));
          } else if (all.size() < findings_max) {
            all.push_back(to_json(f));
          } else {
            ++more;
          }
        }
      });
    });
  } catch (const offline::nothing_to_check& why) {
    throw failure(why.what(), exit_usage);
  } catch (const offline::read_failed& why) {
    throw failure(why.what(), exit_usage);
  } catch (const offline::stopped_early&) {
    throw failure("stopped before the end", exit_usage);
  }
  const bool bad = total.count(level::damage) + total.count(level::redundant) > 0;
  const bool unknown = total.count(level::unchecked) > 0;
  const char* result = bad ? "damaged" : unknown ? "unknown" : "good";
  if (s.as_json) {
    print_json({{"path", order.path},
                {"result", result},
                {"counts", counts_of(total)},
                {"findings", all},
                {"findings_left_out", more}});
  } else {
    print(closing_line(total, more));
  }
  flush_output();
  if (bad || unknown) std::_Exit(bad ? exit_failed : exit_usage);
}

}  // namespace

void add_verify(commands& to) {
  auto o = std::make_shared<offline::check_order>();
  o->jobs = std::clamp(std::thread::hardware_concurrency(), 1U, 4U);
  CLI::App& app = to.add(
      to.root(),
      {"verify", "Check everything that a stopped broker's data directory holds",
       "verify DIR [OPTIONS]",
       "DIR is a data directory, the directory of one partition, or a single file. Reads every "
       "byte\n"
       "and changes none: checksums, records inside of batches, the order of segments, indexes "
       "and\n"
       "other files beside them, the journal and what it would put back, the catalog's commands.\n"
       "No broker may run on it meanwhile.\n\n"
       "Each finding says where and what, and below that what follows from it:\n"
       "  damage     what was acknowledged is missing or changed: restore from a replica or "
       "backup\n"
       "  redundant  a file that only spares work is wrong: the next start makes it again\n"
       "  unchecked  could not be read, or is of a newer Weir\n"
       "  note       nothing is wrong, such as a torn tail that was never acknowledged\n\n"
       "Examples:\n"
       "  weir verify weir-data\n"
       "  weir verify weir-data --topic orders --json | jq .findings\n"
       "  weir verify weir-data/topics/orders.*/0\n\n"
       "Exit codes: 0 all good (notes too); 1 damage, redundant files included; 2 could not "
       "check.\n"
       "More: docs/recovery.md\n"},
      [&s = to.shared(), o] { run_verify(s, *o); });
  app.add_option("DIR", o->path, "Data directory, partition's directory, or file")->required();
  app.add_option("--topic", o->topic, "Only this topic")->option_text("NAME");
  app.add_option("--jobs", o->jobs,
                 std::format("Partitions at once; each may take up to 400 MiB for the largest "
                             "batches. Default: {}",
                             o->jobs))
      ->option_text("N")
      ->check(CLI::Range(1, 64));
}

}  // namespace weir::cli
