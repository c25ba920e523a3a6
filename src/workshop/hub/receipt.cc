#include "hub/receipt.h"

#include <fmt/format.h>

#include "base/json.h"
#include "hub/names.h"

namespace freehold::hub {
namespace {

constexpr std::int64_t receipt_version = 1;
constexpr std::size_t max_receipt_bytes = 4 << 20;
constexpr std::size_t max_files = 10'000;

Result<std::string> text_field(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  if (value == nullptr || value->as_string() == nullptr) {
    return fail(ErrorCode::invalid, fmt::format("\"{}\" is not text", key));
  }
  return *value->as_string();
}

Result<std::int64_t> number_field(const Value& object, std::string_view key) {
  const Value* value = object.find(key);
  if (value == nullptr || value->as_integer() == nullptr || *value->as_integer() < 0) {
    return fail(ErrorCode::invalid, fmt::format("\"{}\" is not a whole number", key));
  }
  return *value->as_integer();
}

Result<StoredFile> parse_file(const Value& value) {
  StoredFile file;
  file.name = TRY(text_field(value, "name"));
  TRY(check_file_name(file.name));
  file.sha256 = TRY(text_field(value, "sha256"));
  if (!is_sha256(file.sha256)) return fail(ErrorCode::invalid, "\"sha256\" is no digest");
  file.bytes = static_cast<std::uint64_t>(TRY(number_field(value, "bytes")));
  return file;
}

}  // namespace

Value to_value(const Receipt& receipt) {
  Value value;
  value.set("version", receipt_version);
  value.set("model", receipt.model);
  value.set("source", receipt.source);
  value.set("mirror", receipt.mirror);
  value.set("client", receipt.client);
  value.set("revision", receipt.revision);
  value.set("license", receipt.license);
  value.set("pulled_unix_s", receipt.pulled_unix_s);
  List files;
  for (const StoredFile& file : receipt.files) {
    Value entry;
    entry.set("name", file.name);
    entry.set("sha256", file.sha256);
    entry.set("bytes", file.bytes);
    files.push_back(std::move(entry));
  }
  value.set("files", std::move(files));
  return value;
}

Result<Receipt> parse_receipt(std::string_view json) {
  const Value value = TRY(parse_json(json, {.max_bytes = max_receipt_bytes, .max_depth = 8}));
  if (TRY(number_field(value, "version")) != receipt_version) {
    return fail(ErrorCode::invalid, "written by another version of freehold");
  }
  Receipt receipt;
  receipt.model = TRY(text_field(value, "model"));
  if (auto good = check_model_name(receipt.model); !good) {
    return fail(ErrorCode::invalid, std::move(good).error().message);
  }
  receipt.source = TRY(text_field(value, "source"));
  receipt.mirror = TRY(text_field(value, "mirror"));
  receipt.client = TRY(text_field(value, "client"));
  receipt.revision = TRY(text_field(value, "revision"));
  receipt.license = TRY(text_field(value, "license"));
  receipt.pulled_unix_s = TRY(number_field(value, "pulled_unix_s"));
  const Value* files = value.find("files");
  if (files == nullptr || files->as_list() == nullptr || files->as_list()->empty() ||
      files->as_list()->size() > max_files) {
    return fail(ErrorCode::invalid, "\"files\" is not a list of files");
  }
  for (std::size_t i = 0; i < files->as_list()->size(); ++i) {
    receipt.files.push_back(
        TRY_IN(fmt::format("files[{}]", i), parse_file((*files->as_list())[i])));
  }
  return receipt;
}

}  // namespace freehold::hub
