// From the command line's words to options.
#include "broker/exchange/exchange_server.hpp"

#include <charconv>

namespace heed::exchange {
namespace {

Error bad(const std::string& option, const std::string& what) {
  return {ErrorKind::invalid, "exchange_option", option + ": " + what};
}

}  // namespace

Result<ExchangeOptions> exchange_options(const ExchangeArguments& arguments) {
  ExchangeOptions out;
  if (arguments.bars.empty() == arguments.synthetic.empty())
    return bad("--bars, --synthetic", "give exactly one of them");
  out.bars_directory = arguments.bars;
  if (!arguments.synthetic.empty()) {
    std::uint64_t seed = 0;
    const char* end = arguments.synthetic.data() + arguments.synthetic.size();
    const auto [stop, failed] = std::from_chars(arguments.synthetic.data(), end, seed);
    if (failed != std::errc{} || stop != end)
      return bad("--synthetic", "must be a whole number, the seed of the prices");
    out.synthetic_seed = seed;
    out.seed = seed;
  }
  if (arguments.speed == "step") {
    out.speed.reset();
  } else {
    out.speed = Decimal::parse(arguments.speed);
    if (!out.speed || !out.speed->is_positive() || *out.speed > Decimal{1'000'000})
      return bad("--speed", "must be \"step\" or a decimal between 0 and 1000000, simulated seconds per second");
  }
  if (!arguments.start.empty()) {
    out.start = parse_rfc3339(arguments.start);
    if (const auto date = out.start ? std::nullopt : parse_iso_date(arguments.start))
      out.start = core::to_instant(*date, Duration{0});
    if (!out.start)
      return bad("--start", "must be an RFC 3339 instant or a date");
  }
  const auto cash = Decimal::parse(arguments.cash);
  if (!cash || !cash->is_positive() || *cash > Decimal{1'000'000'000})
    return bad("--cash", "must be a positive decimal, at most 1000000000");
  out.accounts[0] = {arguments.key, arguments.secret, {}};
  out.accounts[0].options.cash = *cash;
  if (arguments.key.empty() || arguments.secret.empty())
    return bad("--key, --secret", "must not be empty");
  out.listen = arguments.listen;
  out.symbols = arguments.symbols;
  out.faults_file = arguments.faults;
  out.ledger_file = arguments.ledger;
  out.state_file = arguments.state;
  return out;
}

}  // namespace heed::exchange
