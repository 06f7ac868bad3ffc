#pragma once
// Calls from broker to broker: a payload there, a payload back.
#include <seastar/core/future.hh>

#include <cstdint>
#include <expected>
#include <functional>
#include <string_view>

#include "core/base/fragments.h"
#include "core/base/ids.h"

namespace weir::peer {

// Whether the call was carried out: no, where it never got there or was not begun; perhaps, where
// it timed out or failed.
enum class call_error : std::uint8_t {
  unreachable,     // no: it did not leave
  timed_out,       // perhaps
  overloaded,      // no: here or there as many are under way as may be
  refused,         // no: the peer takes none, or is stopping
  unknown_method,  // no
  failed,          // perhaps: the handler failed, or the connection was lost behind it
};
std::string_view name(call_error error);

using call_result = std::expected<fragments, call_error>;
// Runs on the shard that was asked for. Its failure is the caller's `failed`. It may go on beyond
// the caller's deadline; its answer is dropped then.
using call_handler = std::function<seastar::future<fragments>(node_id from, fragments payload)>;

}  // namespace weir::peer
