#include "engine/coordinator/transactions.h"

#include <seastar/core/coroutine.hh>

namespace weir {
namespace {

// Drawn for steps that then took none; each is of use to the next one.
constexpr std::size_t fresh_max = 64;
constexpr std::chrono::milliseconds report_pause{100};

}  // namespace

transaction_kind::transaction_kind(transactions_of_shard& all, marker_writer& markers)
    : all_(all), sender_(all.of(), markers, [this](const auto& what) { report(what); }) {
  all_.of().topics().add(*this);
}

transaction_kind::~transaction_kind() {
  all_.of().topics().remove(*this);
}

std::unique_ptr<transaction::transaction_coordinator> transaction_kind::make(std::int32_t epoch) {
  return std::make_unique<core>(epoch, settings());
}

bool transaction_kind::replay(core& c, const record::batch_header&, const record::record& stored) {
  return !stored.key || c.apply(fragments(*stored.key), stored.value).has_value();
}

seastar::future<> transaction_kind::prepare(const core& c, const request& r) {
  if (!c.needs_producer_id(r.is) || !fresh_.empty()) co_return;
  // Without one the client is told to ask again.
  const auto id = co_await all_.of().new_producer_id();
  if (id && fresh_.size() < fresh_max) fresh_.emplace_back(*id);
}

transaction_kind::effects transaction_kind::step(core& c, request r, group::ticket t,
                                                 group::moment now) {
  const auto fresh = fresh_.empty() ? no_producer_id : fresh_.front();
  auto out = c.step(
      r.is, {.api_version = r.api_version, .ticket = t, .now = now, .fresh_producer = fresh});
  if (out.took_fresh_producer) fresh_.pop_front();
  return out;
}

void transaction_kind::released(std::int32_t partition, effects out) {
  for (auto& m : out.markers) sender_.send(partition, std::move(m));
}

void transaction_kind::report(marker_sender::told what) {
  auto* s = all_.find(what.coordinator);
  if (!s) return;
  const auto told = s->act([&](core& c, group::moment now) {
    return what.failed ? c.marker_failed(what.report, *what.failed, now)
                       : c.marker_written(what.report, now);
  });
  // Of a marker that is not told of, the core sends no copy: a late one could end the next
  // transaction.
  if (!told && told.error() == coordinator_error::no_space && !reports_.stopping())
    reports_.spawn("report", [this, what = std::move(what)]() mutable {
      return report_again(std::move(what));
    });
}

seastar::future<> transaction_kind::report_again(marker_sender::told what) {
  if (!co_await reports_.stopped_within(report_pause)) report(std::move(what));
}

seastar::future<> transaction_kind::stop() {
  co_await sender_.stop();
  co_await reports_.stop();
}

void transaction_kind::catalog_changed() {
  const auto wanted = settings();
  for (const auto& [key, s] : all_.all()) {
    (void)s->act([&](core& c, group::moment) {
      c.configure(wanted);
      return effects();
    });
  }
}

transaction::transaction_settings transaction_kind::settings() const {
  const auto o = all_.of().options();
  transaction::transaction_settings out;
  out.timeout_ms_max = static_cast<std::int32_t>(o.transaction_timeout_ms_max.count());
  out.id_expiration_ms = o.transaction_id_expiration_ms.count();
  return out;
}

}  // namespace weir
