#include "formats/gguf_metadata.h"

#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "formats/names.h"

namespace freehold::formats {
namespace {

enum class ValueType : std::uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64,
};

// The fewest bytes that an element of this type takes in a file; 0 for a type that does not exist.
constexpr std::uint64_t least_bytes(ValueType type) {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::string:
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
      return 8;
    case ValueType::array:
      return 12;
  }
  return 0;
}

template <class T>
Value value_of(T number) {
  if constexpr (std::is_floating_point_v<T>) return Value(static_cast<double>(number));
  if constexpr (std::is_same_v<T, std::uint64_t>) {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (number > most) return Value(static_cast<double>(number));
  }
  return Value(static_cast<std::int64_t>(number));
}

// Calls `visit` with a zero of the C++ type that `type` is; booleans and strings are no numbers.
template <class Visit>
Result<Value> visit_number(ValueType type, Visit visit) {
  switch (type) {
    case ValueType::u8:
      return visit(std::uint8_t{});
    case ValueType::i8:
      return visit(std::int8_t{});
    case ValueType::u16:
      return visit(std::uint16_t{});
    case ValueType::i16:
      return visit(std::int16_t{});
    case ValueType::u32:
      return visit(std::uint32_t{});
    case ValueType::i32:
      return visit(std::int32_t{});
    case ValueType::u64:
      return visit(std::uint64_t{});
    case ValueType::i64:
      return visit(std::int64_t{});
    case ValueType::f32:
      return visit(float{});
    case ValueType::f64:
      return visit(double{});
    default:
      return fail(ErrorCode::internal, "not a type of numbers");
  }
}

class ValueReader {
 public:
  explicit ValueReader(ByteReader& in) : in_(in) {}

  Result<ValueType> type() {
    const std::size_t at = in_.offset();
    const auto type = static_cast<ValueType>(TRY(in_.read<std::uint32_t>("value type")));
    if (least_bytes(type) != 0) return type;
    return fail(ErrorCode::invalid, fmt::format("unknown value type {} at byte {}",
                                                static_cast<std::uint32_t>(type), at));
  }

  Result<Value> value(ValueType type, int depth) {
    if (type == ValueType::string) {
      return Value(TRY(read_gguf_string(in_, GgufLimits::string_bytes)));
    }
    if (type == ValueType::boolean) return boolean();
    if (type == ValueType::array) return array(depth + 1);
    return visit_number(
        type, [&]<class T>(T) -> Result<Value> { return value_of(TRY(in_.read<T>("number"))); });
  }

 private:
  Result<Value> boolean() {
    const std::size_t at = in_.offset();
    const auto byte = TRY(in_.read<std::uint8_t>("boolean"));
    if (byte <= 1) return Value(byte == 1);
    return fail(ErrorCode::invalid,
                fmt::format("boolean at byte {} is {}, neither 0 nor 1", at, byte));
  }

  Result<Value> array(int depth) {
    const std::size_t at = in_.offset();
    if (depth > GgufLimits::nesting) {
      return fail(ErrorCode::invalid,
                  fmt::format("arrays nested deeper than {} at byte {}", GgufLimits::nesting, at));
    }
    const ValueType element = TRY(type());
    const auto count = TRY(in_.read<std::uint64_t>("array length"));
    if (count > in_.remaining() / least_bytes(element)) {
      return fail(ErrorCode::invalid,
                  fmt::format("array of {} elements at byte {} does not fit in the {} bytes left",
                              count, at, in_.remaining()));
    }
    if (count > values_left_) {
      return fail(ErrorCode::invalid,
                  fmt::format("array of {} elements at byte {}: more than {} in one file", count,
                              at, GgufLimits::values));
    }
    values_left_ -= count;
    if (element == ValueType::string) return strings(count);
    if (element == ValueType::boolean || element == ValueType::array) {
      return any_values(element, count, depth);
    }
    return visit_number(element, [&]<class T>(T) { return numbers<T>(count); });
  }

  Result<Value> any_values(ValueType element, std::uint64_t count, int depth) {
    List list;
    for (std::uint64_t i = 0; i < count; ++i) {
      list.push_back(TRY_IN(fmt::format("element {}", i), value(element, depth)));
    }
    return Value(std::move(list));
  }

  template <class T>
  Result<Value> numbers(std::uint64_t count) {
    const std::string_view bytes = TRY(in_.text(count * sizeof(T), "array"));
    List list;
    list.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      T number;
      std::memcpy(&number, bytes.data() + i * sizeof(T), sizeof(T));
      list.push_back(value_of(number));
    }
    return Value(std::move(list));
  }

  // Vocabularies come this way. They are walked once before memory is taken for them.
  Result<Value> strings(std::uint64_t count) {
    ByteReader ahead = in_;
    for (std::uint64_t i = 0; i < count; ++i) {
      TRY_IN(fmt::format("element {}", i), read_gguf_string(ahead, GgufLimits::string_bytes));
    }
    List list;
    list.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      list.emplace_back(TRY(read_gguf_string(in_, GgufLimits::string_bytes)));
    }
    return Value(std::move(list));
  }

  ByteReader& in_;
  std::uint64_t values_left_ = GgufLimits::values;
};

}  // namespace

Result<std::string_view> read_gguf_string(ByteReader& in, std::uint64_t max_bytes) {
  const std::size_t at = in.offset();
  const auto size = TRY(in.read<std::uint64_t>("string length"));
  if (size > max_bytes) [[unlikely]] {
    return fail(ErrorCode::invalid,
                fmt::format("string of {} bytes at byte {}: the limit is {}", size, at, max_bytes));
  }
  return in.text(size, "string");
}

Result<std::string_view> read_gguf_name(ByteReader& in, std::uint64_t max_bytes) {
  const std::size_t at = in.offset();
  const std::string_view name = TRY_IN("name", read_gguf_string(in, max_bytes));
  if (!is_proper_name(name)) {
    return fail(ErrorCode::invalid,
                fmt::format("the name {} at byte {} is empty or has control characters",
                            in_quotes(name), at));
  }
  return name;
}

Result<GgufMetadata> read_gguf_metadata(ByteReader& in, std::uint64_t count) {
  GgufMetadata metadata;
  ValueReader reader(in);
  std::unordered_set<std::string_view> keys;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t at = in.offset();
    const std::string_view key =
        TRY_IN(fmt::format("metadata key {}", i), read_gguf_name(in, GgufLimits::key_bytes));
    if (!keys.insert(key).second) {
      return fail(ErrorCode::invalid,
                  fmt::format("metadata key {} at byte {} appears twice", in_quotes(key), at));
    }
    const ValueType type = TRY_IN("metadata " + in_quotes(key), reader.type());
    metadata.offsets.push_back(at);
    metadata.values.emplace_back(key, TRY_IN("metadata " + in_quotes(key), reader.value(type, 0)));
  }
  return metadata;
}

}  // namespace freehold::formats
