#include "hub/repository.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "hub/hub_endpoint.h"
#include "hub/names.h"

namespace freehold::hub {
namespace {

constexpr std::size_t max_page_bytes = 16 << 20;
constexpr int max_attempts = 3;

// Four bits first: the smallest that still answers like the original.
constexpr std::array preferred_quantizations{"q4_k_m", "q4_k_s", "q4_0", "q4_1", "iq4_xs",
                                             "q5_k_m", "q5_k_s", "q6_k", "q8_0", "mxfp4",
                                             "q3_k_m", "q2_k",   "bf16", "f16",  "f32"};

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

// A GGUF's path without its ending, and without "-00002-of-00005" when it is a part of a model.
struct Stem {
  std::string_view name;
  std::string_view parts;  // "00005"; empty for a model in one file
  bool operator==(const Stem&) const = default;
};

Stem stem_of(std::string_view path) {
  const std::string_view stem = path.substr(0, path.size() - std::string_view(".gguf").size());
  constexpr std::string_view pattern = "-NNNNN-of-NNNNN";
  if (stem.size() <= pattern.size()) return {stem, {}};
  const std::string_view tail = stem.substr(stem.size() - pattern.size());
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool digit = tail[i] >= '0' && tail[i] <= '9';
    if (pattern[i] == 'N' ? !digit : tail[i] != pattern[i]) return {stem, {}};
  }
  return {stem.substr(0, stem.size() - pattern.size()), tail.substr(tail.size() - 5)};
}

// Whether a GGUF's name ends in the quantization: "Model-Q4_K_M", "model.q4_k_m"; not "IQ4_XS"
// when "Q4_XS" is asked for.
bool has_quantization(std::string_view file, std::string_view quantization) {
  const std::string stem = lower(stem_of(file).name);
  const std::string wanted = lower(quantization);
  if (!stem.ends_with(wanted)) return false;
  if (stem.size() == wanted.size()) return true;
  const char before = stem[stem.size() - wanted.size() - 1];
  return before == '-' || before == '.' || before == '_';
}

// Image encoders and importance matrices share the repositories of the models they belong to.
bool is_model_gguf(std::string_view path) {
  const std::string name = lower(base_name(path));
  return name.ends_with(".gguf") && !name.starts_with("mmproj") && !name.starts_with("imatrix") &&
         name.find("-mmproj") == name.npos;
}

using Files = std::vector<RepositoryFile>;

// All parts of the model that this GGUF belongs to.
Files parts_of(const Files& files, const RepositoryFile& one) {
  Files parts;
  std::copy_if(files.begin(), files.end(), std::back_inserter(parts),
               [&](const RepositoryFile& file) {
                 return is_model_gguf(file.path) && stem_of(file.path) == stem_of(one.path);
               });
  return parts;
}

// The first model by name whose GGUF has this quantization.
Files gguf_of(const Files& files, std::string_view quantization) {
  const auto first = std::find_if(files.begin(), files.end(), [&](const RepositoryFile& file) {
    return is_model_gguf(file.path) && has_quantization(base_name(file.path), quantization);
  });
  return first == files.end() ? Files() : parts_of(files, *first);
}

bool belongs_to_directory(std::string_view path) {
  if (path.find('/') != path.npos) return false;
  constexpr std::array names{"config.json",
                             "generation_config.json",
                             "tokenizer.json",
                             "tokenizer_config.json",
                             "tokenizer.model",
                             "vocab.json",
                             "merges.txt",
                             "special_tokens_map.json",
                             "added_tokens.json",
                             "chat_template.jinja",
                             "chat_template.json",
                             "model.safetensors.index.json",
                             "preprocessor_config.json"};
  if (path.ends_with(".safetensors")) return true;
  if (lower(path).starts_with("license")) return true;
  return std::find(names.begin(), names.end(), path) != names.end();
}

Result<Files> default_choice(const Files& files) {
  for (const char* quantization : preferred_quantizations) {
    Files chosen = gguf_of(files, quantization);
    if (!chosen.empty()) return chosen;
  }
  Files ggufs;
  std::copy_if(files.begin(), files.end(), std::back_inserter(ggufs),
               [](const RepositoryFile& file) { return is_model_gguf(file.path); });
  if (ggufs.size() == 1) return ggufs;
  Files directory;
  std::copy_if(files.begin(), files.end(), std::back_inserter(directory),
               [](const RepositoryFile& file) { return belongs_to_directory(file.path); });
  const bool weights = std::any_of(directory.begin(), directory.end(), [](const auto& file) {
    return file.path.ends_with(".safetensors");
  });
  if (weights) return directory;
  return fail(ErrorCode::absent, "has neither a GGUF nor safetensors that make a model");
}

Result<void> check_parts(const Files& chosen) {
  if (!chosen.front().path.ends_with(".gguf")) return {};
  const std::string_view parts = stem_of(chosen.front().path).parts;
  if (parts.empty() || chosen.size() == std::stoul(std::string(parts))) return {};
  return fail(ErrorCode::absent, fmt::format("has {} of the {} parts of {}", chosen.size(), parts,
                                             stem_of(chosen.front().path).name));
}

std::string some_names(const Files& files) {
  std::string names;
  int count = 0;
  for (const RepositoryFile& file : files) {
    if (!is_model_gguf(file.path) || ++count > 8) continue;
    names += (names.empty() ? "" : ", ") + file.path;
  }
  return names;
}

}  // namespace

