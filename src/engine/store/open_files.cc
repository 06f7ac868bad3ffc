#include "engine/store/open_files.h"

#include <seastar/core/coroutine.hh>

#include "engine/store/store_log.h"

namespace weir::store {

seastar::future<kept_file::use> kept_file::enter() {
  ++users_;
  if (is_linked()) unlink();
  use entered(*this);
  if (opening_) {
    co_await opening_->get_shared_future();
  } else if (!file_) {
    co_await open();
  }
  co_return entered;
}

// Many may come while it is being opened: all get the same answer.
seastar::future<> kept_file::open() {
  opening_ = std::make_unique<seastar::shared_promise<>>();
  std::exception_ptr failed;
  try {
    file_ = exists_ ? co_await among_.files_.open(path_) : co_await among_.files_.create(path_);
    exists_ = true;
    ++among_.count_;
    ++among_.opened_;
  } catch (...) {
    failed = std::current_exception();
  }
  auto waiting = std::exchange(opening_, nullptr);
  if (failed) {
    waiting->set_exception(failed);
    std::rethrow_exception(failed);
  }
  waiting->set_value();
}

void kept_file::leave() {
  if (--users_ == 0 && file_) among_.idle(*this);
}

seastar::future<> kept_file::close() {
  if (is_linked()) unlink();
  if (!file_) co_return;
  auto f = std::exchange(file_, nullptr);
  --among_.count_;
  co_await f->close();
}

void open_files::idle(kept_file& f) {
  idle_.push_back(f);
  while (count_ > most_ && !idle_.empty() && !closing_.is_closed()) {
    auto& oldest = idle_.front();
    idle_.pop_front();
    --count_;
    (void)close_behind(std::exchange(oldest.file_, nullptr), closing_.hold());
  }
}

// Whoever uses the file meanwhile opens it anew: what was written through one descriptor is seen
// and flushed through the other.
seastar::future<> open_files::close_behind(std::unique_ptr<file> f, seastar::gate::holder) {
  try {
    co_await f->close();
  } catch (...) {
    store_log.debug("closing a file: {}", std::current_exception());
  }
}

}  // namespace weir::store
