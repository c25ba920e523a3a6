// Prometheus' text exposition format, version 0.0.4, written family by family.
#pragma once

#include <fmt/format.h>

#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/histogram.h"

namespace freehold::server {

using Labels = std::span<const std::pair<std::string_view, std::string_view>>;

class PrometheusText {
 public:
  // Begins a family; the samples that follow are its own.
  void family(std::string_view name, std::string_view type, std::string_view help);

  template <class Number>
    requires std::integral<Number> || std::floating_point<Number>
  void sample(Labels labels, Number value) {
    line("", labels, {}, fmt::format("{}", value));
  }
  void histogram(Labels labels, const Histogram::Snapshot& snapshot);

  std::string take() { return std::exchange(text_, {}); }

 private:
  void line(std::string_view suffix, Labels labels, std::string_view bound, std::string_view value);

  std::string name_;
  std::string text_;
};

}  // namespace freehold::server
