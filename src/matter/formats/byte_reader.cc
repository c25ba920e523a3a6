#include "formats/byte_reader.h"

#include <fmt/format.h>

namespace freehold::formats {

std::unexpected<Error> ByteReader::cut_short(std::string_view field, std::uint64_t size) const {
  return fail(ErrorCode::invalid,
              fmt::format("{} needs {} bytes at byte {}, but the file ends at byte {}", field, size,
                          offset_, bytes_.size()));
}

}  // namespace freehold::formats
