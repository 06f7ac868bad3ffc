#include "cli/offline/directory_check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <mutex>
#include <thread>

#include "cli/offline/catalog_check.h"
#include "cli/offline/kinds.h"
#include "core/log/cleaner_checkpoint.h"
#include "core/log/cut_record.h"
#include "core/log/group_record.h"
#include "core/log/reset_record.h"

namespace weir::offline {
namespace {

namespace fs = std::filesystem;

finding about(level how, std::string file, std::string what, std::string means) {
  return {.how = how,
          .file = std::move(file),
          .position = std::nullopt,
          .offset = std::nullopt,
          .what = std::move(what),
          .means = std::move(means)};
}

// What is wrong with a small file by itself.
std::optional<std::string> small_error(const byte_source& file, file_kind kind) {
  const auto content = small_content(file);
  if (!content) return content.error();
  std::optional<log::log_error> error;
  if (kind == file_kind::index) {
    if (const auto i = read_index(*content); !i) error = i.error();
  } else if (kind == file_kind::producers) {
    if (const auto s = log::producer_sequences::decode(fragments::copy(*content)); !s)
      error = s.error();
  } else if (kind == file_kind::terms) {
    if (const auto t = log::term_map::decode(*content); !t) error = t.error();
  } else if (kind == file_kind::cleaner) {
    if (const auto c = log::decode_cleaner_checkpoint(*content); !c) error = c.error();
  } else if (kind == file_kind::group) {
    if (const auto g = log::decode_group_record(*content); !g) error = g.error();
  } else if (kind == file_kind::cut) {
    if (const auto c = log::decode_cut_record(*content); !c) error = c.error();
  } else if (kind == file_kind::state) {
    if (const auto s = decode_kept_state(*content); !s) return std::string(name(s.error()));
  } else if (kind == file_kind::reset) {
    if (const auto r = log::decode_reset_record(*content); !r) error = r.error();
  } else if (const auto c = log::decode_checkpoint(*content); !c) {
    error = c.error();
  }
  if (!error) return std::nullopt;
  return std::string(log::name(*error));
}

class directory_check {
 public:
  directory_check(const check_order& order, std::string root, progress& p,
                  const std::function<void(const findings&)>& each)
      : order_(order), root_(std::move(root)), progress_(p), each_(each) {}

  findings run_all();
  findings run_partition();
  findings run_file();

 private:
  void own_files();
  void load_journals(bool told);
  void find_topics();
  void find_partitions(const std::string& name, const std::string& topic, uuid id,
                       const catalog::topic* known);
  void measure();
  void work();
  void done(const findings& one);
  partition_place place_of(const fs::path& directory) const;

