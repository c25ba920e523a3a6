// What all endpoints share: the models that are served, the counters, the stored responses.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "freehold/generator.h"
#include "server/api_error.h"
#include "server/metrics.h"
#include "server/response_store.h"

namespace freehold::server {

struct Service {
  std::vector<Generator*> models;
  Metrics metrics;
  ResponseStore responses;

  // The model of that name; the only one when the name is empty. 404 lists what there is.
  Parsed<Generator*> find(std::string_view name) const;
};

// The body as JSON; 400 that says where it is broken.
Parsed<Value> parse_body(const HttpRequest& request);

}  // namespace freehold::server
