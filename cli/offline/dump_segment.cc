// A segment's frames and, on request, the records in them.
#include <fmt/format.h>

#include "cli/offline/catalog_check.h"
#include "cli/offline/frames.h"
#include "cli/offline/lines.h"
#include "core/log/segment_header.h"

namespace weir::offline {
namespace {

constexpr std::uint32_t command_max = 1 << 20;

std::string_view name_of(log::frame_kind kind) {
  switch (kind) {
    case log::frame_kind::batch:
      return "batch";
    case log::frame_kind::term_start:
      return "term_start";
    case log::frame_kind::vote:
      return "vote";
    case log::frame_kind::configuration:
      return "configuration";
    case log::frame_kind::command:
      return "command";
    case log::frame_kind::start_moved:
      return "start_moved";
  }
  return "frame";
}

std::string_view name_of(record::codec codec) {
  switch (codec) {
    case record::codec::none:
      return "none";
    case record::codec::gzip:
      return "gzip";
    case record::codec::snappy:
      return "snappy";
    case record::codec::lz4:
      return "lz4";
    case record::codec::zstd:
      return "zstd";
  }
  return "unknown";
}

line in_words(const log::segment_header& h) {
  line l("segment");
  l.add("first_index", h.first_index)
      .add("first_offset", h.first_offset)
      .add("topic", h.topic.str())
      .add("partition", h.partition)
      .add("term", h.term)
      .add("voted_in_term", h.last_vote.term)
      .add("voted_for", h.last_vote.voted_for)
      .add("salt", fmt::format("{:016x}", h.salt))
      .time("created", h.created.value());
  if (h.compacted)
    l.add("compacted_to_index", h.compacted->next_index)
        .add("compacted_to_offset", h.compacted->next_offset)
        .add("compacted_end", h.compacted->end)
        .add("compacted_last_term", h.compacted->last_term);
  if (h.forgotten != log_index{}) l.add("forgotten_to_index", h.forgotten);
  return l;
}

// Shows the records of a batch; false: they can't be read to the end.
bool dump_records(const source_ptr& file, const log::scanned_frame& f,
                  const record::batch_header& batch, const dump_to& to) {
  auto reader = open_batch(file, f.at, f.head, batch);
  if (!reader) {
    to(line("note").add("text", "the batch is too large to be unpacked here"), 1);
    return true;
  }
  while (true) {
    record::record r;
    const auto more = reader->next(r);
    if (more && !*more) return true;
    if (!more) {
      const auto said = reader->complaint();
      to(line("damage").add("text", said.empty() ? record::describe(more.error()) : said), 1);
      return false;
    }
    if (to.order.from && batch.base_offset.value() + r.offset_delta < *to.order.from) continue;
    line l("record");
    l.add("offset", batch.base_offset.value() + r.offset_delta)
        .time("time", record::record_time(batch, r.timestamp_delta).value())
        .bytes("key", r.key ? std::optional(r.key->view()) : std::nullopt);
    const auto value = r.value ? r.value->str() : std::string();
    l.bytes("value", r.value ? std::optional<std::string_view>(value) : std::nullopt);
    if (!r.headers.empty()) {
      auto& list = l.list("headers");
      for (const auto& h : r.headers)
        l.bytes(list, h.key.view(), h.value ? std::optional(h.value->view()) : std::nullopt);
    }
    to(l, 1);
  }
}

// Shows a frame; false: what is in it can't be read.
bool dump_frame(const source_ptr& file, const log::scanned_frame& f, const dump_to& to) {
  const auto& head = f.head;
  line l(name_of(head.kind));
  l.add("at", f.at).add("index", head.index).add("term", head.term);
  if (head.offset_count > 0) {
    l.add("offset", head.base_offset).add("last_offset", head.next_offset() - 1);
  } else {
    l.add("next_offset", head.base_offset);
  }
  l.add("size", head.size()).time("appended", head.append_time.value());
  if (head.after_hole) l.add("after_hole", true);
  std::optional<record::batch_header> batch;
  if (head.kind == log::frame_kind::batch) {
    if (const auto read = record::read_batch_header(f.body_start)) batch = *read;
  }
  if (batch) {
    const auto codec = batch->compression();
    l.add("records", batch->record_count).add("codec", codec ? name_of(*codec) : "unknown");
    l.time("latest", batch->max_timestamp.value());
    if (batch->has_producer()) {
      l.add("producer", batch->producer)
          .add("epoch", batch->epoch)
          .add("sequence", batch->base_sequence);
    }
    if (batch->transactional()) l.add("transactional", true);
    if (batch->control()) l.add("control", true);
  } else if (head.kind == log::frame_kind::vote) {
    if (const auto v = log::decode_vote(f.body_start)) l.add("voted_for", v->voted_for);
  } else if (head.kind == log::frame_kind::start_moved) {
    if (const auto to_offset = log::decode_start(f.body_start)) l.add("to_offset", *to_offset);
  } else if (head.kind == log::frame_kind::command) {
    const auto size = std::min(head.body_size, command_max);
    l.add("command",
          describe(fragments::copy(file->read(f.at.value() + log::frame_head_size, size))));
  }
  to(l);
  return !to.order.records || !batch || dump_records(file, f, *batch, to);
}

}  // namespace

bool dump_segment(const source_ptr& file, dump_to& to) {
  const auto header = log::decode_segment_header(file->read(0, log::segment_header_size));
  if (!header) {
    to(line("damage").add("at", 0).add(
        "text", fmt::format("the header is unreadable ({}): the frames can't be told apart",
                            log::name(header.error()))));
    return false;
  }
  to(in_words(*header));
  bool good = true;
  log::scan_start start{.salt = header->salt,
                        .end = position(file->size()),
                        .allow_gaps = header->compacted.has_value()};
  while (true) {
    const auto result = walk_frames(*file, start, [&](const log::scanned_frame& f) {
      if (to.order.from && f.head.next_offset().value() <= *to.order.from) return true;
      if (!to.item()) return false;
      good &= dump_frame(file, f, to);
      return true;
    });
    if (!result || result->tail == log::tail_state::clean) return good;
    const bool torn = result->tail == log::tail_state::torn;
    to(line(torn ? "torn" : "damage")
           .add("at", result->valid_through)
           .add("text", result->reason ? log::name(*result->reason) : "bad frame"));
    good &= torn;
    if (torn || !result->next_good) return good;
    start.at = *result->next_good;
  }
}

}  // namespace weir::offline
