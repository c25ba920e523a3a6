// From a name or a reference to a model in the store: tries the mirrors in order, says one line
// about each that it leaves, and ends with a receipt. Where the bytes come from is in transfer.h,
// package.h and repository.h.
#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"
#include "freehold/result.h"
#include "hub/http_client.h"
#include "hub/observer.h"
#include "hub/receipt.h"
#include "hub/store.h"
#include "hub/transfer.h"

namespace freehold::hub {

struct PullOptions {
  std::string revision;  // a commit, branch or tag of the hubs, in place of the default
  std::string name;      // in the store, in place of the suggested one
  bool force = false;    // fetch although it is here, or although the name is taken
  Observer* observer = nullptr;
  const std::atomic<bool>* cancelled = nullptr;
  const Clock* clock = nullptr;  // the system's when null
  std::uint64_t seed = 0;        // of the jitter; 0 takes a fresh one
  HttpLimits http{};
  TransferLimits limits{};
};

// `target` is a catalogue name or a reference (reference.h). A model that is here already is
// returned as it is. `interrupted` leaves everything for the next call; `absent` when no mirror
// worked, with the reasons; `invalid` when the last mirror's content was wrong.
Result<Receipt> pull(Store& store, const std::string& target, const PullOptions& options = {});

}  // namespace freehold::hub
