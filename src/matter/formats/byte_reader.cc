#include "formats/byte_reader.h"

#include <fmt/format.h>

namespace freehold::formats {

std::unexpected<Error> ByteReader::cut_short(std::string_view field, std::uint64_t size) const {
  return fail(ErrorCode::invalid,
              fmt::format("{} needs {} bytes at byte {}, but the file ends at byte {}", field, size,
                          offset_, bytes_.size()));
}

std::string in_quotes(std::string_view name) {
  constexpr std::size_t longest = 120;
  if (name.size() <= longest) return fmt::format("{:?}", name);
  return fmt::format("{:?}… ({} bytes)", name.substr(0, longest), name.size());
}

}  // namespace freehold::formats
