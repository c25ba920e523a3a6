#include "hub/assembly.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace freehold::hub {

Result<Assembly> Assembly::create(TransferContext& context, std::filesystem::path destination,
                                  std::string name) {
  Assembly assembly;
  assembly.context_ = &context;
  assembly.beside_ = destination.string() + ".new";
  assembly.destination_ = std::move(destination);
  assembly.name_ = std::move(name);
  assembly.file_.reset(std::fopen(assembly.beside_.c_str(), "wbe"));
  if (!assembly.file_) {
    return fail(ErrorCode::absent, fmt::format("cannot create {}: {}", assembly.beside_.string(),
                                               std::strerror(errno)));
  }
  return assembly;
}

Assembly::~Assembly() {
  if (file_) ::unlink(beside_.c_str());
}

Result<void> Assembly::expect(std::uint64_t more_bytes) {
  expected_bytes_ += more_bytes;
  auto space = check_space(destination_, more_bytes);
  if (!space) context_->disk_full = true;
  return space;
}

Result<void> Assembly::append(std::span<const std::byte> bytes) {
  if (context_->is_cancelled()) return fail(ErrorCode::interrupted, "interrupted");
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    context_->disk_full = true;
    return fail(ErrorCode::absent,
                fmt::format("cannot write {}: {}", beside_.string(), std::strerror(errno)));
  }
  digest_.update(bytes);
  bytes_ += bytes.size();
  const std::string what = "unpacking " + name_;
  context_->observer.progress(
      {what, bytes_, bytes_ <= expected_bytes_ ? std::optional(expected_bytes_) : std::nullopt});
  return {};
}

Result<FetchedFile> Assembly::finish(const std::string& sha256) {
  const FetchedFile fetched{digest_.finish(), bytes_};
  if (!sha256.empty() && fetched.sha256 != sha256) {
    return fail(ErrorCode::invalid,
                fmt::format("{}: wrong digest {}, expected {}; removed", name_,
                            fetched.sha256.substr(0, 12), sha256.substr(0, 12)));
  }
  const bool kept = std::fflush(file_.get()) == 0 && ::fsync(::fileno(file_.get())) == 0 &&
                    ::rename(beside_.c_str(), destination_.c_str()) == 0;
  if (!kept) {
    context_->disk_full = true;
    return fail(ErrorCode::absent,
                fmt::format("cannot finish {}: {}", destination_.string(), std::strerror(errno)));
  }
  file_.reset();
  return fetched;
}

}  // namespace freehold::hub
