#pragma once
// Writes JSON, for tests: the generated to_json of each message is compared with what the original
// classes print. Numbers beyond 2^53 stay whole; bytes become base64.
#include <fmt/format.h>

#include <string>
#include <string_view>

#include "core/base/fragments.h"
#include "core/base/text.h"
#include "core/base/uuid.h"
#include "core/codec/error_code.h"

namespace weir::kafka {

class json_text {
 public:
  void open(char bracket) {
    comma();
    out_ += bracket;
  }
  void close(char bracket) { out_ += bracket; }
  void key(std::string_view name) {
    comma();
    quoted(name);
    out_ += ':';
  }
  void null() { plain("null"); }
  void value(bool v) { plain(v ? "true" : "false"); }
  void value(std::int64_t v) { plain(fmt::to_string(v)); }
  void value(std::int32_t v) { value(std::int64_t{v}); }
  void value(std::int16_t v) { value(std::int64_t{v}); }
  void value(std::uint16_t v) { value(std::int64_t{v}); }
  void value(std::int8_t v) { value(std::int64_t{v}); }
  void value(double v);
  void value(error_code v) { value(static_cast<std::int16_t>(v)); }
  void value(const uuid& v) { plain('"' + v.str() + '"'); }
  void value(const text& v) {
    comma();
    quoted(v);
  }
  void value(const bytes& v);
  // Of records the size alone, as the original prints them.
  void value(const fragments& v) { value(static_cast<std::int64_t>(v.size())); }
  std::string take() { return std::move(out_); }

 private:
  void comma() {
    if (!out_.empty() && std::string_view("{[:,").find(out_.back()) == std::string_view::npos) {
      out_ += ',';
    }
  }
  void plain(std::string_view v) {
    comma();
    out_ += v;
  }
  void quoted(std::string_view v);

  std::string out_;
};

}  // namespace weir::kafka
