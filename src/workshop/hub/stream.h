// One response of a transfer: decides from its head whether the bytes can be used, and puts them
// into the partial file. Internal to transfer.cc.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "hub/http_client.h"
#include "hub/partial_file.h"
#include "hub/transfer.h"

namespace freehold::hub {

// What a stream wants done after it ended.
enum class Verdict {
  fine,
  retry,    // later, perhaps after the time the server named
  changed,  // the file is not the one we have parts of: from the start
  give_up,  // this address will not do
};

// What the streams of one transfer share.
struct TransferState {
  TransferContext& context;
  const TransferRequest& request;
  PartialFile& file;
  bool ranges_work = false;      // a 206 was seen in this run
  bool ranges_ignored = false;   // ask for the whole from now on
  bool received = false;         // this address has answered with bytes
  std::uint64_t generation = 0;  // streams of an earlier one must not write

  std::uint64_t limit_bytes() const {
    return file.identity().bytes.value_or(context.limits.max_bytes);
  }
};

class Stream : public HttpReceiver {
 public:
  Stream(TransferState& state, ByteRange piece)
      : state_(state), piece_(piece), at_(piece.begin), generation_(state.generation) {}

  HttpRequest http_request() const;
  bool on_head(const HttpHead& head) override;
  bool on_body(std::span<const std::byte> bytes) override;
  // After the exchange ended well: a short or open-ended body is found out here.
  void on_end();

  ByteRange unfinished() const { return {at_, piece_.end}; }
  Verdict verdict = Verdict::fine;
  std::string reason;
  std::int64_t wait_s = 0;  // that the server asked for

 private:
  bool decide(Verdict wanted, std::string why);
  bool take_part(const HttpHead& head);
  bool take_whole(const HttpHead& head);
  bool take_unsatisfied(const HttpHead& head);
  bool take_error(const HttpHead& head);
  bool settle_size(std::uint64_t total);
  bool out_of_space(Error error);

  TransferState& state_;
  ByteRange piece_;
  std::uint64_t at_;
  std::uint64_t generation_;
  bool open_ended_ = false;  // no length was announced
};

}  // namespace freehold::hub
