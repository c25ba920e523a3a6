#include "server/prometheus.h"

namespace freehold::server {
namespace {

std::string escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? "\\n" : std::string(1, c);
  }
  return escaped;
}

// Bounds are written as floats, as Python's client does: vLLM's dashboards compare the text.
std::string bound_text(double bound) {
  std::string text = fmt::format("{}", bound);
  return text.find_first_of(".e") == text.npos ? text + ".0" : text;
}

}  // namespace

void PrometheusText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void PrometheusText::histogram(Labels labels, const Histogram::Snapshot& snapshot) {
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < snapshot.counts.size(); ++i) {
    below += snapshot.counts[i];
    const bool last = i == snapshot.bounds.size();
    line("_bucket", labels, last ? "+Inf" : bound_text(snapshot.bounds[i]),
         fmt::format("{}", below));
  }
  line("_count", labels, {}, fmt::format("{}", below));
  line("_sum", labels, {}, fmt::format("{}", snapshot.sum));
}

void PrometheusText::line(std::string_view suffix, Labels labels, std::string_view bound,
                          std::string_view value) {
  std::string inner;
  const auto add = [&](std::string_view key, std::string_view text) {
    inner += fmt::format("{}{}=\"{}\"", inner.empty() ? "" : ",", key, escaped(text));
  };
  for (const auto& [key, text] : labels) add(key, text);
  if (!bound.empty()) add("le", bound);
  text_ += name_;
  text_ += suffix;
  if (!inner.empty()) text_ += "{" + inner + "}";
  text_.append(" ").append(value).append("\n");
}

}  // namespace freehold::server