  const check_order& order_;
  std::string root_;
  progress& progress_;
  const std::function<void(const findings&)>& each_;
  journals journal_;
  catalog_found catalog_;
  std::vector<partition_place> units_;
  std::mutex lock_;
  findings total_;
};

void directory_check::done(const findings& one) {
  const std::scoped_lock held(lock_);
  each_(one);
  total_.add(one);
}

void directory_check::own_files() {
  findings found;
  const auto number = [&](const char* name) -> std::optional<std::int64_t> {
    if (!fs::exists(root_ + "/" + name)) return std::nullopt;
    ++found.seen.files;
    try {
      if (const auto n = read_number(*open_source(root_ + "/" + name))) return n;
      found.add(about(level::damage, name, "does not hold a number",
                      "the broker does not start: write the number into it, as docs/recovery.md "
                      "says"));
    } catch (const read_failed& why) {
      found.add(about(level::unchecked, name, why.what(), "its contents are unknown"));
    }
    return std::nullopt;
  };
  const auto format = number("format");
  if (format && *format > log::data_format_version) {
    found.add(about(level::unchecked, "format",
                    fmt::format("written by a newer Weir (format {}, this one reads up to {})",
                                *format, log::data_format_version),
                    "check it with that version"));
  }
  (void)number("node");
  for (const auto& e : fs::directory_iterator(root_)) {
    const auto name = e.path().filename().string();
    const bool known = name == "lock" || name == "membership" || name == "format" ||
                       name == "node" || name == "catalog" || name == "journal" ||
                       name == "topics" || name == "reserve";
    if (!known) found.add(about(level::note, name, "not a file of Weir", "it is left alone"));
  }
  done(found);
}

void directory_check::load_journals(bool told) {
  if (!fs::is_directory(root_ + "/journal")) return;
  findings found;
  journal_ = read_journals(root_ + "/journal", "journal", found, progress_);
  if (told) done(found);
}

findings directory_check::run_all() {
  own_files();
  measure();
  load_journals(true);
  findings found;
  catalog_ = check_catalog(root_, journal_, progress_, found);
  done(found);
  find_topics();
  if (!order_.topic.empty() && units_.empty() && !catalog_.state.find(order_.topic))
    throw nothing_to_check(fmt::format("{} holds no topic {}", root_, order_.topic));
  work();
  return std::move(total_);
}

void directory_check::find_topics() {
  if (!fs::is_directory(root_ + "/topics")) return;
  findings found;
  for (const auto& e : fs::directory_iterator(root_ + "/topics")) {
    const auto name = e.path().filename().string();
    const auto dot = name.rfind('.');
    const auto id = dot == std::string::npos ? std::nullopt
                                             : uuid::parse(std::string_view(name).substr(dot + 1));
    if (!id || !e.is_directory()) {
      found.add(
          about(level::note, "topics/" + name, "not a topic's directory", "it is left alone"));
      continue;
    }
    if (!order_.topic.empty() && name.substr(0, dot) != order_.topic) continue;
    const auto* known = catalog_.state.find(*id);
    if (!known && catalog_.whole) {
      found.add(about(level::note, "topics/" + name, "the topic was deleted",
                      "the next start removes its files"));
      continue;
    }
    ++found.seen.topics;
    find_partitions(name, name.substr(0, dot), *id, known);
  }
  done(found);
}

void directory_check::find_partitions(const std::string& name, const std::string& topic, uuid id,
                                      const catalog::topic* known) {
  findings found;
  for (const auto& e : fs::directory_iterator(root_ + "/topics/" + name)) {
    const auto place = place_of(e.path());
    const auto shown = "topics/" + name + "/" + e.path().filename().string();
    if (!place.partition || !e.is_directory()) {
      found.add(about(level::note, shown, "not a partition's directory", "it is left alone"));
      continue;
    }
    if (known && static_cast<std::size_t>(place.partition->value()) >= known->partitions.size()) {
      found.add(
          about(level::note, shown,
                fmt::format("topic {} has {} partitions only", topic, known->partitions.size()),
                "it is left alone"));
    }
    units_.push_back(place);
    units_.back().topic = id;
  }
  done(found);
}

// What a path says of a partition: topics/<name>.<id>/<number>, or catalog.
partition_place directory_check::place_of(const fs::path& directory) const {
  partition_place out{.directory = directory.string()};
  const auto relative = directory.lexically_relative(root_);
  out.label = relative.string();
  if (relative == "catalog") {
    out.topic = uuid{};
    out.partition = partition_id(0);
    return out;
  }
  const auto topic = directory.parent_path().filename().string();
  const auto dot = topic.rfind('.');
  if (dot != std::string::npos) out.topic = uuid::parse(std::string_view(topic).substr(dot + 1));
  const auto number = directory.filename().string();
  if (!number.empty() && number.size() < 10 &&
      number.find_first_not_of("0123456789") == std::string::npos)
    out.partition = partition_id(std::stoi(number));
  return out;
}

void directory_check::measure() {
  std::error_code error;
  std::uint64_t all = 0;
  for (fs::recursive_directory_iterator e(root_, error), end; e != end && !error;
       e.increment(error)) {
    if (e->path().extension() == ".log" && e->is_regular_file(error)) all += e->file_size(error);
  }
  progress_.bytes_all = all;
}

void directory_check::work() {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failed;
  const auto one_thread = [&] {
    try {
      for (auto i = next++; i < units_.size(); i = next++)
        done(partition_check(units_[i], journal_, progress_).run());
    } catch (...) {
      const std::scoped_lock held(lock_);
      failed = std::current_exception();
      next = units_.size();
    }
  };
  {
    std::vector<std::jthread> more;
    for (unsigned i = 1; i < order_.jobs && i < units_.size(); ++i) more.emplace_back(one_thread);
    one_thread();
  }
  if (failed) std::rethrow_exception(failed);
}

findings directory_check::run_partition() {
  findings quiet;
  if (!root_.empty()) {
    load_journals(false);
    catalog_ = check_catalog(root_, journal_, progress_, quiet);
  }
  auto place = place_of(fs::path(order_.path));
  place.label.clear();
  done(partition_check(place, journal_, progress_).run());
  return std::move(total_);
}

// A file alone: a segment with its index, anything else by its own checksums.
findings directory_check::run_file() {
  const fs::path path(order_.path);
  const auto name = path.filename().string();
  findings found;
  if (!root_.empty()) load_journals(false);
  const auto file = open_source(order_.path);
  const auto kind = recognise(*file);
  const auto first = log::parse_index_file_name(name);
  const bool beside = kind == file_kind::index && first &&
                      fs::exists(path.parent_path() / log::segment_file_name(*first));
  if (kind == file_kind::segment || beside) {
    auto place = place_of(path.parent_path());
    place.label.clear();
    progress_.bytes_all = file->size();
    done(partition_check(place, journal_, progress_)
             .run_segment(beside ? log::segment_file_name(*first) : name));
    return std::move(total_);
  }
  ++found.seen.files;
  if (kind == file_kind::journal) {
    walk_journal(file, name, found, progress_, [](const auto&) { return true; });
  } else if (kind == file_kind::unknown) {
    found.add(about(level::unchecked, name, "does not begin like any file of Weir",
                    "if it was one, its beginning is damaged"));
  } else if (kind != file_kind::number) {
    const auto error = small_error(*file, kind);
    const bool made_again = kind != file_kind::group && kind != file_kind::cut &&
                            kind != file_kind::reset && kind != file_kind::state;
    if (error)
      found.add(about(made_again ? level::redundant : level::damage, name, *error,
                      made_again
                          ? "nothing is lost: the next start makes it again from the segments"
                          : "nothing else says this: the partition stays offline; restore it from "
                            "a replica"));
  }
  done(found);
  return std::move(total_);
}

}  // namespace

std::optional<std::string> data_directory_of(const std::string& path) {
  constexpr int levels_up = 5;
  auto at = fs::absolute(path).lexically_normal();
  if (!at.has_filename()) at = at.parent_path();
  for (int i = 0; i < levels_up && !at.empty(); ++i, at = at.parent_path()) {
    if (fs::is_regular_file(at / "format") || fs::is_regular_file(at / "lock")) return at.string();
    if (at == at.root_path()) break;
  }
  return std::nullopt;
}

bool read_lock::take(const std::string& data_directory) {
  const auto path = data_directory + "/lock";
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) return true;  // no broker was ever here
  if (::flock(fd_, LOCK_SH | LOCK_NB) == 0) return true;
  char text[32] = {};
  const auto got = ::read(fd_, text, sizeof text - 1);
  holder_ = got > 0 ? readable(std::string_view(text, std::strcspn(text, "\n"))) : "?";
  return false;
}

read_lock::~read_lock() {
  if (fd_ >= 0) ::close(fd_);
}

findings check(const check_order& order, progress& p,
               const std::function<void(const findings&)>& each) {
  std::error_code error;
  check_order o = order;
  o.path = fs::absolute(order.path).lexically_normal().string();
  while (o.path.size() > 1 && o.path.back() == '/') o.path.pop_back();
  const auto root = data_directory_of(o.path);
  directory_check checking(o, root.value_or(""), p, each);
  if (fs::is_regular_file(o.path, error)) return checking.run_file();
  if (!fs::is_directory(o.path, error))
    throw nothing_to_check(o.path + (error ? ": " + error.message() : " is not there"));
  if (root && *root == o.path) return checking.run_all();
  for (const auto& e : fs::directory_iterator(o.path)) {
    if (log::parse_segment_file_name(e.path().filename().string())) return checking.run_partition();
  }
  throw nothing_to_check(o.path + " is neither a data directory nor a partition's");
}

}  // namespace weir::offline
