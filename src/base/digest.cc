#include "base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/file.h"

namespace freehold {

struct Sha256::Context {
  EVP_MD_CTX* handle = EVP_MD_CTX_new();
  Context() {
    CHECK(handle != nullptr);
    CHECK(EVP_DigestInit_ex(handle, EVP_sha256(), nullptr) == 1);
  }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(handle); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
  CHECK(EVP_DigestUpdate(context_->handle, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish() {
  unsigned char raw[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  CHECK(EVP_DigestFinal_ex(context_->handle, raw, &length) == 1);
  std::string hex;
  for (unsigned i = 0; i < length; ++i) hex += fmt::format("{:02x}", raw[i]);
  return hex;
}

std::string sha256(std::string_view text) {
  Sha256 digest;
  digest.update(text);
  return digest.finish();
}

Result<std::string> sha256_file(const std::filesystem::path& path,
                                const std::function<void(std::size_t)>& progress) {
  constexpr std::size_t piece_bytes = std::size_t{4} << 20;
  std::error_code unused;
  if (std::filesystem::is_regular_file(path, unused) &&
      std::filesystem::file_size(path, unused) == 0) {
    return sha256("");
  }
  const MappedFile file = TRY(MappedFile::open(path));
  Sha256 digest;
  for (std::size_t done = 0; done < file.bytes().size();) {
    const auto piece =
        file.bytes().subspan(done).first(std::min(piece_bytes, file.bytes().size() - done));
    digest.update(piece);
    done += piece.size();
    if (progress) progress(done);
  }
  return digest.finish();
}

}  // namespace freehold
