#pragma once
// Waiting for something as long as somebody wants it: it goes on by itself afterwards, so it must
// own all that it uses.
#include <seastar/core/abort_source.hh>
#include <seastar/core/coroutine.hh>
#include <seastar/core/shared_ptr.hh>

#include <optional>

namespace weir {

// Nothing: `source` was aborted first.
template <typename T>
seastar::future<std::optional<T>> unless_aborted(seastar::abort_source& source,
                                                 seastar::future<T> awaited) {
  struct race {
    seastar::promise<std::optional<T>> told;
    bool over = false;
  };
  const auto r = seastar::make_lw_shared<race>();
  const auto wait = [](auto r, seastar::future<T> awaited) -> seastar::future<> {
    try {
      auto got = co_await std::move(awaited);
      if (!std::exchange(r->over, true)) r->told.set_value(std::move(got));
    } catch (...) {
      if (!std::exchange(r->over, true)) r->told.set_exception(std::current_exception());
    }
  };
  const auto subscription = source.subscribe([r]() noexcept {
    if (!std::exchange(r->over, true)) r->told.set_value(std::nullopt);
  });
  if (!subscription && !std::exchange(r->over, true)) r->told.set_value(std::nullopt);
  (void)wait(r, std::move(awaited));
  co_return co_await r->told.get_future();
}

}  // namespace weir
