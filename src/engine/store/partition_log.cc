#include "engine/store/partition_log.h"

#include <seastar/core/coroutine.hh>
#include <seastar/core/semaphore.hh>

#include "core/base/check.h"
#include "engine/store/store_log.h"

namespace weir::store {

seastar::logger store_log("store");

partition_log::partition_log(shared_store& shared, log_identity identity, std::string directory,
                             log::roll_rules rules, std::size_t producers_max)
    : shared_(shared),
      identity_(std::move(identity)),
      directory_(std::move(directory)),
      rules_(rules),
      producers_(producers_max),
      producers_max_(producers_max),
      fibers_("log of " + identity_.name) {
  take_producers(log::producer_sequences(producers_max));
}

partition_log::~partition_log() = default;

void partition_log::append(const log::frame_head& given, const fragments& body,
                           const record::batch_header* batch) {
  weir_check(!failed_, "{}: append to a failed log", identity_.name);
  const bool hole = given.index > last_index_ + 1;
  weir_check(given.index > last_index_, "{}: append of index {} behind {}", identity_.name,
             given.index, last_index_);
  weir_check(hole ? given.base_offset > next_offset_ : given.base_offset == next_offset_,
             "{}: append at offset {}, next is {}", identity_.name, given.base_offset,
             next_offset_);
  const auto size = given.size();
  // The segment's sparse index counts from its first index in 32 bits.
  if (parts_.empty() || log::roll_due(rules_, segments_.active(), given.append_time, size) ||
      (!segments_.active().empty() && given.index - segments_.active().first_index > UINT32_MAX))
    roll(given.append_time);
  part& p = *parts_.back();
  auto head = given;
  head.after_hole = hole;
  const position at{p.file->end()};
  head.unflushed_before =
      static_cast<std::uint32_t>(at.value() - std::max<std::uint64_t>(p.flushed, 4096));
  const auto encoded = log::encode(head, p.header.salt, at);
  p.file->append(std::string_view(encoded.data(), encoded.size()));
  p.file->append(body);
  p.index.add(at, head, time_of(batch));
  segments_.active().update(p.index.totals());
  account(head, batch, body);
  if (head.kind == log::frame_kind::vote) {
    const auto vote = log::decode_vote(body.str());
    weir_check(vote.has_value(), "{}: a vote of {} bytes", identity_.name, body.size());
    last_vote_ = log::later_of(last_vote_, *vote);
  } else if (head.kind == log::frame_kind::configuration) {
    weir_check(body.size() <= log::configuration_size_max, "{}: a configuration of {} bytes",
               identity_.name, body.size());
    group_.configurations.push_back({head.index, body.str()});
  } else if (head.kind == log::frame_kind::start_moved) {
    const auto to = log::decode_start(body.str());
    weir_check(to.has_value(), "{}: a moved start of {} bytes", identity_.name, body.size());
    group_.starts.push_back({head.index, *to});
  }
  appended_bytes_ += size;
  shared_.dirty += size;
  shared_.space.took(size);
  figures_.bytes_appended += size;
  changed_ = true;
  wake_.signal();
}

// What a frame changes beside the files; recovery calls it too.
void partition_log::account(const log::frame_head& head, const record::batch_header* batch,
                            const fragments& body) {
  if (!head.is_entry()) return;
  // What is missing is of the term before it, which may be known by the log's base alone.
  if (head.index > last_index_ + 1 && terms_.entries().empty())
    terms_.append(parts_.front()->header.term, last_index_ + 1, next_offset_);
  if (head.after_hole) group_.behind_hole = std::max(group_.behind_hole, head.index);
  last_index_ = head.index;
  next_offset_ = head.next_offset();
  last_term_ = head.term;
  terms_.append(head.term, head.index, head.base_offset);
  if (batch) producers_.apply(head, *batch, body);
}

void partition_log::roll(timestamp now) {
  if (!parts_.empty()) parts_.back()->sealed = true;
  const log::segment_header header{
      .salt = shared_.random(),
      .first_index = last_index_ + 1,
      .first_offset = next_offset_,
      .term = last_term_,
      .last_vote = {.term = last_vote_.term, .voted_for = last_vote_.voted_for},
      .topic = identity_.topic_id,
      .partition = identity_.partition,
      .created = now,
      .compacted = {},
      .forgotten = forgotten_};
  auto file = seastar::make_lw_shared<segment>(shared_.open,
                                               path(log::segment_file_name(header.first_index)),
                                               shared_.cache, reads_, false, 0);
  std::array<char, log::segment_header_size> block{};
  log::encode(header, block);
  file->append(std::string_view(block.data(), block.size()));
  auto p = seastar::make_lw_shared<part>(header, std::move(file));
  p->producers = producers_.encode(last_index_);
  parts_.push_back(std::move(p));
  segments_.push_back({.first_index = header.first_index,
                       .next_index = header.first_index,
                       .first_offset = header.first_offset,
                       .next_offset = header.first_offset,
                       .created = now});
}

seastar::future<> partition_log::wait_room() {
  // One that takes no data refuses it at once.
  while (!failed_ && takes_data() && is_behind()) co_await drained_.wait();
}

void partition_log::fail(const std::exception_ptr& why) {
  if (std::exchange(failed_, true)) return;
  store_log.error(
      "{}: a write to {} failed ({}): the partition takes no more data until restart; check the "
      "device",
      identity_.name, directory_, why);
  shared_.dirty -= dirty();
  flushed_bytes_ = appended_bytes_;
  durable_.fail(why);
  drained_.broadcast();
  if (on_durable_) on_durable_(durable_.reached());
}

seastar::future<> partition_log::stop() {
  co_await end();
  co_await close();
}

seastar::future<bool> partition_log::leave_shard(log_index committed) {
  co_await end();
  bool left = false;
  try {
    if (!failed_) co_await leave_journal(committed);
    left = !failed_;
  } catch (...) {
    store_log.warn("{}: its bytes could not be taken out of the journal: {}", identity_.name,
                   std::current_exception());
  }
  co_await close();
  co_return left;
}

seastar::future<> partition_log::end() {
  stopping_ = true;
  wake_.broadcast();
  shared_.space.retry();
  co_await fibers_.stop();
}

seastar::future<> partition_log::close() {
  // The closing files speak of what is on the device: with something left in memory they would lie.
  if (!failed_ && changed_ && !parts_.empty() && dirty() == 0) {
    try {
      if (in_journal_) co_await flush_to_files();
      if (!parts_.back()->on_disk) co_await create(*parts_.back());
      co_await parts_.back()->file->seal();
      co_await write_side_files(side_files_now());
      co_await write_checkpoint(true);
    } catch (...) {
      store_log.warn("{}: closing files could not be written ({}); the next start scans instead",
                     identity_.name, std::current_exception());
    }
  }
  if (in_journal_) shared_.small_writes->abandon(*this);
  shared_.dirty -= dirty();
  flushed_bytes_ = appended_bytes_;
  durable_.fail(std::make_exception_ptr(seastar::gate_closed_exception()));
  for (auto& p : parts_) co_await retire(p);
}

std::uint64_t partition_log::size_bytes() const {
  return segments_.total_size();
}

}  // namespace weir::store
