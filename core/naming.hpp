// Names that are functions of what they name: the same call, decision or order always gets the same name, so that a
// replay or a retry can never make a second one. Also the hash behind them.
#pragma once

#include "messages/ids.hpp"
#include "messages/mention.hpp"
#include "messages/order.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace heed::core {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 (FIPS 180-4), fed in pieces.
class Sha256 {
public:
  Sha256();
  Sha256& update(std::string_view bytes);
  /// Feeds a length before the bytes, so that ("ab","c") and ("a","bc") differ.
  Sha256& field(std::string_view bytes);
  /// May be called once.
  Digest finish();

private:
  void block(const std::uint8_t* bytes);

  std::array<std::uint32_t, 8> state_;
  std::array<std::uint8_t, 64> pending_;
  std::size_t pending_size_ = 0;
  std::uint64_t total_ = 0;
};

Digest sha256(std::string_view bytes);
/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);
std::string hex(const Digest& digest);
/// Lower-case base32 (a-z, 2-7), without padding: ceil(8 n / 5) characters.
std::string base32(std::string_view bytes);

/// The key of a mention that brings none of its own: sha256 in hex of source, symbol, action, published_at and quote.
std::string mention_natural_key(const SourceId& source, const Symbol& symbol, MentionAction action,
                                Instant published_at, std::string_view rationale_quote);

/// "s-" and 26 characters of the hash.
SignalId signal_id(const SourceId& source, std::string_view natural_key);
/// "i-" and 26 characters of the hash. `ordinal` counts the intents of one decision from zero.
IntentId intent_id(const SignalId& signal, const AccountId& account, std::uint32_t ordinal);

/// "heed1.<strategy>.<leg>.<hash>": leg is en, tp, sl or cl; the hash is 16 base32 characters (80 bits) of account,
/// intent and revision, so all legs of one bracket share it. At most 46 characters, of [a-z0-9A-Z._-].
/// The strategy must be a plain name (see is_plain_name); anything else throws std::invalid_argument.
ClientOrderId client_order_id(const AccountId& account, const IntentId& intent, Leg leg, std::uint32_t revision,
                              const StrategyId& strategy);
/// The name of another leg of the same bracket.
/// Throws std::invalid_argument when `name` is not one of ours.
ClientOrderId leg_name(const ClientOrderId& name, Leg leg);

struct OrderName {
  StrategyId strategy;
  Leg leg = Leg::entry;
  InlineText<16> hash;
  friend bool operator==(const OrderName&, const OrderName&) = default;
};
/// Empty when the text is not exactly a name that client_order_id() makes: then the order is not ours.
std::optional<OrderName> parse_client_order_id(std::string_view text);

/// 1 to 20 characters of [A-Za-z0-9_-]: what a strategy in the configuration may be called.
bool is_plain_name(std::string_view name);
/// Whether orders may be made in this name: plain, and not "external", which stands for what nobody here ordered.
bool may_own_orders(std::string_view strategy);

}  // namespace heed::core
