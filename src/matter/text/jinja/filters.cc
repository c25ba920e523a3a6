#include "text/jinja/filters.h"

#include <string>
#include <unordered_map>

namespace freehold::text::jinja {

const Method* find_filter(std::string_view name) {
  static const auto table = [] {
    std::unordered_map<std::string_view, const Method*> filters;
    for (const auto& group :
         {text_filters(), number_filters(), sequence_filters(), selection_filters()}) {
      for (const Method& filter : group) filters.emplace(filter.name, &filter);
    }
    return filters;
  }();
  const auto found = table.find(name);
  return found == table.end() ? nullptr : found->second;
}

}  // namespace freehold::text::jinja
