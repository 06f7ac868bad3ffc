#pragma once
// The records of `__transaction_state`, byte for byte Kafka's
// (docs/formats/transaction-records.md).
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/fragments.h"
#include "core/codec/codec_error.h"
#include "core/transaction/transaction.h"

namespace weir::transaction {

fragments encode_key(std::string_view transactional_id);
// In version 1, whatever the level of the feature `transaction.version`: version 0 has no room for
// what a coordinator has to remember of producer ids.
fragments encode_value(const transaction& t);

// Nothing: the key of another kind of record.
std::expected<std::optional<std::string>, kafka::codec_error> decode_key(const fragments& key);
// bad_version: a version of the record, or a state, that this Weir does not know.
std::expected<transaction, kafka::codec_error> decode_value(const fragments& value);

}  // namespace weir::transaction
