// A value that is rarely there, kept on the heap: an optional that takes one pointer while it is empty. Copies are
// deep.
#pragma once

#include <memory>
#include <utility>

namespace heed {

template <class T>
class Boxed {
public:
  using value_type = T;

  Boxed() = default;
  Boxed(T value) : box_{std::make_unique<T>(std::move(value))} {}  // NOLINT(google-explicit-constructor)
  Boxed(const Boxed& other) : box_{other.box_ ? std::make_unique<T>(*other.box_) : nullptr} {}
  Boxed(Boxed&&) noexcept = default;
  Boxed& operator=(const Boxed& other) {
    if (this != &other)
      box_ = other.box_ ? std::make_unique<T>(*other.box_) : nullptr;
    return *this;
  }
  Boxed& operator=(Boxed&&) noexcept = default;
  ~Boxed() = default;

  bool has_value() const { return box_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  T& operator*() { return *box_; }
  const T& operator*() const { return *box_; }
  T* operator->() { return box_.get(); }
  const T* operator->() const { return box_.get(); }
  void reset() { box_.reset(); }
  T& emplace() {
    box_ = std::make_unique<T>();
    return *box_;
  }

private:
  std::unique_ptr<T> box_;
};

}  // namespace heed
