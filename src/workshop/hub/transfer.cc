#include "hub/transfer.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <list>

#include "base/digest.h"
#include "base/log.h"
#include "hub/partial_file.h"
#include "hub/stream.h"

namespace freehold::hub {
namespace {

constexpr std::chrono::milliseconds poll_patience{50};
constexpr Duration sleep_slice = std::chrono::milliseconds(100);  // how soon Ctrl-C is noticed
constexpr int max_restarts = 3;
constexpr std::string_view space_hint = "free some space, or set FREEHOLD_HOME to a larger disk";
constexpr std::uint64_t spare_bytes = 64 << 20;  // the disk is never filled to the brim

std::string megabytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

// The loop around the streams of one file.
class Fetch {
 public:
  Fetch(TransferContext& context, const TransferRequest& request, PartialFile& file)
      : context_(context),
        request_(request),
        state_{context, request, file},
        best_(file.present().count()),
        parallel_(context.limits.parallel) {}
  ~Fetch() { drop_all(); }
  Fetch(const Fetch&) = delete;
  Fetch& operator=(const Fetch&) = delete;

  Result<void> run() {
    while (!(state_.file.complete() && streams_.empty())) {
      if (context_.is_cancelled()) return interrupted();
      launch();
      if (streams_.empty()) {
        context_.clock.sleep(std::min<Duration>(sleep_slice, not_before_ - context_.clock.now()));
        continue;
      }
      if (auto outcome = context_.http.poll(poll_patience)) TRY(settle(*outcome));
      if (state_.file.unsaved_bytes() >= context_.limits.save_every_bytes) TRY(save());
    }
    return {};
  }

 private:
  // The first missing range that no stream is on; empty when there is none.
  ByteRange unassigned() const {
    ByteSet taken = state_.file.present();
    for (const Stream& stream : streams_) taken.add(stream.unfinished());
    ByteRange range = taken.first_missing(state_.limit_bytes());
    range.end = std::min(range.end, range.begin + context_.limits.piece_bytes);
    return range;
  }

  void launch() {
    // One stream finds out what the server can do before the others follow.
    const std::size_t allowed = state_.ranges_work && !state_.ranges_ignored ? parallel_ : 1;
    while (streams_.size() < allowed && context_.clock.now() >= not_before_) {
      const ByteRange piece = unassigned();
      if (piece.size() == 0) return;
      Stream& stream = streams_.emplace_back(state_, piece);
      context_.http.start(stream.http_request(), stream);
    }
  }

  Result<void> settle(const HttpOutcome& outcome) {
    const auto at = std::find_if(streams_.begin(), streams_.end(),
                                 [&](const Stream& stream) { return &stream == outcome.receiver; });
    CHECK(at != streams_.end());
    if (outcome.failure == HttpFailure::none) at->on_end();
    const Verdict verdict = at->verdict;
    const std::string reason = outcome.reason.empty() ? at->reason : outcome.reason;
    const std::int64_t wait_s = at->wait_s;
    streams_.erase(at);
    if (context_.is_cancelled()) return {};
    switch (outcome.failure) {
      case HttpFailure::refused:
        return give_up(reason);
      case HttpFailure::unreachable:
        return state_.received ? retry(reason, 0) : give_up(reason);
      case HttpFailure::broken:
        return retry(reason, 0);
      case HttpFailure::none:
      case HttpFailure::stopped:
        break;
    }
    switch (verdict) {
      case Verdict::fine:
        return {};
      case Verdict::retry:
        return retry(reason, wait_s);
      case Verdict::changed:
        return restart(reason);
      case Verdict::give_up:
        return give_up(reason);
    }
    return {};
  }

  Result<void> retry(const std::string& reason, std::int64_t wait_s) {
    const TransferLimits& limits = context_.limits;
    const std::uint64_t present = state_.file.present().count();
    if (present >= best_ + limits.progress_bytes) failures_ = 0;
    best_ = std::max(best_, present);
    if (++failures_ >= limits.attempts) {
      return give_up(fmt::format("{} attempts without progress, last: {}", failures_, reason));
    }
    const Duration asked = std::chrono::seconds(wait_s);
    if (asked > limits.longest_wait) {
      return give_up(fmt::format("{}, asks to wait {} s", reason, wait_s));
    }
    // A server under load is helped by fewer of us, and by not all coming back at once.
    parallel_ = std::max<std::size_t>(1, parallel_ / 2);
    const Duration full = std::min<Duration>(
        limits.longest_delay, limits.first_delay * (1LL << std::min(failures_ - 1, 20)));
    const Duration jittered =
        full / 2 + Duration(static_cast<std::int64_t>(context_.random.uniform() * 0.5 *
                                                      static_cast<double>(full.count())));
    const Duration delay = std::max(asked, jittered);
    not_before_ = context_.clock.now() + delay;
    log::debug("hub.retry", {{"file", request_.name},
                             {"reason", reason},
                             {"failures", failures_},
                             {"delay_s", seconds(delay)}});
    return {};
  }

