#pragma once
// Takes files away in steps. Giving a gigabyte of blocks back in one call keeps the file system's
// journal, and with it every flush, waiting for long; in pieces, with as long a pause after each as
// it took, nobody notices.
//
// A file is renamed before it comes here, so that a start after a crash tells what was on its way
// out (log::deleted_suffix) and takes it up again.
#include <seastar/core/condition-variable.hh>

#include <deque>
#include <string>

#include "engine/runtime/fibers.h"
#include "engine/store/file.h"

namespace weir::store {

class file_remover {
 public:
  // `step`: how much of a file goes at a time.
  explicit file_remover(file_system& files, std::uint64_t step = 32 << 20);

  // One file after the other, in the background.
  void remove(std::string path);
  // A folder of folders of files (a topic's), when this resolves. Nobody uses any of it. Ends early
  // when the remover stops.
  seastar::future<> remove_topic(std::string directory);
  // Without pauses, as long as room is needed soon.
  void hurry(bool on) { hurry_ = on; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  // What is not gone yet stays for the next start.
  seastar::future<> stop();

 private:
  seastar::future<> run();
  seastar::future<> take_away(std::string path);

  file_system& files_;
  std::uint64_t step_;
  bool hurry_ = false;
  std::deque<std::string> waiting_;
  seastar::condition_variable wake_;
  fibers fibers_{"file remover"};
};

}  // namespace weir::store
