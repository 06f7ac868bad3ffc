#pragma once
// Work in the background of a service: one gate and one abort source. spawn() is the only way to
// start a fiber; stop() asks all of them to end and waits until they have. Nothing is chained after
// a fiber.
#include <seastar/core/abort_source.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/gate.hh>
#include <seastar/core/scheduling.hh>
#include <seastar/core/sleep.hh>
#include <seastar/core/with_scheduling_group.hh>
#include <seastar/util/log.hh>

#include <string>

namespace weir {

class fibers {
 public:
  explicit fibers(std::string owner) : owner_(std::move(owner)) {}
  fibers(const fibers&) = delete;

  // Runs `body()` until it ends. An exception is logged under the fiber's name, unless the owner is
  // stopping.
  template <typename Body>
  void spawn(const char* name, Body body) {
    (void)run(gate_.hold(), name, std::move(body));
  }
  // The same in a scheduling group (scheduling.h); without one it runs in its caller's.
  template <typename Body>
  void spawn(const char* name, Body body, seastar::scheduling_group group) {
    spawn(name, [body = std::move(body), group]() mutable {
      return seastar::with_scheduling_group(group, std::move(body));
    });
  }
  // Keeps stop() waiting while the holder lives. Throws gate_closed_exception once stopping.
  seastar::gate::holder hold() { return gate_.hold(); }
  [[nodiscard]] bool stopping() const { return abort_.abort_requested(); }
  seastar::abort_source& abort() { return abort_; }

  // Sleeps, or returns early (true) because the owner is stopping.
  seastar::future<bool> stopped_within(std::chrono::milliseconds duration);
  seastar::future<> stop();

 private:
  template <typename Body>
  seastar::future<> run(seastar::gate::holder, const char* name, Body body) {
    std::exception_ptr failed;
    try {
      co_await body();
    } catch (...) {
      failed = std::current_exception();
    }
    if (failed && !stopping()) report(name, failed);
  }
  void report(const char* name, const std::exception_ptr& failed);

  std::string owner_;
  seastar::gate gate_;
  seastar::abort_source abort_;
};

}  // namespace weir
