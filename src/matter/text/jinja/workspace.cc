#include "text/jinja/workspace.h"

#include <fmt/format.h>

#include <algorithm>

namespace freehold::text::jinja {
namespace {

constexpr std::size_t steps_between_looks = 4096;
constexpr std::size_t work_of_an_append = 16;
constexpr std::size_t work_between_counts = 4096;

}  // namespace

Workspace::Workspace(const TemplateLimits& limits, std::int64_t now_unix_s)
    : limits_(limits),
      now_unix_s_(now_unix_s),
      start_(std::chrono::steady_clock::now()),
      next_look_(std::min(steps_between_looks, limits.max_steps + 1)) {}

// What is left refers to itself in circles. All of it is kept alive until nothing refers to
// anything any more.
Workspace::~Workspace() {
  for (Thing* thing = first_; thing != nullptr; thing = thing->next_) thing->retain();
  for (Thing* thing = first_; thing != nullptr; thing = thing->next_) thing->forget();
  while (first_ != nullptr) {
    Thing* thing = first_;
    first_ = thing->next_;
    delete thing;
  }
}

Result<void> Workspace::look() {
  if (steps_ > limits_.max_steps) {
    return fail(ErrorCode::invalid,
                fmt::format("the template takes more than {} steps", limits_.max_steps));
  }
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start_;
  if (passed.count() > limits_.max_seconds) {
    return fail(ErrorCode::invalid,
                fmt::format("the template runs longer than {} seconds", limits_.max_seconds));
  }
  next_look_ = std::min(steps_ + steps_between_looks, limits_.max_steps + 1);
  return {};
}

Result<void> Workspace::room_for(std::size_t bytes) const {
  if (bytes > limits_.max_memory_bytes || held_ > limits_.max_memory_bytes - bytes) {
    return fail(ErrorCode::invalid, fmt::format("the template's values need more than {} bytes",
                                                limits_.max_memory_bytes));
  }
  return {};
}

Result<void> Workspace::fits_text(std::size_t bytes) const {
  if (bytes > limits_.max_output_bytes) {
    return fail(ErrorCode::invalid, fmt::format("the template makes a text of more than {} bytes",
                                                limits_.max_output_bytes));
  }
  return {};
}

Result<void> Workspace::room_for_text(std::size_t bytes) const {
  TRY(fits_text(bytes));
  return room_for(bytes);
}

Result<void> Workspace::hold(std::size_t bytes) {
  TRY(room_for(bytes));
  held_ += bytes;
  return {};
}

Result<void> Workspace::grow(Thing& thing, std::size_t bytes) {
  TRY(hold(bytes));
  thing.bytes_ += bytes;
  return {};
}

void Workspace::link(Thing& thing, std::size_t bytes) {
  thing.workspace_ = this;
  thing.bytes_ = bytes;
  thing.next_ = first_;
  if (first_ != nullptr) first_->previous_ = &thing;
  first_ = &thing;
  held_ += bytes;
}

// Deletes a thing that nothing refers to. What it alone referred to follows in this same loop
// rather than by recursion: chains of things may be as long as memory allows.
void Workspace::bury(Thing& thing) {
  dying_.push_back(&thing);
  if (burying_) return;
  burying_ = true;
  while (!dying_.empty()) {
    Thing* last = dying_.back();
    dying_.pop_back();
    (last->previous_ == nullptr ? first_ : last->previous_->next_) = last->next_;
    if (last->next_ != nullptr) last->next_->previous_ = last->previous_;
    held_ -= last->bytes_;
    delete last;
  }
  burying_ = false;
}

bool TextBuilder::takes(std::size_t bytes) {
  if (error_) return false;
  // Two requests, so that no sum can overflow.
  Result<void> room = workspace_->room_for_text(bytes);
  if (room) room = workspace_->fits_text(text_.size() + bytes);
  if (room) room = workspace_->hold(bytes);
  if (room) {
    held_ += bytes;
    work_ += bytes + work_of_an_append;
    if (work_ >= work_between_counts) room = workspace_->spend_on_bytes(std::exchange(work_, 0));
  }
  if (!room) error_ = std::move(room).error();
  return !error_;
}

void TextBuilder::append(std::string_view text) {
  if (takes(text.size())) text_ += text;
}

void TextBuilder::append(std::size_t count, char c) {
  if (takes(count)) text_.append(count, c);
}

void TextBuilder::repeat(std::size_t count, std::string_view text) {
  if (text.empty() || count == 0) return;
  if (count > workspace_->limits().max_output_bytes / text.size()) count = SIZE_MAX / text.size();
  if (!takes(count * text.size())) return;
  // What is there already is copied again, in ever larger pieces.
  const std::size_t begin = text_.size();
  const std::size_t end = begin + count * text.size();
  text_.reserve(end);
  text_ += text;
  while (text_.size() < end) {
    text_.append(text_, begin, std::min(text_.size() - begin, end - text_.size()));
  }
}

Result<std::string> TextBuilder::finish() {
  if (error_) return fail(*std::move(error_));
  workspace_->let_go(std::exchange(held_, 0));
  return std::exchange(text_, {});
}

}  // namespace freehold::text::jinja
