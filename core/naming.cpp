#include "core/naming.hpp"

#include <bit>
#include <cstring>
#include <stdexcept>

namespace heed::core {
namespace {

constexpr std::array<std::uint32_t, 64> round_constants{
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr std::string_view base32_alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr std::string_view order_prefix = "heed1.";
constexpr std::array<std::string_view, 4> leg_codes{"en", "tp", "sl", "cl"};  // in the order of Leg
constexpr std::size_t order_hash_size = 16;

std::uint32_t big_endian(const std::uint8_t* p) {
  return static_cast<std::uint32_t>(p[0]) << 24 | static_cast<std::uint32_t>(p[1]) << 16 |
         static_cast<std::uint32_t>(p[2]) << 8 | p[3];
}

// Writes `count` characters of base32; `bytes` holds at least 5/8 of them, rounded up.
void base32_into(const std::uint8_t* bytes, std::size_t size, char* out, std::size_t count) {
  std::uint32_t window = 0;
  int bits = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (bits < 5) {
      window = window << 8 | (next < size ? bytes[next] : 0U);
      ++next;
      bits += 8;
    }
    bits -= 5;
    out[i] = base32_alphabet[window >> bits & 31U];
  }
}

template <class IdType>
IdType hashed_id(std::string_view prefix, const Digest& digest) {
  constexpr std::size_t hash_size = 26;  // 128 bits and two
  std::array<char, 2 + hash_size> text{};
  std::memcpy(text.data(), prefix.data(), 2);
  base32_into(digest.data(), digest.size(), text.data() + 2, hash_size);
  return IdType{std::string_view{text.data(), text.size()}};
}

std::string_view four_bytes(std::uint32_t value, std::array<char, 4>& room) {
  for (int i = 0; i < 4; ++i)
    room[static_cast<std::size_t>(i)] = static_cast<char>(value >> (24 - 8 * i) & 255U);
  return {room.data(), room.size()};
}

ClientOrderId order_name(std::string_view strategy, Leg leg, std::string_view hash) {
  std::array<char, ClientOrderId::capacity> text{};
  std::size_t size = 0;
  const auto put = [&](std::string_view part) {
    std::memcpy(text.data() + size, part.data(), part.size());
    size += part.size();
  };
  put(order_prefix);
  put(strategy);
  put(".");
  put(leg_codes[static_cast<std::size_t>(leg)]);
  put(".");
  put(hash);
  return ClientOrderId{std::string_view{text.data(), size}};
}

bool is_hash(std::string_view text) {
  return text.size() == order_hash_size && text.find_first_not_of(base32_alphabet) == std::string_view::npos;
}

}  // namespace

Sha256::Sha256()
    : state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19} {}

