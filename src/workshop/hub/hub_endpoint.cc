#include "hub/hub_endpoint.h"

#include <cstdlib>

#include "base/file.h"

namespace freehold::hub {
namespace {

constexpr std::size_t max_token_bytes = 4096;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// A token that could break out of its header is none.
std::string clean(std::string token) {
  std::erase_if(token, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
  return token;
}

std::string huggingface_token() {
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (const std::string token = clean(variable(name)); !token.empty()) return token;
  }
  std::string path = variable("HF_TOKEN_PATH");
  if (path.empty() && !variable("HF_HOME").empty()) path = variable("HF_HOME") + "/token";
  if (path.empty() && !variable("HOME").empty()) {
    path = variable("HOME") + "/.cache/huggingface/token";
  }
  return clean(read_file(path, max_token_bytes).value_or(""));
}

HubEndpoint huggingface() {
  HubEndpoint endpoint;
  endpoint.title = "Hugging Face";
  endpoint.url = without_slash(variable("HF_ENDPOINT"));
  if (endpoint.url.empty()) endpoint.url = "https://huggingface.co";
  const std::string token = huggingface_token();
  if (!token.empty()) endpoint.secrets.emplace_back("Authorization", "Bearer " + token);
  endpoint.when_denied =
      token.empty()
          ? "if the name is right, the repository is private or gated: accept its terms on its "
            "page, "
            "create a read token in your account settings, and set HF_TOKEN"
          : "the token was not enough: accept the terms on the repository's page with the account "
            "that HF_TOKEN belongs to, and wait until access is granted";
  return endpoint;
}

HubEndpoint modelscope() {
  HubEndpoint endpoint;
  endpoint.title = "ModelScope";
  endpoint.url = without_slash(variable("MODELSCOPE_ENDPOINT"));
  if (endpoint.url.empty() && !variable("MODELSCOPE_DOMAIN").empty()) {
    endpoint.url = "https://" + without_slash(variable("MODELSCOPE_DOMAIN"));
  }
  if (endpoint.url.empty()) endpoint.url = "https://modelscope.cn";
  const std::string token = clean(variable("MODELSCOPE_API_TOKEN"));
  if (!token.empty()) {
    // Older servers read the cookie, newer ones the header.
    endpoint.secrets.emplace_back("Authorization", "Bearer " + token);
    endpoint.secrets.emplace_back("Cookie", "m_session_id=" + token);
  }
  endpoint.when_denied =
      "the repository is private or gated: ask for access on its page and set MODELSCOPE_API_TOKEN";
  return endpoint;
}

}  // namespace

HubEndpoint hub_endpoint(Hub hub) {
  return hub == Hub::huggingface ? huggingface() : modelscope();
}

}  // namespace freehold::hub
