#include "broker/alpaca/bar_history.hpp"

#include "broker/alpaca/answers.hpp"
#include "broker/alpaca/requests.hpp"
#include "core/calendar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <future>
#include <optional>
#include <utility>

namespace heed {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t symbols_per_request = 100;
constexpr std::size_t page_size_max = 10'000;
constexpr std::size_t empty_pages_max = 100;  // in a row, each with a token for the next
constexpr int attempts_max = 5;               // in a row
constexpr seconds pause_first{1};
constexpr std::array<std::string_view, 4> feeds{"sip", "iex", "otc", "boats"};
constexpr std::array<std::string_view, 5> adjustments{"raw", "split", "dividend", "spin-off", "all"};

template <std::size_t N>
std::string listed(const std::array<std::string_view, N>& names) {
  std::string out;
  for (const auto name : names)
    out += (out.empty() ? "" : ", ") + std::string{name};
  return out;
}

/// What the venue says for people, of a body that may be anything.
std::string words_of(const net::HttpResponse& answer) {
  constexpr std::size_t shown = 200;
  const auto json = net::parse_json(answer.body);
  if (json)
    if (const auto* message = json.value().find("message"); message != nullptr && message->is_string())
      return message->text.substr(0, shown);
  return "HTTP " + std::to_string(answer.status);
}

/// One page, understood as a whole or not at all.
struct Page {
  std::map<Symbol, const net::Json*> bars;
  std::string next;  // empty: the last one
};

Result<Page> read_page(const net::Json& body, const std::vector<Symbol>& asked) {
  const auto broken = [](const std::string& what) { return Error{ErrorKind::unknown, "page", what}; };
  Page out;
  const auto* bars = body.find("bars");
  if (bars == nullptr || !(bars->is_object() || bars->is_null()))
    return broken("\"bars\" is " + std::string{bars == nullptr ? "missing" : net::kind_name(bars->kind)} +
                  ", and should be an object");
  for (const auto& [name, list] : bars->members) {
    if (name.size() > Symbol::capacity || !std::binary_search(asked.begin(), asked.end(), Symbol{name}))
      return broken("it has bars of a symbol that was not asked for: " + name.substr(0, 40));
    if (list.is_null())
      continue;
    if (!list.is_array())
      return broken("bars of " + name + " are " + std::string{net::kind_name(list.kind)} +
                    ", and should be an array");
    out.bars.emplace(Symbol{name}, &list);
  }
  const auto* next = body.find("next_page_token");
  if (next != nullptr && !next->is_null() && !next->is_string())
    return broken("\"next_page_token\" is " + std::string{net::kind_name(next->kind)} +
                  ", and should be text or null");
  if (next != nullptr)
    out.next = next->text;
  return out;
}

/// The digits of a number, in quotes or not; empty, which no field may be, for anything else.
std::string_view number_of(const net::Json& bar, std::string_view name) {
  const auto* value = bar.find(name);
  return value != nullptr && (value->is_number() || value->is_string()) ? std::string_view{value->text}
                                                                        : std::string_view{};
}

class Fetch {
public:
  Fetch(const BarHistoryQuery& query, const BarHistoryPorts& ports,
        const std::function<void(const BarHistoryProgress&)>& progress)
      : query_{query}, ports_{ports}, progress_{progress} {}

  Result<BarHistory> run();

private:
  Status fetch(std::vector<Symbol> symbols);
  std::string target_of(const std::vector<Symbol>& symbols, const std::string& token) const;
  Result<net::HttpResponse> ask(const std::string& target);
  /// A page, after as many attempts as it takes; nothing when the venue refused the symbols.
  Result<std::optional<std::string>> next_page(const std::vector<Symbol>& symbols, const std::string& token);
  Result<Page> understand(const net::HttpResponse& answer, const std::vector<Symbol>& symbols);
  void take(const Page& page);
  void add(core::BarCollector& to, const net::Json& bar);
  void wait(milliseconds time, const std::string& why);
  void tell(milliseconds waiting = milliseconds{0}, const std::string& why = {});

