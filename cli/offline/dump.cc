#include "cli/offline/dump.h"

#include <fmt/format.h>

#include "cli/offline/catalog_check.h"
#include "cli/offline/journals.h"
#include "cli/offline/kinds.h"
#include "cli/offline/lines.h"
#include "cli/offline/side_files.h"
#include "core/base/endian.h"
#include "core/log/cleaner_checkpoint.h"
#include "core/log/cut_record.h"
#include "core/log/group_record.h"
#include "core/log/reset_record.h"

namespace weir::offline {
namespace {

bool unreadable(const dump_to& to, std::string_view why) {
  to(line("damage").add("at", 0).add("text", why));
  return false;
}

bool dump_index(std::string_view content, dump_to& to) {
  const auto index = read_index(content);
  if (!index) return unreadable(to, log::name(index.error()));
  const auto& t = index->totals();
  to(line("index")
         .add("first_index", index->start().index)
         .add("first_offset", index->start().base_offset)
         .add("end", t.end)
         .add("next_index", t.next_index)
         .add("next_offset", t.next_offset)
         .add("entries", index->entries())
         .time("latest", t.max_timestamp.value())
         .add("latest_offset", t.max_timestamp_offset)
         .time("first_appended", t.first_append_time.value())
         .time("last_appended", t.max_append_time.value()));
  for (std::size_t i = 0; i < index->entries(); ++i) {
    const auto e = index->entry(i);
    if (to.order.from && e.base_offset.value() < *to.order.from) continue;
    if (!to.item()) break;
    to(line("entry")
           .add("index", e.index)
           .add("offset", e.base_offset)
           .add("position", e.at)
           .time("latest_before", e.max_timestamp.value()),
       1);
  }
  return true;
}

bool dump_producers(std::string_view content, dump_to& to) {
  const auto s = log::producer_sequences::decode(fragments::copy(content));
  if (!s) return unreadable(to, log::name(s.error()));
  const auto& aborted = s->producers.aborted().all();
  to(line("producers")
         .add("covers_index", s->covers)
         .add("producers", s->producers.size())
         .add("open_transactions", s->producers.open_transactions())
         .add("aborted_transactions", aborted.size()));
  for (const auto& p : s->producers.all()) {
    if (!to.item()) break;
    line about("producer");
    about.add("id", p.id)
        .add("epoch", p.epoch)
        .time("last_append", p.last_append.value())
        .add("batches", static_cast<int>(p.count));
    if (p.coordinator_epoch >= 0) about.add("coordinator_epoch", p.coordinator_epoch);
    if (p.open()) about.add("transaction_since", p.transaction_start);
    to(about, 1);
    for (std::size_t i = 0; i < p.count; ++i) {
      const auto& b = p.batches[i];
      to(line("batch")
             .add("index", b.index)
             .add("offset", b.base_offset)
             .add("last_offset", b.last_offset)
             .add("first_sequence", b.first_sequence)
             .add("last_sequence", b.last_sequence),
         2);
    }
  }
  for (const auto& a : aborted) {
    if (!to.item()) break;
    to(line("aborted").add("producer", a.producer).add("offset", a.first).add("marker", a.last), 1);
  }
  return true;
}

bool dump_terms(std::string_view content, dump_to& to) {
  const auto map = log::term_map::decode(content);
  if (!map) return unreadable(to, log::name(map.error()));
  to(line("terms").add("count", map->entries().size()));
  for (const auto& e : map->entries()) {
    if (to.order.from && e.first_offset.value() < *to.order.from) continue;
    if (!to.item()) break;
    to(line("term").add("term", e.term).add("index", e.first_index).add("offset", e.first_offset),
       1);
  }
  return true;
}

bool dump_checkpoint(std::string_view content, const dump_to& to) {
  const auto c = log::decode_checkpoint(content);
  if (!c) return unreadable(to, log::name(c.error()));
  to(line("checkpoint")
         .add("closed_in_order", c->clean)
         .add("active_segment", c->active_first_index)
         .add("active_salt", fmt::format("{:016x}", c->active_salt))
         .add("durable_below", c->flushed_through)
         .add("durable_index", c->flushed_index)
         .add("next_offset", c->next_offset)
         .add("last_term", c->last_term)
         .add("start_index", c->start_index)
         .add("start_offset", c->start_offset)
         .time("written", c->written.value()));
  return true;
}

bool dump_cleaner(std::string_view content, const dump_to& to) {
  const auto c = log::decode_cleaner_checkpoint(content);
  if (!c) return unreadable(to, log::name(c.error()));
  to(line("cleaner").add("compacted_below", c->first_dirty).time("written", c->written.value()));
  return true;
}

// docs/formats/configuration.md; core/raft has a decoder, but not in this program's build of it.
std::string members_in_words(std::string_view body) {
  constexpr std::size_t head = 4;
  if (body.empty()) return "not told";
  if (body.size() < head || body[0] != 1) return "unreadable";
  std::string out;
  auto left = body.substr(head);
  for (const auto& [at, what] : {std::pair(1, "voters"), {2, "old voters"}, {3, "learners"}}) {
    const auto count = static_cast<std::uint8_t>(body[at]);
    if (left.size() < count * sizeof(std::int32_t)) return "unreadable";
    if (count == 0) continue;
    out += fmt::format("{}{}", out.empty() ? "" : ", ", what);
    for (int i = 0; i < count; ++i) {
      out += fmt::format(" {}", load_le<std::int32_t>(left.data()));
      left.remove_prefix(sizeof(std::int32_t));
    }
  }
  return out;
}

bool dump_group(std::string_view content, dump_to& to) {
  const auto group = log::decode_group_record(content);
  if (!group) return unreadable(to, log::name(group.error()));
  to(line("group")
         .add("voted_in_term", group->last_vote.term)
         .add("voted_for", group->last_vote.voted_for)
         .add("began_with", group->began ? members_in_words(*group->began) : "this node alone")
         .add("configurations", group->configurations.size())
         .add("forced_members", group->forced ? members_in_words(group->forced->body) : "none")
         .add("held_index", group->held_index)
         .add("held_term", group->held_term));
  for (const auto& placed : group->configurations) {
    if (!to.item()) break;
    to(line("configuration")
           .add("index", placed.index)
           .add("members", members_in_words(placed.body)),
       1);
  }
  for (const auto& moved : group->starts) {
    if (!to.item()) break;
    to(line("start_moved").add("index", moved.index).add("to_offset", moved.to), 1);
  }
  return true;
}

bool dump_cut(std::string_view content, const dump_to& to) {
  const auto cut = log::decode_cut_record(content);
  if (!cut) return unreadable(to, log::name(cut.error()));
  to(line("cut")
         .add("first_index", cut->first_index)
         .add("salt", fmt::format("{:016x}", cut->salt))
         .add("position", cut->end));
  return true;
}

bool dump_reset(std::string_view content, const dump_to& to) {
  const auto reset = log::decode_reset_record(content);
  if (!reset) return unreadable(to, log::name(reset.error()));
  to(line("reset")
         .add("last_index", reset->last_index)
         .add("last_term", reset->last_term)
         .add("next_offset", reset->next_offset)
         .add("forgotten_to_index", reset->forgotten)
         .add("salt", fmt::format("{:016x}", reset->salt))
         .add("members", members_in_words(reset->members))
         .add("producers_bytes", reset->producers.size()));
  return true;
}

bool dump_state(std::string_view content, const dump_to& to) {
  const auto kept = decode_kept_state(content);
  if (!kept) return unreadable(to, name(kept.error()));
  to(line("state")
         .add("index", kept->at.index)
         .add("next_offset", kept->at.next_offset)
         .add("cluster", kept->state.cluster_id().str())
         .add("brokers", kept->state.brokers().size())
         .add("topics", kept->state.topics().size())
         .add("partitions", kept->state.partition_count()));
  return true;
}

bool dump_small(const byte_source& file, file_kind kind, dump_to& to) {
  const auto content = small_content(file);
  if (!content) return unreadable(to, content.error());
  if (kind == file_kind::index) return dump_index(*content, to);
  if (kind == file_kind::producers) return dump_producers(*content, to);
  if (kind == file_kind::terms) return dump_terms(*content, to);
  if (kind == file_kind::cleaner) return dump_cleaner(*content, to);
  if (kind == file_kind::group) return dump_group(*content, to);
  if (kind == file_kind::cut) return dump_cut(*content, to);
  if (kind == file_kind::reset) return dump_reset(*content, to);
  if (kind == file_kind::state) return dump_state(*content, to);
  return dump_checkpoint(*content, to);
}

}  // namespace

bool dump_journal(const source_ptr& file, dump_to& to) {
  const auto header = log::decode_journal_header(file->read(0, log::journal_block));
  if (header) {
    to(line("journal")
           .add("generation", header->generation)
           .add("first_sequence", header->first_sequence)
           .add("salt", fmt::format("{:016x}", header->salt))
           .add("state", header->generation == 0 ? "not in use" : "in use"));
  }
  findings found;
  progress p;
  walk_journal(file, "", found, p, [&](const log::journal_found& record) {
    if (!to.item()) return false;
    to(line("record")
           .add("at", record.at)
           .add("sequence", record.sequence)
           .add("entries", record.table.size()),
       1);
    for (const auto& e : record.table) {
      to(line(e.kind == log::journal_kind::cut ? "cut" : "bytes")
             .add("topic", e.topic.is_zero() ? "(catalog)" : e.topic.str())
             .add("partition", e.partition)
             .add("segment", e.segment)
             .add("position", e.at)
             .add("size", e.size),
         2);
    }
    return true;
  });
  for (const auto& f : found.kept())
    to(line("damage").add("at", f.position.value_or(0)).add("text", f.what));
  return found.kept().empty();
}

bool dump(const source_ptr& file, const dump_order& order,
          const std::function<void(const std::string&)>& out) {
  dump_to to{.order = order, .out = out};
  const auto kind = recognise(*file);
  switch (kind) {
    case file_kind::segment:
      return dump_segment(file, to);
    case file_kind::journal:
      return dump_journal(file, to);
    case file_kind::number:
      to(line("number").add("value", *read_number(*file)));
      return true;
    case file_kind::unknown:
      return unreadable(to, "does not begin like any file of Weir");
    case file_kind::index:
    case file_kind::producers:
    case file_kind::terms:
    case file_kind::checkpoint:
    case file_kind::cleaner:
    case file_kind::group:
    case file_kind::cut:
    case file_kind::reset:
    case file_kind::state:
      return dump_small(*file, kind, to);
  }
  return false;
}

}  // namespace weir::offline
