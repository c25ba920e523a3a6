// The endpoints, one file each: every function makes a line of the route table. The service must
// outlive the routes.
#pragma once

#include "server/router.h"
#include "server/service.h"

namespace freehold::server {

Route health_route();                            // health.cc
Route models_route(Service& service);            // models.cc
Route model_route(Service& service);             // models.cc
Route chat_completions_route(Service& service);  // chat_completions.cc

}  // namespace freehold::server