  const BarHistoryQuery& query_;
  const BarHistoryPorts& ports_;
  const std::function<void(const BarHistoryProgress&)>& progress_;
  BarHistory out_;
  std::map<Symbol, core::BarCollector> collectors_;
  net::Json body_;  // of the page at hand
  std::string refusal_;
  std::size_t bars_ = 0;
  std::size_t empty_pages_ = 0;
};

std::string Fetch::target_of(const std::vector<Symbol>& symbols, const std::string& token) const {
  std::string list;
  for (const auto& symbol : symbols)
    list += (list.empty() ? "" : ",") + alpaca::percent_encoded(symbol);
  auto out = "/v2/stocks/bars?symbols=" + list + "&timeframe=1Day&start=" + to_iso_date(query_.from) +
             "&end=" + to_iso_date(query_.to) + "&limit=" + std::to_string(query_.page_size) +
             "&adjustment=" + alpaca::percent_encoded(query_.adjustment) + "&feed=" + query_.feed + "&sort=asc";
  if (!token.empty())
    out += "&page_token=" + alpaca::percent_encoded(token);
  return out;
}

Result<net::HttpResponse> Fetch::ask(const std::string& target) {
  net::HttpRequest request;
  request.target = target;
  request.headers = {
    {"APCA-API-KEY-ID", ports_.key}, {"APCA-API-SECRET-KEY", ports_.secret}, {"Accept", "application/json"}};
  // The answer may come after the deadline's error has been taken: whoever sets it last keeps the promise alive.
  const auto done = std::make_shared<std::promise<Result<net::HttpResponse>>>();
  auto answer = done->get_future();
  ports_.data->send(std::move(request), ports_.deadline,
                    [done](Result<net::HttpResponse> result) { done->set_value(std::move(result)); });
  return answer.get();
}

void Fetch::tell(milliseconds waiting, const std::string& why) {
  if (progress_)
    progress_({out_.pages, bars_, waiting, why});
}

void Fetch::wait(milliseconds time, const std::string& why) {
  tell(time, why);
  ports_.wait(time);
}

Result<Page> Fetch::understand(const net::HttpResponse& answer, const std::vector<Symbol>& symbols) {
  auto body = alpaca::read_answer(answer, ports_.clock->now());
  if (!body)
    return body.error();
  body_ = std::move(body).value();
  return read_page(body_, symbols);
}

Result<std::optional<std::string>> Fetch::next_page(const std::vector<Symbol>& symbols, const std::string& token) {
  const auto target = target_of(symbols, token);
  auto pause = milliseconds{pause_first};
  for (int attempt = 1;; ++attempt) {
    const auto answer = ask(target);
    if (answer && (answer.value().status == 400 || answer.value().status == 422)) {
      refusal_ = words_of(answer.value());
      return std::optional<std::string>{};
    }
    if (answer && (answer.value().status == 401 || answer.value().status == 403 || answer.value().status == 404))
      return Error{ErrorKind::rejected, std::to_string(answer.value().status), words_of(answer.value())};
    auto page = answer ? understand(answer.value(), symbols) : Result<Page>{answer.error()};
    if (page) {
      take(page.value());
      if (!page.value().next.empty() && page.value().next == token)
        return Error{ErrorKind::unavailable, "page", "the venue gives the same page again and again: GET " + target};
      return std::optional{page.value().next};
    }
    const auto& error = page.error();
    if (attempt == attempts_max)
      return Error{ErrorKind::unavailable, error.code,
                   std::to_string(attempts_max) + " attempts in a row failed, the last with: " +
                     (error.code == "429" ? "too many requests" : error.detail) + " (GET " + target + ")"};
    if (error.code == "429") {
      std::int64_t told = 0;
      std::from_chars(error.detail.data(), error.detail.data() + error.detail.size(), told);
      wait(seconds{std::max<std::int64_t>(told, 1)}, "the venue wants fewer requests");
    } else {
      wait(pause, error.detail);
      pause *= 2;
    }
  }
}

void Fetch::add(core::BarCollector& to, const net::Json& bar) {
  const auto* at = bar.find("t");
  const auto instant = at != nullptr && at->is_string() ? parse_rfc3339(at->text) : std::nullopt;
  const auto date = instant ? to_iso_date(core::new_york_date(*instant)) : at != nullptr ? at->text : std::string{};
  to.add(0, {date, number_of(bar, "o"), number_of(bar, "h"), number_of(bar, "l"), number_of(bar, "c"),
             number_of(bar, "v")});
}

void Fetch::take(const Page& page) {
  std::size_t bars = 0;
  for (const auto& [symbol, list] : page.bars) {
    auto& collector = collectors_.try_emplace(symbol, out_.problems[symbol]).first->second;
    for (const auto& bar : list->items)
      add(collector, bar);
    bars += list->items.size();
  }
  ++out_.pages;
  bars_ += bars;
  empty_pages_ = bars == 0 ? empty_pages_ + 1 : 0;
  tell();
}

// Which of several symbols was refused is only in the venue's words, so they are asked for in halves.
Status Fetch::fetch(std::vector<Symbol> symbols) {
  std::string token;
  do {
    auto next = next_page(symbols, token);
    if (!next)
      return next.error();
    if (!next.value() && !token.empty())
      return Error{ErrorKind::rejected, "page", "the venue refused a further page: " + refusal_};
    if (!next.value() && symbols.size() > 1) {
      const auto middle = symbols.begin() + static_cast<std::ptrdiff_t>(symbols.size() / 2);
      if (auto first = fetch({symbols.begin(), middle}); !first)
        return first;
      return fetch({middle, symbols.end()});
    }
    if (!next.value()) {
      out_.refused[symbols.front()] = refusal_;
      return Ok{};
    }
    if (empty_pages_ > empty_pages_max)
      return Error{ErrorKind::unavailable, "page", "the venue gives one empty page after the other"};
    token = std::move(*next.value());
  } while (!token.empty());
  return Ok{};
}

Result<BarHistory> Fetch::run() {
  auto symbols = query_.symbols;
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  for (std::size_t i = 0; i < symbols.size(); i += symbols_per_request) {
    const auto begin = symbols.begin() + static_cast<std::ptrdiff_t>(i);
    const auto end = symbols.begin() + static_cast<std::ptrdiff_t>(std::min(i + symbols_per_request, symbols.size()));
    if (auto done = fetch({begin, end}); !done)
      return done.error();
  }
  for (auto& [symbol, collector] : collectors_)
    if (auto bars = collector.finish(); bars.size() > 0)
      out_.bars.emplace(symbol, std::move(bars));
  std::erase_if(out_.problems, [](const auto& of) { return of.second.empty(); });
  return std::move(out_);
}

}  // namespace

