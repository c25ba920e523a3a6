#include <fmt/format.h>

#include "hub/fields.h"
#include "hub/hub_endpoint.h"
#include "hub/names.h"
#include "hub/repository.h"

namespace freehold::hub {
namespace {

constexpr std::size_t max_files = 100'000;

RepositoryFile parse_entry(const Value& entry) {
  RepositoryFile file{text_at(entry, "Path"), count_at(entry, "Size"), {}, {}};
  const std::string sha256 = text_at(entry, "Sha256");
  if (is_sha256(sha256)) file.sha256 = sha256;
  return file;
}

}  // namespace

Result<Repository> list_modelscope(TransferContext& context, const HubReference& reference) {
  const HubEndpoint endpoint = hub_endpoint(Hub::modelscope);
  const std::string revision = reference.revision.empty() ? "master" : reference.revision;
  const std::string base =
      fmt::format("{}/api/v1/models/{}/repo", endpoint.url, reference.repository);
  const Value answer = TRY(
      get_json(context, reference,
               fmt::format("{}/files?Revision={}&Recursive=true", base, percent_encode(revision))));
  const std::uint64_t code = count_at(answer, "Code").value_or(200);
  if (code != 200) {
    return fail(ErrorCode::absent, fmt::format("code {}: {}", code, text_at(answer, "Message")));
  }
  const Value* data = answer.find("Data");
  const List* files = data != nullptr ? list_at(*data, "Files") : nullptr;
  // An unknown revision is no error there: the list is null.
  if (files == nullptr || files->size() > max_files) {
    return fail(ErrorCode::absent, fmt::format("the hub lists no files at {}", revision));
  }
  Repository repository;
  repository.revision = revision;
  if (const Value* latest = data->find("LatestCommitter")) {
    const std::string commit = text_at(*latest, "Id");
    if (!commit.empty()) repository.revision = commit;
  }
  for (const Value& entry : *files) {
    RepositoryFile file = parse_entry(entry);
    const bool folder = text_at(entry, "Type") == "tree";
    if (folder || file.path.empty()) continue;
    file.url = fmt::format("{}?Revision={}&FilePath={}", base, percent_encode(revision),
                           percent_encode(file.path));
    repository.files.push_back(std::move(file));
  }
  return repository;
}

}  // namespace freehold::hub
