// The licence that a model card (README.md on the model hubs) declares in its first lines. Not a
// judgement about the licence, and not a reader of YAML: two keys of a flat block are all it knows.
#pragma once

#include <string>
#include <string_view>

namespace freehold::formats {

// `license`, or `license_name` when that says only "other"; "" when the card declares none.
std::string license_of_model_card(std::string_view card);

}  // namespace freehold::formats
