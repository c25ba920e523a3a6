#include <fmt/format.h>

#include "hub/fields.h"
#include "hub/hub_endpoint.h"
#include "hub/names.h"
#include "hub/repository.h"

namespace freehold::hub {
namespace {

constexpr std::size_t max_files = 100'000;

// The card's licence, else the tag "license:…".
std::string license_of(const Value& model) {
  if (const Value* card = model.find("cardData")) {
    const std::string license = text_at(*card, "license");
    const std::string name = text_at(*card, "license_name");
    if (license == "other" && !name.empty()) return name;
    if (!license.empty()) return license;
  }
  constexpr std::string_view prefix = "license:";
  const List* tags = list_at(model, "tags");
  if (tags == nullptr) return {};
  for (const Value& tag : *tags) {
    const std::string* text = tag.as_string();
    if (text != nullptr && text->starts_with(prefix)) return text->substr(prefix.size());
  }
  return {};
}

RepositoryFile parse_sibling(const Value& sibling) {
  RepositoryFile file{text_at(sibling, "rfilename"), count_at(sibling, "size"), {}, {}};
  // Only what is in large-file storage has a SHA-256; small files have git's digest.
  if (const Value* large = sibling.find("lfs")) {
    const std::string sha256 = text_at(*large, "sha256");
    if (is_sha256(sha256)) file.sha256 = sha256;
  }
  return file;
}

}  // namespace

Result<Repository> list_huggingface(TransferContext& context, const HubReference& reference) {
  const HubEndpoint endpoint = hub_endpoint(Hub::huggingface);
  const std::string revision = reference.revision.empty() ? "main" : reference.revision;
  const Value model =
      TRY(get_json(context, reference,
                   fmt::format("{}/api/models/{}/revision/{}?blobs=true", endpoint.url,
                               reference.repository, percent_encode(revision))));
  Repository repository;
  repository.revision = text_at(model, "sha");
  if (repository.revision.size() < 7 || repository.revision.size() > 64) {
    return fail(ErrorCode::invalid, "the hub names no commit");
  }
  repository.license = license_of(model);
  const List* siblings = list_at(model, "siblings");
  if (siblings == nullptr || siblings->size() > max_files) {
    return fail(ErrorCode::invalid, "the hub lists no files");
  }
  for (const Value& sibling : *siblings) {
    RepositoryFile file = parse_sibling(sibling);
    if (file.path.empty()) continue;
    // By commit, not by branch: what was listed is what is fetched, whatever is pushed meanwhile.
    file.url = fmt::format("{}/{}/resolve/{}/{}", endpoint.url, reference.repository,
                           percent_encode(repository.revision), percent_encode(file.path, true));
    repository.files.push_back(std::move(file));
  }
  return repository;
}

}  // namespace freehold::hub