Status check_bar_history_query(const BarHistoryQuery& query) {
  const auto among = [](const auto& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!among(feeds, query.feed))
    return Error{ErrorKind::invalid, "feed", "feed " + query.feed + " is none of " + listed(feeds)};
  for (std::size_t at = 0; at <= query.adjustment.size();) {
    const auto end = std::min(query.adjustment.find(',', at), query.adjustment.size());
    const auto one = query.adjustment.substr(at, end - at);
    if (!among(adjustments, one))
      return Error{ErrorKind::invalid, "adjustment",
                   "adjustment " + query.adjustment + " is none of " + listed(adjustments) + ", nor a list of them"};
    at = end + 1;
  }
  if (query.page_size < 1 || query.page_size > page_size_max)
    return Error{ErrorKind::invalid, "page_size", "pages have 1 to 10000 bars"};
  if (query.from > query.to)
    return Error{ErrorKind::invalid, "from", to_iso_date(query.from) + " is after " + to_iso_date(query.to)};
  return Ok{};
}

Result<BarHistory> fetch_bar_history(const BarHistoryQuery& query, const BarHistoryPorts& ports,
                                     const std::function<void(const BarHistoryProgress&)>& progress) {
  if (auto status = check_bar_history_query(query); !status)
    return status.error();
  return Fetch{query, ports, progress}.run();
}

}  // namespace heed
