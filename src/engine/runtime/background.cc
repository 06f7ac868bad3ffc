#include "engine/runtime/background.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/smp.hh>

#include <optional>

#include "core/base/check.h"

namespace weir {
namespace {

constexpr float shares = 100;  // the main group has 1000

}  // namespace

seastar::future<seastar::scheduling_group> background_group() {
  weir_check(seastar::this_shard_id() == 0, "asked for on shard {}", seastar::this_shard_id());
  static std::optional<seastar::scheduling_group> made;
  if (!made) made = co_await seastar::create_scheduling_group("background", shares);
  co_return *made;
}

}  // namespace weir
