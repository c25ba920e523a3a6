#include "text/template.h"

#include "text/jinja/evaluator.h"
#include "text/jinja/parser.h"
#include "text/jinja/workspace.h"

namespace freehold::text {

struct Template::State {
  jinja::Program program;
  TemplateLimits limits;
};

Template::Template(std::unique_ptr<State> state) : state_(std::move(state)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::parse(std::string_view source, const TemplateLimits& limits) {
  return Template(std::make_unique<State>(State{TRY(jinja::parse(source, limits)), limits}));
}

Result<std::string> Template::render(const Object& context, std::int64_t now_unix_s) const {
  jinja::Workspace workspace(state_->limits, now_unix_s);
  return jinja::Evaluator(state_->program, workspace).render(context);
}

}  // namespace freehold::text
