// The simulated world of one seed: exchange, network, disk, people, and the daemon's lives among them.
#pragma once

#include "sim/auditor.hpp"
#include "sim/disk.hpp"
#include "sim/life.hpp"
#include "sim/network.hpp"
#include "sim/run.hpp"
#include "sim/workload.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace heed::sim {

class World {
public:
  World(const RunOptions& options, const core::MarketCalendar& calendar, Workload work);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  RunReport run();

private:
  enum class End : std::uint8_t { killed, power, exited, fell };

  // world.cpp: the loop, lives
  void run_until(Instant until);
  bool stopped() const { return auditor_.violation().has_value() || turns_ > turns_max_; }
  void pass_to(Instant at);
  bool able() const;
  void after_turn();
  void start_life();
  void end_life(End how);
  void go_down(End how);
  void lose_journal();
  void committed(std::span<const Batch> batches);
  void note_rows(const Batch& batch);
  void note(const OrderRow& order);
  void note(const Decision& decision);

  // world_people.cpp: the workload
  void schedule_ops();
  void perform(std::size_t index, int attempt);
  void send_mention(std::size_t index, int attempt);
  void send_intent(std::size_t index, int attempt);
  void again_later(std::size_t index, int attempt);
  void answered(std::size_t index, int attempt, const SignalId& signal, bool duplicate);
  void refused(std::size_t index, int attempt, const Error& error);
  void order_kill(KillLevel level);
  void lift();
  void drain();
  void watch_drain(std::uint64_t life, Instant until);
  MadeCall& made(const Op& op);

  // world_trouble.cpp: the market, the minute's misfortunes, the healing
  void open_market();
  void move_prices();
  void minute();
  void jump_price();
  void halt();
  void untradable();
  void somebody_trades();
  void somebody_liquidates();
  void venue_cancels(const std::string& order_taken);
  void disk_trouble();
  void clock_trouble();
  void heal();
  Instant liveness_end();
  void start_again_and_compare();

  RunOptions options_;
  const core::MarketCalendar& calendar_;
  Workload work_;
  Surroundings around_;
  Rules rules_;
  Tunables tunables_;
  Disk disk_;
  ExchangeHost host_;
  Network::Link link_;
  Auditor auditor_;
  std::shared_ptr<WallClock> wall_;
  std::shared_ptr<std::vector<FeedItem>> tape_ = std::make_shared<std::vector<FeedItem>>();
  Chance turns_chance_, life_chance_, price_chance_, people_chance_;
  std::vector<std::int64_t> prices_;  // cents, by symbol

  std::unique_ptr<Life> life_;
  std::uint64_t life_number_ = 0;
  bool dying_ = false;        // the disk has taken the process with it
  std::int64_t die_in_ = -1;  // turns; of a crash during recovery
  int start_failures_ = 0;
  bool draining_ = false;
  bool killed_ = false;
  bool tape_followed_ = true;  // from where on is stored; what was recorded before that is nobody's call
  std::map<ClientOrderId, OrderStatus> order_status_;
  std::map<Symbol, Quantity> held_;  // as last committed
  std::int64_t turns_ = 0;
  std::int64_t turns_max_ = 30'000'000;
  RunReport report_;
};

}  // namespace heed::sim