  Result<void> restart(const std::string& reason) {
    if (++restarts_ > max_restarts) return give_up(reason + ", again and again");
    log::debug("hub.restart", {{"file", request_.name}, {"reason", reason}});
    ++state_.generation;
    drop_all();
    best_ = 0;
    auto& identity = state_.file.identity();
    identity.bytes = request_.bytes;
    identity.validator.clear();
    return state_.file.restart();
  }

  std::unexpected<Error> give_up(const std::string& reason) {
    drop_all();
    (void)state_.file.save();
    const bool denied = reason.find("access denied") != reason.npos;
    const std::string hint = context_.disk_full ? std::string(space_hint)
                             : denied           ? request_.when_denied
                                                : std::string();
    return fail(ErrorCode::absent, fmt::format("{}: {}", request_.name, reason), hint);
  }

  std::unexpected<Error> interrupted() {
    drop_all();
    if (auto saved = state_.file.save(); !saved) return fail(std::move(saved).error());
    return fail(ErrorCode::interrupted,
                fmt::format("interrupted with {} of {} here",
                            megabytes(state_.file.present().count()), request_.name),
                "run the same command again to go on from here");
  }

  Result<void> save() {
    auto saved = state_.file.save();
    if (!saved) context_.disk_full = true;
    return saved;
  }

  void drop_all() {
    for (Stream& stream : streams_) context_.http.drop(stream);
    streams_.clear();
  }

  TransferContext& context_;
  const TransferRequest& request_;
  TransferState state_;
  std::list<Stream> streams_;
  Duration not_before_{};
  std::uint64_t best_;
  std::size_t parallel_;
  int failures_ = 0;
  int restarts_ = 0;
};

struct Closer {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

Result<void> check_space(const std::filesystem::path& path, std::uint64_t bytes) {
  struct statvfs info{};
  const std::filesystem::path folder = path.parent_path();
  if (::statvfs(folder.c_str(), &info) != 0) {
    return fail(ErrorCode::absent,
                fmt::format("cannot examine {}: {}", folder.string(), std::strerror(errno)));
  }
  const std::uint64_t free = static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  if (bytes <= free && free - bytes >= spare_bytes) return {};
  return fail(ErrorCode::absent,
              fmt::format("not enough disk space in {}: {} needed, {} free", folder.string(),
                          megabytes(bytes + spare_bytes), megabytes(free)),
              std::string(space_hint));
}

Result<std::string> digest_with_progress(const TransferContext& context,
                                         const std::filesystem::path& path,
                                         const std::string& name) {
  constexpr std::size_t piece_bytes = 4 << 20;
  const std::unique_ptr<std::FILE, Closer> file(std::fopen(path.c_str(), "rbe"));
  if (!file) {
    return fail(ErrorCode::invalid,
                fmt::format("cannot open {}: {}", path.string(), std::strerror(errno)));
  }
  std::error_code unused;
  const std::uint64_t total = std::filesystem::file_size(path, unused);
  const std::string what = "verifying " + name;
  std::vector<std::byte> piece(piece_bytes);
  Sha256 digest;
  for (std::uint64_t done = 0;;) {
    if (context.is_cancelled()) {
      return fail(ErrorCode::interrupted, "interrupted while verifying " + name,
                  "run the same command again to go on from here");
    }
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get());
    if (got == 0 && std::ferror(file.get()) != 0) {
      return fail(ErrorCode::invalid, fmt::format("cannot read {}", path.string()));
    }
    if (got == 0) return digest.finish();
    digest.update(std::span(piece).first(got));
    done += got;
    context.observer.progress({what, done, total});
  }
}

Result<FetchedFile> transfer(TransferContext& context, const TransferRequest& request,
                             const std::filesystem::path& destination) {
  PartialFile file = TRY(PartialFile::open(destination));
  TRY(file.adopt({request.url, {}, request.sha256, request.bytes}));
  bool resumed = file.present().count() > 0;
  while (true) {
    TRY(Fetch(context, request, file).run());
    TRY(file.save());
    const std::string sha256 = TRY(digest_with_progress(context, file.data_path(), request.name));
    if (request.sha256.empty() || sha256 == request.sha256) {
      TRY(file.finish());
      return FetchedFile{sha256, *file.identity().bytes};
    }
    if (!resumed) {
      file.discard();
      return fail(ErrorCode::invalid,
                  fmt::format("{}: wrong digest {}, expected {}; removed", request.name,
                              sha256.substr(0, 12), request.sha256.substr(0, 12)));
    }
    // The earlier part may have come from a bad mirror: this one gets a clean chance.
    resumed = false;
    TRY(file.restart());
  }
}

}  // namespace freehold::hub
