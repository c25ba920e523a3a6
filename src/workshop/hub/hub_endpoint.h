// Where a hub is and who we are there, from the environment variables that its own clients use.
#pragma once

#include <string>
#include <string_view>

#include "hub/http_client.h"
#include "hub/reference.h"

namespace freehold::hub {

struct HubEndpoint {
  std::string url;          // without a slash at the end
  std::string title;        // "Hugging Face"
  Headers secrets;          // the token, in every form that the hub accepts
  std::string when_denied;  // what a reader can do about 401 and 403
};

// Hugging Face: HF_ENDPOINT; HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else the file HF_TOKEN_PATH,
// $HF_HOME/token or ~/.cache/huggingface/token. ModelScope: MODELSCOPE_ENDPOINT, else
// MODELSCOPE_DOMAIN; MODELSCOPE_API_TOKEN.
HubEndpoint hub_endpoint(Hub hub);

}  // namespace freehold::hub