Result<Files> choose_files(const Files& listed, std::string_view selection) {
  Files files = listed;
  std::sort(files.begin(), files.end(),
            [](const RepositoryFile& a, const RepositoryFile& b) { return a.path < b.path; });
  Files chosen;
  if (selection.empty()) {
    chosen = TRY(default_choice(files));
  } else {
    const auto exact = std::find_if(files.begin(), files.end(), [&](const RepositoryFile& file) {
      return file.path == selection;
    });
    if (exact != files.end() && is_model_gguf(exact->path)) {
      chosen = parts_of(files, *exact);
    } else if (exact != files.end()) {
      chosen.push_back(*exact);
    } else {
      chosen = gguf_of(files, selection);
    }
  }
  if (chosen.empty()) {
    const std::string names = some_names(files);
    return fail(ErrorCode::absent, fmt::format("has no \"{}\"", selection),
                names.empty() ? "" : "it has " + names);
  }
  for (const RepositoryFile& file : chosen) TRY(check_file_name(base_name(file.path)));
  TRY(check_parts(chosen));
  return chosen;
}

Result<Value> get_json(TransferContext& context, const HubReference& reference,
                       const std::string& url) {
  const HubEndpoint endpoint = hub_endpoint(reference.hub);
  std::string last;
  for (int attempt = 1; attempt <= max_attempts; ++attempt) {
    const auto page = context.http.get({url, {{"Accept", "application/json"}}, endpoint.secrets},
                                       max_page_bytes, context.cancelled);
    if (context.is_cancelled()) return fail(ErrorCode::interrupted, "interrupted");
    const int status = page.head.status;
    if (page.failure == HttpFailure::unreachable || page.failure == HttpFailure::refused) {
      return fail(ErrorCode::absent, page.reason);
    }
    if (page.failure == HttpFailure::none && status == 200) {
      return TRY_IN(endpoint.title + "'s answer", parse_json(page.body));
    }
    const std::string* code = page.head.find("x-error-code");
    const std::string detail = code != nullptr ? " (" + code->substr(0, 80) + ")" : std::string();
    if (status == 401 || status == 403) {
      return fail(ErrorCode::absent, fmt::format("HTTP {}: access denied{}", status, detail),
                  endpoint.when_denied);
    }
    if (status == 404) {
      return fail(ErrorCode::absent, "HTTP 404: no such repository or revision" + detail,
                  "check the spelling; private repositories are not shown without a token");
    }
    last = page.failure == HttpFailure::none ? fmt::format("HTTP {}", status) : page.reason;
    if (attempt < max_attempts) context.clock.sleep(context.limits.first_delay * attempt);
  }
  return fail(ErrorCode::absent, last);
}

Result<Repository> list_repository(TransferContext& context, const HubReference& reference) {
  return reference.hub == Hub::huggingface ? list_huggingface(context, reference)
                                           : list_modelscope(context, reference);
}

}  // namespace freehold::hub
