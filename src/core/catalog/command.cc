#include "core/catalog/command.h"

#include "core/catalog/stored_record.h"

namespace weir::catalog {

std::string encode(const command& c) {
  return std::visit([](const auto& record) { return encode_record(record).str(); }, c);
}

std::expected<command, kafka::codec_error> decode(const fragments& from) {
  return decode_record<command>(from);
}

}  // namespace weir::catalog
