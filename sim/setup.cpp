#include "sim/setup.hpp"

namespace heed::sim {

Rules Rules::usual() {
  Rules rules;
  for (const char* id : {"tube", "slow"}) {
    auto& strategy = rules.strategies[StrategyId{id}];
    strategy.id = id;
    strategy.enable_trading = true;
  }
  rules.followers = {{SourceId{"calls"}, {{rules.account, StrategyId{"tube"}}}},
                     {SourceId{"other"}, {{rules.account, StrategyId{"slow"}}}},
                     {SourceId{"tape"}, {{rules.account, StrategyId{"tube"}}}}};
  rules.alpaca.account = rules.account;
  rules.alpaca.trading_url = rules.alpaca.data_url = "http://127.0.0.1:1";
  rules.alpaca.key = rules.alpaca.secret = "heed";
  return rules;
}

}  // namespace heed::sim
