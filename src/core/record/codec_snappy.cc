// snappy: raw blocks, and the framing that snappy-java gave to Kafka (not snappy's own framing
// format): a header of 16 bytes, then blocks, each behind its packed size as a big-endian int32.
#include <snappy-sinksource.h>
#include <snappy.h>

#include <array>

#include "core/base/check.h"
#include "core/base/endian.h"
#include "core/record/codecs.h"
#include "core/record/piece_sink.h"

namespace weir::record {
namespace {

constexpr std::string_view java_magic("\x82SNAPPY\0", 8);
constexpr std::size_t java_header_size = 16;  // magic, version, lowest version that can read it
constexpr std::int32_t java_version = 1;
constexpr std::size_t java_block_size = 32 * 1024;

// One block's packed bytes, in whatever pieces they came.
class block_source final : public snappy::Source {
 public:
  explicit block_source(const fragments& block) : in_(block) {}
  std::size_t Available() const override { return in_.left(); }
  const char* Peek(std::size_t* length) override {
    *length = in_.run().size();
    return in_.run().data();
  }
  void Skip(std::size_t count) override { in_.skip(count); }

 private:
  fragments_cursor in_;
};

// Takes the 64 KiB pieces that the library makes, without copying them.
class block_sink final : public snappy::Sink {
 public:
  void Append(const char* from, std::size_t count) override {
    out.append(bytes::copy({from, count}));
  }
  void AppendAndTakeOwnership(char* from, std::size_t count,
                              void (*drop)(void*, const char*, std::size_t),
                              void* argument) override {
    struct piece final : bytes_owner {
      piece(char* f, std::size_t c, void (*d)(void*, const char*, std::size_t), void* a)
          : from(f), count(c), drop_it(d), argument(a) {}
      ~piece() override { drop_it(argument, from, count); }
      char* from;
      std::size_t count;
      void (*drop_it)(void*, const char*, std::size_t);
      void* argument;
    };
    out.append(bytes::adopt({from, count}, new piece(from, count, drop, argument)));
  }
  fragments out;
};

class unsnappy final : public piece_source {
 public:
  unsnappy(fragments packed, std::size_t size_max)
      : packed_(std::move(packed)), in_(packed_), left_(size_max) {}

  std::expected<bytes, record_error> next() override {
    if (!started_) weir_try_void(start());
    while (at_ == ready_.pieces().size()) {
      if (in_.left() == 0) return bytes{};
      weir_try_void(framed_ ? frame() : block(in_.left()));
    }
    return ready_.pieces()[at_++];
  }

 private:
  using nothing = std::expected<void, record_error>;
  static std::unexpected<record_error> broken() {
    return std::unexpected(record_error::bad_compression);
  }

  // Without Java's magic the whole is one raw block, as librdkafka writes it.
  nothing start() {
    started_ = true;
    if (in_.left() == 0) return broken();
    if (in_.left() < java_magic.size()) return {};
    std::array<char, java_header_size> head{};
    packed_.copy_to(0, java_magic.size(), head.data());
    framed_ = std::string_view(head.data(), java_magic.size()) == java_magic;
    if (!framed_) return {};
    if (in_.left() < head.size()) return broken();
    in_.read(head.data(), head.size());
    if (load_be<std::int32_t>(head.data() + 8) < java_version) return broken();
    return {};
  }

  nothing frame() {
    char raw[4];
    if (in_.left() < sizeof raw) return broken();
    in_.read(raw, sizeof raw);
    if (std::string_view(raw, 4) == java_magic.substr(0, 4)) {
      // Streams may be appended to each other: another header.
      constexpr std::size_t rest = java_header_size - sizeof raw;
      if (in_.left() < rest) return broken();
      in_.skip(rest);
      return {};
    }
    const auto size = load_be<std::int32_t>(raw);
    if (size <= 0 || static_cast<std::size_t>(size) > in_.left()) return broken();
    return block(static_cast<std::size_t>(size));
  }

  nothing block(std::size_t size) {
    const fragments packed = in_.take(size);
    std::uint32_t plain_size = 0;
    block_source measured(packed);
    if (!snappy::GetUncompressedLength(&measured, &plain_size)) return broken();
    if (plain_size > left_) return std::unexpected(record_error::too_large_unpacked);
    block_source from(packed);
    block_sink to;
    if (!snappy::Uncompress(&from, &to)) return broken();
    if (to.out.size() != plain_size) return broken();
    left_ -= plain_size;
    ready_ = std::move(to.out);
    at_ = 0;
    return {};
  }

  fragments packed_;
  fragments_cursor in_;
  std::size_t left_;
  bool started_ = false;
  bool framed_ = false;
  fragments ready_;  // the pieces of the block last unpacked
  std::size_t at_ = 0;
};

class snappy_java final : public block_compressor {
 public:
  snappy_java() : block_compressor(java_block_size) {
    out_.write(java_magic);
    number(java_version);
    number(java_version);
  }
  fragments finish() override {
    last_block();
    return out_.take();
  }

 protected:
  void block(std::string_view plain) override {
    scratch_.resize(snappy::MaxCompressedLength(java_block_size));
    std::size_t size = 0;
    snappy::RawCompress(plain.data(), plain.size(), scratch_.data(), &size);
    number(static_cast<std::int32_t>(size));
    out_.write(std::string_view(scratch_).substr(0, size));
  }

 private:
  void number(std::int32_t value) {
    char raw[4];
    store_be(raw, value);
    out_.write({raw, sizeof raw});
  }

  std::string scratch_;
  piece_sink out_;
};

}  // namespace

std::unique_ptr<piece_source> make_unsnappy(fragments packed, std::size_t size_max) {
  return std::make_unique<unsnappy>(std::move(packed), size_max);
}
std::unique_ptr<compressor> make_snappy() {
  return std::make_unique<snappy_java>();
}

}  // namespace weir::record