void Sha256::block(const std::uint8_t* bytes) {
  std::array<std::uint32_t, 64> w;
  for (std::size_t i = 0; i < 16; ++i)
    w[i] = big_endian(bytes + 4 * i);
  for (std::size_t i = 16; i < 64; ++i) {
    const auto s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
    const auto s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  std::size_t n = 0;
  const auto round = [&](auto p, auto q, auto r, auto& s, auto t, auto u, auto v, auto& x) {
    const auto s1 = std::rotr(t, 6) ^ std::rotr(t, 11) ^ std::rotr(t, 25);
    const auto t1 = x + s1 + ((t & u) ^ (~t & v)) + round_constants[n] + w[n];
    const auto s0 = std::rotr(p, 2) ^ std::rotr(p, 13) ^ std::rotr(p, 22);
    s += t1;
    x = t1 + s0 + ((p & q) ^ (p & r) ^ (q & r));
    ++n;
  };
  while (n < 64) {  // eight rounds at a time, since the variables change places instead of values
    round(a, b, c, d, e, f, g, h);
    round(h, a, b, c, d, e, f, g);
    round(g, h, a, b, c, d, e, f);
    round(f, g, h, a, b, c, d, e);
    round(e, f, g, h, a, b, c, d);
    round(d, e, f, g, h, a, b, c);
    round(c, d, e, f, g, h, a, b);
    round(b, c, d, e, f, g, h, a);
  }
  const std::array<std::uint32_t, 8> added{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < 8; ++i)
    state_[i] += added[i];
}

Sha256& Sha256::update(std::string_view bytes) {
  total_ += bytes.size();
  while (!bytes.empty()) {
    const auto taken = std::min(bytes.size(), pending_.size() - pending_size_);
    std::memcpy(pending_.data() + pending_size_, bytes.data(), taken);
    pending_size_ += taken;
    bytes.remove_prefix(taken);
    if (pending_size_ == pending_.size()) {
      block(pending_.data());
      pending_size_ = 0;
    }
  }
  return *this;
}

Sha256& Sha256::field(std::string_view bytes) {
  std::array<char, 4> room;
  return update(four_bytes(static_cast<std::uint32_t>(bytes.size()), room)).update(bytes);
}

Digest Sha256::finish() {
  const std::uint64_t bits = total_ * 8;
  pending_[pending_size_++] = 0x80;
  if (pending_size_ > 56) {
    std::memset(pending_.data() + pending_size_, 0, pending_.size() - pending_size_);
    block(pending_.data());
    pending_size_ = 0;
  }
  std::memset(pending_.data() + pending_size_, 0, 56 - pending_size_);
  for (std::size_t i = 0; i < 8; ++i)
    pending_[56 + i] = static_cast<std::uint8_t>(bits >> (56 - 8 * i));
  block(pending_.data());
  Digest out;
  for (std::size_t i = 0; i < 32; ++i)
    out[i] = static_cast<std::uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  return out;
}

Digest sha256(std::string_view bytes) { return Sha256{}.update(bytes).finish(); }

std::string hex(const Digest& digest) {
  std::string out;
  out.reserve(2 * digest.size());
  for (const auto byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

std::string sha256_hex(std::string_view bytes) { return hex(sha256(bytes)); }

std::string base32(std::string_view bytes) {
  std::string out((bytes.size() * 8 + 4) / 5, ' ');
  base32_into(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), out.data(), out.size());
  return out;
}

std::string mention_natural_key(const SourceId& source, const Symbol& symbol, MentionAction action,
                                Instant published_at, std::string_view rationale_quote) {
  return hex(Sha256{}
               .field(source)
               .field(symbol)
               .field(to_string(action))
               .field(to_rfc3339(published_at))
               .field(rationale_quote)
               .finish());
}

SignalId signal_id(const SourceId& source, std::string_view natural_key) {
  return hashed_id<SignalId>("s-", Sha256{}.update("s").field(source).field(natural_key).finish());
}

IntentId intent_id(const SignalId& signal, const AccountId& account, std::uint32_t ordinal) {
  std::array<char, 4> room;
  return hashed_id<IntentId>(
    "i-", Sha256{}.update("i").field(signal).field(account).update(four_bytes(ordinal, room)).finish());
}

bool is_plain_name(std::string_view name) {
  if (name.empty() || name.size() > StrategyId::capacity)
    return false;
  for (const char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
      return false;
  return true;
}

bool may_own_orders(std::string_view strategy) { return is_plain_name(strategy) && strategy != "external"; }

ClientOrderId client_order_id(const AccountId& account, const IntentId& intent, Leg leg, std::uint32_t revision,
                              const StrategyId& strategy) {
  if (!is_plain_name(strategy))
    throw std::invalid_argument{"strategy \"" + strategy.str() +
                                "\" cannot be part of an order's name: 1 to 20 of [A-Za-z0-9_-]"};
  std::array<char, 4> room;
  const auto digest = Sha256{}.update("o").field(account).field(intent).update(four_bytes(revision, room)).finish();
  std::array<char, order_hash_size> hash;
  base32_into(digest.data(), digest.size(), hash.data(), hash.size());
  return order_name(strategy, leg, {hash.data(), hash.size()});
}

ClientOrderId leg_name(const ClientOrderId& name, Leg leg) {
  const auto parts = parse_client_order_id(name);
  if (!parts)
    throw std::invalid_argument{"not an order of ours: \"" + name.str() + "\""};
  return order_name(parts->strategy, leg, parts->hash);
}

std::optional<OrderName> parse_client_order_id(std::string_view text) {
  if (!text.starts_with(order_prefix))
    return std::nullopt;
  text.remove_prefix(order_prefix.size());
  constexpr std::size_t tail_size = 1 + 2 + 1 + order_hash_size;  // ".en.<hash>"
  if (text.size() <= tail_size)
    return std::nullopt;
  const auto strategy = text.substr(0, text.size() - tail_size);
  const auto tail = text.substr(strategy.size());
  const auto code = tail.substr(1, 2);
  const auto hash = tail.substr(4);
  if (tail[0] != '.' || tail[3] != '.' || !is_plain_name(strategy) || !is_hash(hash))
    return std::nullopt;
  for (std::size_t i = 0; i < leg_codes.size(); ++i)
    if (leg_codes[i] == code)
      return OrderName{StrategyId{strategy}, static_cast<Leg>(i), InlineText<order_hash_size>{hash}};
  return std::nullopt;
}

}  // namespace heed::core
