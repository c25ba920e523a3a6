// The process_* families that every exporter of Prometheus' has: time, memory, descriptors.
#pragma once

#include "server/prometheus.h"

namespace freehold::server {

// What the system does not tell is left out.
void write_process_metrics(PrometheusText& text);

}  // namespace freehold::server
