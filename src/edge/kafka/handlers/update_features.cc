// UpdateFeatures (KIP-584, KIP-778): raises and lowers the levels of features, all that are asked
// for or none. Which features there are: engine/cluster/features.h.
#include <seastar/core/coroutine.hh>
#include <seastar/coroutine/maybe_yield.hh>

#include <map>

#include "core/base/check.h"
#include "core/codec/update_features.h"
#include "edge/kafka/brokers_up.h"
#include "edge/kafka/errors.h"
#include "edge/kafka/handlers.h"
#include "engine/cluster/features.h"

namespace weir::edge {
namespace {

using kafka::error_code;
using asked_feature = kafka::update_features_request::feature_update;

enum class upgrade_type : std::int8_t { upgrade = 1, safe_downgrade = 2, unsafe_downgrade = 3 };

struct wish {
  std::int16_t level = 0;
  upgrade_type how = upgrade_type::upgrade;
};

// Why no broker can have it at that level; nothing: all can.
std::optional<std::string> not_supported(const cluster& state, std::string_view name,
                                         std::int16_t level) {
  const auto* known = find_feature(name);
  if (!known || !known->kafkas) {
    if (level == 0) return fmt::format("Feature {} not found.", name);
    return fmt::format("Local controller {} does not support this feature.",
                       controller_told(state));
  }
  if (level < known->level_min || level > known->level_max) {
    return fmt::format("Local controller {} only supports versions {}-{}", controller_told(state),
                       known->level_min, known->level_max);
  }
  for (const auto& [id, broker] : state.catalog().brokers()) {
    if (broker.supports(name, level)) continue;
    const auto at = broker.features.find(name);
    if (at == broker.features.end())
      return fmt::format("Broker {} does not support this feature.", id);
    return fmt::format("Broker {} only supports versions {}-{}", id, at->second.min,
                       at->second.max);
  }
  return std::nullopt;
}

// What is wrong with a wish, in Kafka's words.
std::optional<std::string> fault_of(const cluster& state, std::string_view name, const wish& w) {
  if (w.how < upgrade_type::upgrade || w.how > upgrade_type::unsafe_downgrade)
    return "The controller does not support the given upgrade type.";
  if (w.level < 0) return "A feature version cannot be less than 0.";
  if (auto why = not_supported(state, name, w.level)) return why;
  const auto* known = find_feature(name);
  const auto now =
      known && known->kafkas ? level_in_force(state.catalog(), *known) : std::int16_t{0};
  if (w.level < now && w.how == upgrade_type::upgrade) {
    return "Can't downgrade the version of this feature without setting the upgrade type to either "
           "safe or unsafe downgrade.";
  }
  if (w.level > now && w.how != upgrade_type::upgrade) return "Can't downgrade to a newer version.";
  return std::nullopt;
}

wish wish_of(const asked_feature& asked, std::int16_t version) {
  if (version > 0)
    return {.level = asked.max_version_level, .how = static_cast<upgrade_type>(asked.upgrade_type)};
  return {.level = asked.max_version_level,
          .how = asked.allow_downgrade ? upgrade_type::safe_downgrade : upgrade_type::upgrade};
}

stored::feature_levels_changed command_of(const cluster& state,
                                          const std::map<std::string_view, wish>& wishes) {
  stored::feature_levels_changed out;
  for (const auto& [name, w] : wishes) {
    const auto* known = find_feature(name);
    if (!known || w.level == level_in_force(state.catalog(), *known)) continue;
    auto& f = out.features.emplace_back();
    f.name = text(bytes::unowned(known->name));
    f.level = w.level;
    f.allow_downgrade = w.how != upgrade_type::upgrade;
  }
  return out;
}

seastar::future<kafka::update_features_response> update(services& with, const request& r,
                                                        kafka::update_features_request in) {
  kafka::update_features_response out;
  out.error_message.reset();
  const auto refuse = [&](error_code code, std::string message) {
    out.error = code;
    out.error_message = text(std::move(message));
    with.meters.failed(code);
  };
  std::map<std::string_view, wish> wishes;  // of one that is named twice the last counts
  for (const auto& asked : in.feature_updates) {
    wishes[asked.feature.view()] = wish_of(asked, r.header.version);
    co_await seastar::coroutine::maybe_yield();
  }
  for (const auto& [name, w] : wishes) {
    if (const auto fault = fault_of(with.state, name, w)) {
      refuse(error_code::invalid_update_version,
             fmt::format("The update failed for all features since the following feature had an "
                         "error: Invalid update version {} for feature {}. {}",
                         w.level, name, *fault));
      co_return out;
    }
    co_await seastar::coroutine::maybe_yield();
  }
  auto command = command_of(with.state, wishes);
  if (!command.features.empty() && !in.validate_only) {
    const auto done = co_await with.state.execute(std::move(command));
    if (!done) {
      const auto code = code_of(done.error());
      refuse(code, std::string(kafka::describe(code).message));
      co_return out;
    }
  }
  for (const auto& asked : in.feature_updates) {
    auto& told = out.results.emplace_back();
    told.feature = asked.feature;
    told.error_message = "NONE";  // Kafka's text for no error
  }
  co_return out;
}

}  // namespace

seastar::future<answer> update_features(services& with, request r) {
  return serve<kafka::update_features_request, &update>(with, std::move(r));
}

}  // namespace weir::edge
