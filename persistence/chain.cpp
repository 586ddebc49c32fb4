#include "persistence/chain.hpp"

#include "persistence/text.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <stdexcept>
#include <string_view>

namespace heed {
namespace {

// The length, least byte first, then the text.
void append_field(std::string& out, std::string_view text) {
  std::array<char, 8> size{};
  for (std::size_t i = 0; i < size.size(); ++i)
    size[i] = static_cast<char>(text.size() >> (8 * i) & 0xFF);
  out.append(size.data(), size.size());
  out.append(text);
}

}  // namespace

struct ChainHasher::Context {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* state = EVP_MD_CTX_new();
  ~Context() {
    EVP_MD_CTX_free(state);
    EVP_MD_free(algorithm);
  }
};

ChainHasher::ChainHasher() : context_{std::make_unique<Context>()} {
  if (context_->algorithm == nullptr || context_->state == nullptr)
    throw std::runtime_error{"OpenSSL offers no SHA-256"};
}

ChainHasher::~ChainHasher() = default;

ChainHash ChainHasher::link(const ChainHash& before, const JournalEvent& event) {
  scratch_.assign(before.begin(), before.end());
  std::array<char, 24> seq{};
  const auto* end = std::to_chars(seq.data(), seq.data() + seq.size(), event.seq).ptr;
  append_field(scratch_, {seq.data(), static_cast<std::size_t>(end - seq.data())});
  append_field(scratch_, short_text(event.at).view());
  append_field(scratch_, event.type);
  append_field(scratch_, event.account);
  append_field(scratch_, event.symbol);
  append_field(scratch_, event.signal);
  append_field(scratch_, event.order);
  append_field(scratch_, event.payload);
  ChainHash out{};
  unsigned size = 0;
  const bool ok = EVP_DigestInit_ex2(context_->state, context_->algorithm, nullptr) == 1 &&
                  EVP_DigestUpdate(context_->state, scratch_.data(), scratch_.size()) == 1 &&
                  EVP_DigestFinal_ex(context_->state, out.data(), &size) == 1;
  if (!ok || size != out.size())
    throw std::runtime_error{"OpenSSL could not compute a SHA-256"};
  return out;
}

}  // namespace heed
