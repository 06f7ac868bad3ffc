#include "core/telemetry/pattern.h"

#include <algorithm>

namespace weir::telemetry {
namespace {

constexpr std::size_t steps_max = 500;
constexpr unsigned depth_max = 32;
constexpr int times_max = 1000;

bool is_word(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_space(unsigned char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

template <typename Holds>
std::bitset<256> all_that(Holds holds) {
  std::bitset<256> out;
  for (unsigned c = 0; c < 256; ++c) out[c] = holds(static_cast<unsigned char>(c));
  return out;
}

}  // namespace

// Recursive descent; each part gives its steps with jumps as distances, so that parts can be put
// together and repeated as they are.
class pattern_parser {
 public:
  explicit pattern_parser(std::string_view text) : text_(text) {}

  std::optional<pattern> parse() {
    auto all = alternatives();
    if (!all || at_ != text_.size()) return std::nullopt;
    pattern out;
    out.program_ = *std::move(all);
    return out;
  }

 private:
  using kind = pattern::kind;
  using steps = pattern::steps;
  using part = std::optional<steps>;

  [[nodiscard]] bool more() const { return at_ < text_.size(); }
  bool take(char c) {
    if (!more() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  static std::int32_t distance(const steps& over, int more) {
    return static_cast<std::int32_t>(over.size()) + more;
  }
  static bool append(steps& to, const steps& what) {
    if (to.size() + what.size() > steps_max) return false;
    to.insert(to.end(), what.begin(), what.end());
    return true;
  }
  static steps one(kind what, std::int32_t to = 0) {
    return {{.what = what, .to = to, .bytes = {}}};
  }

  part alternatives() {
    if (++depth_ > depth_max) return std::nullopt;
    auto left = sequence();
    while (left && take('|')) {
      const auto right = sequence();
      if (!right) return std::nullopt;
      steps both = one(kind::fork, distance(*left, 2));
      if (!append(both, *left) || !append(both, one(kind::jump, distance(*right, 1))) ||
          !append(both, *right))
        return std::nullopt;
      left = std::move(both);
    }
    --depth_;
    return left;
  }

  part sequence() {
    steps all;
    while (more() && text_[at_] != '|' && text_[at_] != ')') {
      auto next = atom();
      if (next) next = repeated(*std::move(next));
      if (!next || !append(all, *next)) return std::nullopt;
    }
    return all;
  }

  part atom() {
    const auto c = static_cast<unsigned char>(text_[at_++]);
    switch (c) {
      case '(': {
        if (take('?') && !take(':')) return std::nullopt;
        auto inside = alternatives();
        return take(')') ? inside : std::nullopt;
      }
      case '[':
        return set();
      case '.':
        return bytes(all_that([](auto b) { return b != '\n' && b != '\r'; }));
      case '^':
        return one(kind::at_begin);
      case '$':
        return one(kind::at_end);
      case '\\': {
        const auto escaped = escape();
        return escaped ? bytes(*escaped) : std::nullopt;
      }
      case '*':
      case '+':
      case '?':
      case '{':
        return std::nullopt;  // nothing that it repeats
      default:
        return bytes(std::bitset<256>().set(c));
    }
  }

  static part bytes(const std::bitset<256>& which) {
    return steps{{.what = kind::one_of, .to = 0, .bytes = which}};
  }

  // What stands behind a backslash.
  std::optional<std::bitset<256>> escape() {
    if (!more()) return std::nullopt;
    const auto c = static_cast<unsigned char>(text_[at_++]);
    const auto digit = [](auto b) { return b >= '0' && b <= '9'; };
    switch (c) {
      case 'd':
        return all_that(digit);
      case 'D':
        return ~all_that(digit);
      case 'w':
        return all_that(is_word);
      case 'W':
        return ~all_that(is_word);
      case 's':
        return all_that(is_space);
      case 'S':
        return ~all_that(is_space);
      case 't':
        return std::bitset<256>().set('\t');
      case 'n':
        return std::bitset<256>().set('\n');
      case 'r':
        return std::bitset<256>().set('\r');
      default:
        break;
    }
    if (is_word(c) && c != '_') return std::nullopt;  // means something that is not supported
    return std::bitset<256>().set(c);
  }

  part set() {
    const bool but = take('^');
    std::bitset<256> all;
    bool first = true;
    while (first || !take(']')) {
      if (!more() || text_[at_] == '[' || text_[at_] == '&') return std::nullopt;  // Java's own
      first = false;
      const auto low = static_cast<unsigned char>(text_[at_++]);
      if (low == ']') return std::nullopt;
      if (low == '\\') {
        const auto escaped = escape();
        if (!escaped) return std::nullopt;
        all |= *escaped;
        continue;
      }
      const bool range = at_ + 1 < text_.size() && text_[at_] == '-' && text_[at_ + 1] != ']';
      auto high = low;
      if (range) {
        high = static_cast<unsigned char>(text_[at_ + 1]);
        at_ += 2;
        if (high < low || high == '[' || high == '\\') return std::nullopt;
      }
      for (unsigned c = low; c <= high; ++c) all.set(c);
    }
    return bytes(but ? ~all : all);
  }

  std::optional<int> number() {
    const auto from = at_;
    int value = 0;
    while (more() && text_[at_] >= '0' && text_[at_] <= '9') {
      value = value * 10 + (text_[at_++] - '0');
      if (value > times_max) return std::nullopt;
    }
    return at_ == from ? std::nullopt : std::optional(value);
  }

  part repeated(steps what) {
    part out = std::move(what);
    while (out && more()) {
      if (take('*')) {
        out = times(*out, 0, -1);
      } else if (take('+')) {
        out = times(*out, 1, -1);
      } else if (take('?')) {
        out = times(*out, 0, 1);
      } else if (take('{')) {
        const auto least = number();
        if (!least) return std::nullopt;
        std::optional<int> most = least;
        if (take(',')) most = more() && text_[at_] == '}' ? std::optional(-1) : number();
        if (!most || !take('}') || (*most >= 0 && *most < *least)) return std::nullopt;
        out = times(*out, *least, *most);
      } else {
        break;
      }
      (void)take('?');  // how eager makes no difference to whole texts
      if (more() && text_[at_] == '+') return std::nullopt;  // giving nothing back does
    }
    return out;
  }

  // `most` -1: as often as it goes.
  static part times(const steps& what, int least, int most) {
    steps all;
    for (int i = 0; i < least; ++i) {
      if (!append(all, what)) return std::nullopt;
    }
    if (most < 0) {
      if (!append(all, one(kind::fork, distance(what, 2))) || !append(all, what) ||
          !append(all, one(kind::jump, -distance(what, 1))))
        return std::nullopt;
      return all;
    }
    for (int i = least; i < most; ++i) {
      if (!append(all, one(kind::fork, distance(what, 1))) || !append(all, what))
        return std::nullopt;
    }
    return all;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  unsigned depth_ = 0;
};

std::optional<pattern> pattern::parse(std::string_view expression) {
  return pattern_parser(expression).parse();
}

// Every step that can be stood at without taking a byte.
void pattern::follow(std::size_t from, std::size_t at, std::size_t end,
                     std::vector<std::size_t>& alive, std::vector<bool>& seen) const {
  std::vector<std::size_t> open{from};
  while (!open.empty()) {
    const auto here = open.back();
    open.pop_back();
    if (seen[here]) continue;
    seen[here] = true;
    if (here == program_.size() || program_[here].what == kind::one_of) {
      alive.push_back(here);
      continue;
    }
    const auto& s = program_[here];
    const auto there = static_cast<std::size_t>(static_cast<std::int64_t>(here) + s.to);
    if (s.what == kind::fork || (s.what == kind::at_begin && at == 0) ||
        (s.what == kind::at_end && at == end))
      open.push_back(here + 1);
    if (s.what == kind::fork || s.what == kind::jump) open.push_back(there);
  }
}

bool pattern::matches(std::string_view text) const {
  if (text.size() > text_size_max) return false;
  std::vector<std::size_t> alive;
  std::vector<bool> seen(program_.size() + 1);
  follow(0, 0, text.size(), alive, seen);
  for (std::size_t at = 0; at < text.size() && !alive.empty(); ++at) {
    std::vector<std::size_t> next;
    seen.assign(seen.size(), false);
    for (const auto here : alive) {
      if (here < program_.size() && program_[here].bytes[static_cast<unsigned char>(text[at])])
        follow(here + 1, at + 1, text.size(), next, seen);
    }
    alive = std::move(next);
  }
  return std::ranges::contains(alive, program_.size());
}

}  // namespace weir::telemetry
