#include "cli/inspect_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/digest.h"
#include "base/progress.h"
#include "model/model.h"

namespace freehold::cli {
namespace {

namespace fs = std::filesystem;

Result<std::string> digest_with_progress(const fs::path& path) {
  std::error_code unused;
  Progress progress("reading " + path.filename().string(), fs::file_size(path, unused));
  return sha256_file(path, [&](std::size_t done) { progress.update(done); });
}

Result<std::string> digest_of(const std::vector<fs::path>& files) {
  if (files.size() == 1) return digest_with_progress(files[0]);
  std::vector<std::string> lines;
  for (const fs::path& file : files) {
    lines.push_back(TRY(digest_with_progress(file)) + "  " + file.filename().string() + "\n");
  }
  std::ranges::sort(lines, {}, [](const std::string& line) { return line.substr(66); });
  Sha256 digest;
  for (const std::string& line : lines) digest.update(line);
  return digest.finish();
}

std::string types_text(const formats::Description& description) {
  std::string text;
  for (const auto& [name, count] : description.types) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  }
  return text;
}

Value tokenizer_json(const formats::Description& description) {
  if (!description.tokenizer) return Value();
  return Object{{"kind", description.tokenizer->kind},
                {"pretokenizer", description.tokenizer->pretokenizer},
                {"vocabulary", description.tokenizer->vocabulary}};
}

}  // namespace

Result<Inspection> inspect(const fs::path& path, std::uint32_t context_length) {
  const auto checkpoint = TRY(formats::Checkpoint::open(path));
  Inspection inspection;
  inspection.path = path;
  inspection.description = TRY(formats::describe(checkpoint));
  inspection.sha256 = TRY(digest_of(inspection.description.files));
  inspection.context_length = context_length;
  const auto recipe = model::read_recipe(checkpoint);
  if (!recipe) {
    inspection.cannot_run = recipe.error().message;
    return inspection;
  }
  if (context_length == 0) inspection.context_length = recipe->context_length;
  inspection.footprint =
      model::footprint(checkpoint, *recipe, inspection.context_length, KvType::f16);
  return inspection;
}

Result<void> verify_digests(const hub::Store& store, const hub::Receipt& receipt) {
  const fs::path path = TRY(store.path_of(receipt));
  for (const hub::StoredFile& file : receipt.files) {
    const fs::path place = fs::is_directory(path) ? path / file.name : path;
    const std::string found = TRY(digest_with_progress(place));
    if (found != file.sha256) {
      return fail(
          ErrorCode::denied,
          fmt::format("{}: SHA-256 is {}, the receipt says {}", place.string(), found, file.sha256),
          fmt::format("freehold pull {} --force", receipt.model));
    }
  }
  return {};
}

Value inspection_json(const Inspection& inspection) {
  const formats::Description& description = inspection.description;
  Object types;
  for (const auto& [name, count] : description.types) types.emplace_back(name, count);
  List files;
  for (const fs::path& file : description.files) files.emplace_back(file.filename().string());
  Value document = Object{{"path", inspection.path.string()},
                          {"format", description.format},
                          {"name", description.name},
                          {"architecture", description.architecture},
                          {"model_type", description.model_type},
                          {"parameters", description.parameters},
                          {"bytes", description.bytes},
                          {"packed_bytes", inspection.packed_bytes},
                          {"sha256", inspection.sha256},
                          {"files", std::move(files)}};
  document.set("tensors", Object{{"count", description.tensors}, {"types", std::move(types)}});
  document.set("context_length",
               description.context_length ? Value(*description.context_length) : Value());
  document.set("tokenizer", tokenizer_json(description));
  document.set("chat_template", description.chat_template);
  document.set("license", description.license);
  document.set("runs", inspection.footprint.has_value());
  if (inspection.footprint) {
    document.set("memory", Object{{"context_length", inspection.context_length},
                                  {"weights_bytes", inspection.footprint->weights_bytes},
                                  {"kv_bytes", inspection.footprint->kv_bytes},
                                  {"activation_bytes", inspection.footprint->activation_bytes}});
  } else {
    document.set("cannot_run", inspection.cannot_run);
  }
  return document;
}

std::string inspection_text(const Inspection& inspection) {
  const formats::Description& d = inspection.description;
  std::string text = fmt::format(
      "path          {}\nformat        {}{}\narchitecture  {}\nparameters    {}\nsize          {}\n"
      "sha256        {}\ntensors       {} ({})\ncontext       {}\n",
      inspection.path.string(), d.format,
      d.files.size() > 1 ? fmt::format(", {} files", d.files.size()) : "", d.architecture,
      human_count(d.parameters), human_bytes(d.bytes), inspection.sha256, d.tensors, types_text(d),
      d.context_length ? std::to_string(*d.context_length) : "not said");
  if (inspection.packed_bytes > 0) {
    text += fmt::format("packed        {} more on disk, as kernels read it\n",
                        human_bytes(inspection.packed_bytes));
  }
  text += d.tokenizer ? fmt::format("tokenizer     {} {}, {} tokens\n", d.tokenizer->kind,
                                    d.tokenizer->pretokenizer, d.tokenizer->vocabulary)
                      : "tokenizer     none\n";
  text += fmt::format("template      {}\nlicense       {}\n", d.chat_template ? "yes" : "none",
                      d.license.empty() ? "not said" : d.license);
  if (!inspection.footprint) return text + "runs          no: " + inspection.cannot_run + "\n";
  const model::Footprint& memory = *inspection.footprint;
  return text + fmt::format("memory        {} at {} tokens ({} weights, {} cache, {} buffers)\n",
                            human_bytes(memory.total()), inspection.context_length,
                            human_bytes(memory.weights_bytes), human_bytes(memory.kv_bytes),
                            human_bytes(memory.activation_bytes));
}

std::string inspection_line(const std::string& name, const Inspection& inspection, bool verified) {
  const formats::Description& d = inspection.description;
  return fmt::format("{}: {}, {} parameters, {}, {}{}\n", name, d.architecture,
                     human_count(d.parameters), human_bytes(d.bytes),
                     d.license.empty() ? "licence not said" : d.license,
                     verified ? ", digest as in the receipt" : "");
}

}  // namespace freehold::cli
