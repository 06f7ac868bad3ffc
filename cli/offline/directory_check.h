#pragma once
// A whole data directory: its own small files, the journals, the catalog, every partition.
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/offline/findings.h"
#include "cli/offline/progress.h"

namespace weir::offline {

struct check_order {
  std::string path;   // a data directory, a directory below one, or a file
  std::string topic;  // only this one; empty: all
  unsigned jobs = 1;  // partitions at once
};

// The data directory that `path` is or lies in: the nearest one upwards with a `format` or `lock`
// file; nothing if there is none within five levels.
std::optional<std::string> data_directory_of(const std::string& path);

// Takes the data directory's lock, shared, so that no broker starts meanwhile. Held until the
// object goes.
class read_lock {
 public:
  // False: a broker has it; `holder` says what the lock file says of it.
  bool take(const std::string& data_directory);
  [[nodiscard]] const std::string& holder() const { return holder_; }
  read_lock() = default;
  read_lock(const read_lock&) = delete;
  read_lock& operator=(const read_lock&) = delete;
  ~read_lock();

 private:
  int fd_ = -1;
  std::string holder_;
};

// Nothing there that could be checked: no such path, no such topic.
struct nothing_to_check : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// `each` is told the findings of a unit as soon as it is done, from the calling thread or another,
// one at a time. Throws nothing_to_check, stopped_early.
findings check(const check_order& order, progress& p,
               const std::function<void(const findings&)>& each);

}  // namespace weir::offline
