#include "sim/clients.h"

#include <fmt/format.h>

namespace weir::sim {

clients::clients(reach how, const plan& rules)
    : how_(std::move(how)), rules_(rules), histories_(static_cast<std::size_t>(rules.registers)) {
  auto& chance = how_.around.chance;
  for (std::int64_t i = 0; i < rules.producers; ++i) {
    const bool plain = chance.chance(300'000);
    producers_.push_back(
        std::make_unique<producer>(producer{.id = plain ? -1 : i, .window = 1 + chance.below(5)}));
  }
  for (std::int64_t i = 0; i < rules.writers; ++i) {
    writers_.push_back(std::make_unique<register_client>());
  }
  for (std::int64_t i = 0; i < rules.readers; ++i) readers_.push_back(std::make_unique<offset>(0));
}

void clients::start() {
  for (auto& p : producers_) produce_next(*p);
  for (auto& w : writers_) use_register(*w);
  for (auto& r : readers_) consume(*r);
}

moment clients::pause() {
  return how_.around.chance.between(1, rules_.pause_max);
}

moment clients::travel() {
  return how_.around.chance.between(10, rules_.delay_max);
}

node* clients::find(node_id& leader) {
  const auto up = how_.nodes();
  for (auto* n : up) {
    if (n->id() == leader) return n;
  }
  return up.empty() ? nullptr : how_.around.chance.pick(up);
}

// A request and its answer, each of which may get lost; `then` is called once.
void clients::call(node_id& leader, std::function<void(node&, answer_to)> request,
                   std::function<void(answer)> then) {
  auto& around = how_.around;
  // Some ask somebody else while the one that they know still answers, as after a look at newer
  // metadata.
  if (around.chance.chance(100'000)) leader = {};
  auto open = std::make_shared<bool>(true);
  auto close = [open, &leader, then = std::move(then)](answer a) {
    if (!std::exchange(*open, false)) return;
    if (a.what != outcome::done) leader = {};
    then(a);
  };
  around.events.after(around.chance.between(rules_.patience_max / 10, rules_.patience_max),
                      [close] { close({outcome::unknown}); });
  if (around.chance.chance(rules_.loss)) return;
  around.events.after(travel(), [this, close, &leader, request = std::move(request)] {
    auto* n = find(leader);
    if (!n) return;
    leader = n->id();
    request(*n, [this, close](answer a) {
      if (how_.around.chance.chance(rules_.loss)) return;
      how_.around.events.after(travel(), [close, a] { close(a); });
    });
  });
}

void clients::produce_next(producer& p) {
  if (how_.stopped()) return;
  auto& chance = how_.around.chance;
  if (p.outstanding < p.window) {
    ++p.outstanding;
    const batch_claim claim{.producer = p.id,
                            .sequence = p.next_sequence,
                            .records = static_cast<std::uint32_t>(chance.between(1, 5)),
                            .tag = next_value_++};
    p.next_sequence += static_cast<std::int32_t>(claim.records);
    try_produce(p, claim);
  }
  how_.around.events.after(pause(), [this, &p] { produce_next(p); });
}

void clients::try_produce(producer& p, const batch_claim& claim) {
  call(
      p.leader, [claim](node& n, answer_to reply) { n.produce(claim, std::move(reply)); },
      [this, &p, claim](answer a) {
        // Without a sequence nobody would notice that it is there twice: it is given up.
        const bool ends = a.what == outcome::done || (p.id < 0 && a.what == outcome::unknown);
        if (a.what == outcome::done) ++counts_.acknowledged;
        if (ends) {
          --p.outstanding;
        } else {
          how_.around.events.after(pause(), [this, &p, claim] {
            if (!how_.stopped()) try_produce(p, claim);
          });
        }
      });
}

void clients::use_register(register_client& c) {
  if (how_.stopped()) return;
  auto& around = how_.around;
  const auto key = static_cast<std::uint32_t>(around.chance.below(histories_.size()));
  auto& history = histories_[key];
  const auto called = around.events.now();
  const auto next = [this, &c] {
    how_.around.events.after(pause(), [this, &c] { use_register(c); });
  };
  if (rules_.compact_every != 0 && around.chance.chance(400'000)) {
    const register_write write{
        .key = first_deletable + static_cast<std::uint32_t>(around.chance.below(6)),
        .value = next_value_++,
        .deletes = around.chance.chance(400'000)};
    call(
        c.leader, [write](node& n, answer_to reply) { n.write(write, std::move(reply)); },
        [next](answer) { next(); });
  } else if (around.chance.chance(400'000)) {
    const register_write write{.key = key, .value = next_value_++};
    const auto place = history.size();
    history.push_back({.is_write = true, .value = write.value, .called = called});
    call(
        c.leader, [write](node& n, answer_to reply) { n.write(write, std::move(reply)); },
        [this, &history, place, next](answer a) {
          if (a.what == outcome::done) {
            history[place].answered = how_.around.events.now();
            ++counts_.writes;
          }
          next();
        });
  } else {
    call(
        c.leader, [key](node& n, answer_to reply) { n.read(key, std::move(reply)); },
        [this, &history, called, next](answer a) {
          if (a.what == outcome::done) {
            history.push_back(
                {.value = a.value, .called = called, .answered = how_.around.events.now()});
            ++counts_.reads;
          }
          next();
        });
  }
}

void clients::consume(offset& at) {
  if (how_.stopped()) return;
  const auto up = how_.nodes();
  if (!up.empty()) {
    const auto* n = how_.around.chance.pick(up);
    at = std::max(at, n->log_start());
    for (const auto& e : n->fetch(at, 20)) {
      how_.around.truth.read(n->id(), e, at);
      at = e.head.first_offset + e.head.offset_count;
      ++counts_.consumed;
    }
  }
  how_.around.events.after(pause(), [this, &at] { consume(at); });
}

std::optional<std::string> clients::judge_registers() const {
  for (std::size_t key = 0; key < histories_.size(); ++key) {
    if (const auto why = why_not_linearizable(histories_[key])) {
      return fmt::format("register {} is not linearizable: {}", key, *why);
    }
  }
  return std::nullopt;
}

}  // namespace weir::sim
