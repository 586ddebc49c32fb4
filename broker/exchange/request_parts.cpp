#include "broker/exchange/request_parts.hpp"

namespace heed::exchange {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

Refusal malformed() { return {400, 40010000, "request body format is invalid", {}, {}}; }
Refusal missing(const std::string& name) { return {422, 40010001, name + " is required", {}, {}}; }
Refusal invalid(const std::string& name) { return {422, 42210000, "invalid " + name, {}, {}}; }

// Members of one object, read by name; the first trouble is kept.
class Reader {
public:
  explicit Reader(const net::Json& object, std::string prefix = {}) : object_{&object}, prefix_{std::move(prefix)} {}

  const net::Json* member(std::string_view name) const {
    const net::Json* found = object_->find(name);
    return found == nullptr || found->is_null() ? nullptr : found;
  }

  void decimal(const char* name, std::optional<Decimal>& into) {
    const net::Json* found = member(name);
    if (found == nullptr || (found->is_string() && found->text.empty()))
      return;
    into = found->decimal();
    if (!into)
      fail(invalid(prefix_ + name));
  }
  void text(const char* name, std::string& into) {
    const net::Json* found = member(name);
    if (found == nullptr)
      return;
    if (!found->is_string())
      fail(invalid(prefix_ + name));
    into = found->text;
  }
  template <class E>
  bool choice(const char* name, E& into, bool required) {
    const net::Json* found = member(name);
    if (found == nullptr) {
      if (required)
        fail(missing(prefix_ + name));
      return false;
    }
    const auto value = found->is_string() ? enum_from<E>(found->text) : std::nullopt;
    if (!value)
      fail(invalid(prefix_ + name));
    else
      into = *value;
    return value.has_value();
  }
  void flag(const char* name, bool& into) {
    const net::Json* found = member(name);
    if (found == nullptr)
      return;
    if (found->kind != net::Json::Kind::boolean)
      fail(invalid(prefix_ + name));
    into = found->boolean;
  }
  void fail(Refusal no) {
    if (!trouble_)
      trouble_ = std::move(no);
  }
  std::optional<Refusal>& trouble() { return trouble_; }

private:
  const net::Json* object_;
  std::string prefix_;
  std::optional<Refusal> trouble_;
};

void read_class(Reader& reader, OrderRequest& r) {
  const net::Json* found = reader.member("order_class");
  if (found == nullptr || (found->is_string() && found->text == "simple"))
    return;
  reader.choice("order_class", r.order_class, false);
}

void read_exits(Reader& reader, OrderRequest& r) {
  if (const net::Json* leg = reader.member("take_profit")) {
    r.has_take_profit = true;
    Reader inner{*leg, "take_profit."};
    inner.decimal("limit_price", r.take_profit_limit);
    if (!leg->is_object())
      reader.fail(invalid("take_profit"));
    if (inner.trouble())
      reader.fail(*inner.trouble());
  }
  if (const net::Json* leg = reader.member("stop_loss")) {
    r.has_stop_loss = true;
    Reader inner{*leg, "stop_loss."};
    inner.decimal("stop_price", r.stop_loss_stop);
    inner.decimal("limit_price", r.stop_loss_limit);
    if (!leg->is_object())
      reader.fail(invalid("stop_loss"));
    if (inner.trouble())
      reader.fail(*inner.trouble());
  }
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
        return std::nullopt;
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    }
  }
  return out;
}

std::optional<Target> parse_target(std::string_view target) {
  Target out;
  const auto mark = target.find('?');
  out.path = target.substr(0, mark);
  auto rest = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    const auto equals = pair.find('=');
    const auto name = percent_decoded(pair.substr(0, equals), true);
    const auto value =
      equals == std::string_view::npos ? std::string{} : percent_decoded(pair.substr(equals + 1), true);
    if (!name || !value)
      return std::nullopt;
    out.query[*name] = *value;
  }
  return out;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find(',');
    if (const auto part = text.substr(0, end); !part.empty())
      out.emplace_back(part);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

std::variant<OrderRequest, Refusal> parse_order(std::string_view body) {
  const auto json = net::parse_json(body);
  if (!json || !json.value().is_object())
    return malformed();
  Reader reader{json.value()};
  OrderRequest r;
  reader.text("symbol", r.symbol);
  if (r.symbol.empty())
    reader.fail(missing("symbol"));
  reader.decimal("qty", r.qty);
  reader.decimal("notional", r.notional);
  reader.choice("side", r.side, true);
  reader.choice("type", r.type, true);
  reader.choice("time_in_force", r.tif, true);
  reader.decimal("limit_price", r.limit_price);
  reader.decimal("stop_price", r.stop_price);
  reader.decimal("trail_price", r.trail_price);
  reader.decimal("trail_percent", r.trail_percent);
  read_class(reader, r);
  read_exits(reader, r);
  reader.flag("extended_hours", r.extended_hours);
  reader.text("client_order_id", r.client_order_id);
  if (Intent intent{}; reader.choice("position_intent", intent, false))
    r.intent = intent;
  if (reader.trouble())
    return std::move(*reader.trouble());
  return r;
}

std::variant<ReplaceRequest, Refusal> parse_replace(std::string_view body) {
  const auto json = net::parse_json(body);
  if (!json || !json.value().is_object())
    return malformed();
  Reader reader{json.value()};
  ReplaceRequest r;
  reader.decimal("qty", r.qty);
  reader.decimal("limit_price", r.limit_price);
  reader.decimal("stop_price", r.stop_price);
  reader.text("client_order_id", r.client_order_id);
  if (Tif tif{}; reader.choice("time_in_force", tif, false))
    r.tif = tif;
  reader.decimal("trail", r.trail);
  if (reader.trouble())
    return std::move(*reader.trouble());
  return r;
}

}  // namespace heed::exchange
