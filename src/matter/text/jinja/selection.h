// "address.city": the attribute that filters such as |map and |sort look up in every item.
#pragma once

#include <optional>
#include <vector>

#include "text/jinja/value.h"

namespace freehold::text::jinja {

class AttributePath {
 public:
  // Of a text with dots, of a number, or of None, which leads to the item itself.
  static Result<AttributePath> parse(Workspace& workspace, const Value& attribute);

  Result<Value> get(Workspace& workspace, const Value& item) const;
  // The same, with what is undefined on the way replaced.
  Result<Value> get(Workspace& workspace, const Value& item, const Value& otherwise) const;

 private:
  std::vector<Value> parts_;
};

// How items compare when case does not count: strings in lower case, all else as it is.
Result<Value> fold(Workspace& workspace, const Value& value, bool case_sensitive);

}  // namespace freehold::text::jinja
