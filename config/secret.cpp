#include "config/secret.hpp"

#include <cstddef>
#include <cstring>
#include <ostream>
#include <utility>

namespace heed::config {

Secret::Secret(Secret&& other) noexcept : origin_{std::move(other.origin_)} {
  // A short text lives inside the string object and a move would leave a copy behind.
  text_ = other.text_;
  other.wipe();
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    text_ = other.text_;
    origin_ = other.origin_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = other.text_;
    origin_ = std::move(other.origin_);
    other.wipe();
  }
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() {
  ::explicit_bzero(text_.data(), text_.size());
  text_.clear();
}

bool Secret::matches(std::string_view candidate) const {
  if (candidate.size() != text_.size())
    return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < candidate.size(); ++i)
    difference |=
      static_cast<unsigned>(static_cast<unsigned char>(candidate[i]) ^ static_cast<unsigned char>(text_[i]));
  return difference == 0;
}

std::ostream& operator<<(std::ostream& out, const Secret& secret) {
  return out << (secret.empty() ? std::string_view{} : Secret::mask);
}

}  // namespace heed::config
