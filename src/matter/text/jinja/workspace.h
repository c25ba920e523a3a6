// What one rendering may use, and has used: memory, steps, seconds. Owns every value made during
// the rendering, also those that refer to each other in a circle.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "freehold/result.h"
#include "text/template.h"

namespace freehold::text::jinja {

class Workspace;

// The head of everything that values refer to. Counted, and linked to all others of the workspace.
class Thing {
 public:
  Thing(const Thing&) = delete;
  Thing& operator=(const Thing&) = delete;
  virtual ~Thing() = default;

  void retain() { ++references_; }
  void release();

 protected:
  Thing() = default;
  // Lets go of all other things, so that circles end.
  virtual void forget() {}

 private:
  friend class Workspace;
  Workspace* workspace_ = nullptr;
  Thing* previous_ = nullptr;
  Thing* next_ = nullptr;
  std::size_t bytes_ = 0;
  std::uint32_t references_ = 0;
};

// A counted reference to a Thing of a known type.
template <class T>
class Ref {
 public:
  Ref() = default;
  explicit Ref(T* thing) : thing_(thing) {
    if (thing_ != nullptr) thing_->retain();
  }
  Ref(const Ref& other) : Ref(other.thing_) {}
  Ref(Ref&& other) noexcept : thing_(std::exchange(other.thing_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(thing_, other.thing_);
    return *this;
  }
  ~Ref() {
    if (thing_ != nullptr) thing_->release();
  }
  T* get() const { return thing_; }
  T* operator->() const { return thing_; }
  T& operator*() const { return *thing_; }
  explicit operator bool() const { return thing_ != nullptr; }

 private:
  T* thing_ = nullptr;
};

class Workspace {
 public:
  Workspace(const TemplateLimits& limits, std::int64_t now_unix_s);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  const TemplateLimits& limits() const { return limits_; }
  std::int64_t now_unix_s() const { return now_unix_s_; }

  // Counts work; `invalid` once the steps or the seconds are used up. One step is an evaluated
  // node, or the handling of about 64 bytes or 4 items.
  Result<void> spend(std::size_t steps) {
    steps_ += steps;
    if (steps_ < next_look_) [[likely]]
      return {};
    return look();
  }
  Result<void> spend_on_bytes(std::size_t bytes) { return spend(bytes / 64); }

  std::size_t room() const { return limits_.max_memory_bytes - held_; }
  // Whether so many more bytes may be held; `invalid` when not. Ask before building.
  Result<void> room_for(std::size_t bytes) const;
  Result<void> room_for_text(std::size_t bytes) const;
  // Whether a text may be so long at all.
  Result<void> fits_text(std::size_t bytes) const;

  // Takes over a new thing that holds `bytes` besides itself.
  template <class T>
  Result<Ref<T>> adopt(std::unique_ptr<T> thing, std::size_t bytes) {
    TRY(spend(1));
    TRY(room_for(bytes + sizeof(T)));
    link(*thing, bytes + sizeof(T));
    return Ref<T>(thing.release());
  }
  // A thing has come to hold more.
  Result<void> grow(Thing& thing, std::size_t bytes);

  // Bytes held by something that is no Thing.
  Result<void> hold(std::size_t bytes);
  void let_go(std::size_t bytes) { held_ -= bytes; }

  // How deep calls of templates' own functions are nested, and evaluation as such.
  std::size_t calls = 0;
  std::size_t nesting = 0;

 private:
  friend class Thing;
  void link(Thing& thing, std::size_t bytes);
  void bury(Thing& thing);
  Result<void> look();

  const TemplateLimits limits_;
  const std::int64_t now_unix_s_;
  const std::chrono::steady_clock::time_point start_;
  std::size_t steps_ = 0;
  std::size_t next_look_ = 0;
  std::size_t held_ = 0;
  Thing* first_ = nullptr;
  std::vector<Thing*> dying_;
  bool burying_ = false;
};

inline void Thing::release() {
  if (--references_ == 0) workspace_->bury(*this);
}

// Text that grows within the workspace's limits: once it would be too long, it stays as it is and
// finish() fails.
class TextBuilder {
 public:
  explicit TextBuilder(Workspace& workspace) : workspace_(&workspace) {}
  TextBuilder(const TextBuilder&) = delete;
  TextBuilder& operator=(const TextBuilder&) = delete;
  ~TextBuilder() { workspace_->let_go(held_); }

  void append(std::string_view text);
  void append(std::size_t count, char c);
  void repeat(std::size_t count, std::string_view text);
  const std::string& text() const { return text_; }
  bool failed() const { return error_.has_value(); }
  // The text; the builder is empty afterwards.
  Result<std::string> finish();

 private:
  bool takes(std::size_t bytes);
  Workspace* workspace_;
  std::string text_;
  std::size_t held_ = 0;
  std::size_t work_ = 0;  // in bytes, not yet counted as steps
  std::optional<Error> error_;
};

}  // namespace freehold::text::jinja
