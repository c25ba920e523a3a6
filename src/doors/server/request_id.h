// Names for requests and answers, so that a client's report can be found in the log.
// Random, unique in practice; not secrets.
#pragma once

#include <string>
#include <string_view>

namespace freehold::server {

// The client's own id when it is 1 to 128 printable ASCII characters, else a fresh one.
std::string request_id(std::string_view from_client);

// "chatcmpl-" and 24 random characters.
std::string fresh_id(std::string_view prefix);

}  // namespace freehold::server
