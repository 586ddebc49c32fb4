// Lives, time and steps of a stage.
#include "sim/crash_stage.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace heed::sim {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr Duration down_time = seconds{1};

/// The feed of a source that nobody speaks through.
class NoFeed final : public MentionFeed {
public:
  Result<FeedPage> read(const std::string&, std::size_t, Instant) override { return FeedPage{}; }
  Result<std::string> newest(Instant) override { return std::string{"0"}; }
};

std::unique_ptr<exchange::ExchangeCore> make_exchange(const Scenario& scenario) {
  exchange::CoreOptions core;
  core.engine.seed = 1;
  core.engine.start = scenario.start;
  core.engine.partial_fill_percent = 0;
  if (scenario.venue)
    scenario.venue(core.engine);
  core.stepped = true;
  std::vector<std::string> symbols;
  for (const auto& [symbol, price] : scenario.prices)
    symbols.push_back(symbol);
  auto made = exchange::ExchangeCore::make(std::move(core), exchange::make_scripted_feed(std::move(symbols)));
  return std::move(made).value();
}

Rules make_rules(const Scenario& scenario) {
  auto rules = Rules::usual();
  rules.limits.trades_per_day_account = 60;
  rules.limits.trades_per_day_strategy = 40;
  rules.limits.dollars_per_day_account = rules.limits.dollars_per_day_strategy = Decimal{200'000};
  if (scenario.rules)
    scenario.rules(rules);
  return rules;
}

/// Without the ids in it, so that the same step is the same text in every run.
std::string target_of(const net::HttpRequest& request) {
  auto path = request.target.substr(0, request.target.find('?'));
  for (const std::string_view place : {"/v2/orders/", "/v2/positions/", "/v2/assets/"})
    if (path.starts_with(place))
      path.resize(place.size());
  return request.method + " " + path;
}

std::string words_of(std::span<Batch* const> batches) {
  std::string words;
  for (const auto* batch : batches)
    for (const auto& event : batch->events)
      words += (words.empty() ? "" : " ") + event.type;
  return words.empty() ? "rows" : words;
}

template <class E>
bool read_name(std::string_view text, E& to) {
  const auto found = enum_from<E>(text);
  if (found)
    to = *found;
  return found.has_value();
}

template <class N>
bool read_number(std::string_view text, N& to) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
  return error == std::errc{} && end == text.data() + text.size();
}

Result<CrashPoint> parse_point(std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const auto dot = std::min(text.find('.', from), text.size());
    parts.push_back(text.substr(from, dot - from));
    from = dot + 1;
  }
  CrashPoint point;
  if (parts.size() < 4 || parts.size() > 5 || !read_number(parts[0], point.life) ||
      !read_name(parts[1], point.kind) || !read_number(parts[2], point.number) ||
      !read_name(parts[3], point.moment) || (parts.size() == 5 && !read_number(parts[4], point.operation)))
    return Error{ErrorKind::invalid, "point",
                 std::string{text} +
                   " is not LIFE.KIND.NUMBER.MOMENT or LIFE.KIND.NUMBER.MOMENT.OPERATION, like "
                   "1.request.3.torn"};
  return point;
}

}  // namespace

std::string CrashPoint::str() const {
  auto text = std::to_string(life) + "." + std::string{to_string(kind)} + "." + std::to_string(number) + "." +
              std::string{to_string(moment)};
  return operation > 0 ? text + "." + std::to_string(operation) : text;
}

Result<std::vector<CrashPoint>> CrashPoint::parse(const std::string& text) {
  std::vector<CrashPoint> points;
  for (std::size_t from = 0; from < text.size();) {
    const auto plus = std::min(text.find('+', from), text.size());
    const auto point = parse_point(std::string_view{text}.substr(from, plus - from));
    if (!point)
      return point.error();
    points.push_back(point.value());
    from = plus + 1;
  }
  return points;
}

// ---- what is counted, and where the process dies ------------------------------------------------------------------

/// Every commit is a step, and so is the upkeep that writes.
class CountedWriter final : public JournalWriter {
public:
  CountedWriter(Stage& stage, std::unique_ptr<JournalWriter> inner) : stage_{stage}, inner_{std::move(inner)} {}

  Status append(std::span<Batch* const> batches) override {
    if (stage_.dying_)
      return Error{ErrorKind::unavailable, "dead", "the process is gone"};
    const auto begun = stage_.begin(StepKind::journal, words_of(batches), true);
    auto& disk = stage_.disk_;
    if (begun.crash && begun.crash->moment == CrashMoment::before)
      stage_.die(false);
    else if (begun.crash && begun.crash->moment == CrashMoment::torn)
      disk.die_at(begun.crash->operation, Disk::Moment::half);
    else if (begun.crash && begun.crash->moment == CrashMoment::power)
      disk.die_at(begun.crash->operation, Disk::Moment::before), stage_.power_ = true;
    const auto first = disk.operations();
    auto status = inner_->append(batches);
    stage_.report_.steps[begun.place].operations = disk.operations() - first;
    if (begun.crash && begun.crash->moment == CrashMoment::after)
      stage_.die(true);
    if (begun.crash && !stage_.dying_)
      stage_.auditor_.violate("step not met", begun.crash->str() + " has fewer disk operations than when counted");
    return status;
  }

private:
  Stage& stage_;
  std::unique_ptr<JournalWriter> inner_;
};

class CountedHttp final : public net::HttpClient {
public:
  CountedHttp(Stage& stage, std::shared_ptr<net::HttpClient> inner) : stage_{stage}, inner_{std::move(inner)} {}

  void send(net::HttpRequest request, milliseconds deadline, Done done) override {
    if (stage_.dying_)
      return;
    const auto begun = stage_.begin(StepKind::request, target_of(request), request.method != "GET");
    const auto moment = begun.crash ? std::optional{begun.crash->moment} : std::nullopt;
    if (moment == CrashMoment::before)
      return stage_.die(false);
    if (moment == CrashMoment::late || moment == CrashMoment::very_late) {
      stage_.deliver_late(request, down_time + (moment == CrashMoment::late ? milliseconds{1'500} : seconds{25}));
      return stage_.die(false);
    }
    auto heard = [&stage = stage_, life = stage_.life_number_, done = std::move(done),
                  dies = moment == CrashMoment::after](Result<net::HttpResponse> result) {
      if (life != stage.life_number_ || stage.dying_)
        return;
      done(std::move(result));
      if (dies)
        stage.die(false);
    };
    if (request.method == "POST" && request.target == "/v2/orders" && !stage_.fates_.empty())
      meet_fate(std::move(request), deadline, heard);
    else
      inner_->send(std::move(request), deadline, std::move(heard));
    if (moment == CrashMoment::torn)
      stage_.die(false);
  }

private:
  void meet_fate(net::HttpRequest request, milliseconds deadline, const Done& heard) {
    const auto fate = stage_.fates_.front();
    stage_.fates_.pop_front();
    stage_.around_.tell("net: the next order is " + std::string{to_string(fate)});
    // The answer that never comes ends with its life: nothing of it may outlive the actors that wait for it.
    auto& agenda = stage_.around_.agenda;
    const auto waits = std::make_shared<Done>(heard);
    stage_.unanswered_.push_back(waits);
    const auto later = [&agenda, weak = std::weak_ptr<Done>{waits}](milliseconds delay,
                                                                    Result<net::HttpResponse> result) {
      agenda.after(delay, [weak, result = std::move(result)] {
        if (const auto done = weak.lock())
          (*done)(result);
      });
    };
    const Error timeout{ErrorKind::unknown, "timeout", "no answer within the deadline"};
    switch (fate) {
      case OrderFate::lost: stage_.host_.listener.sent(request); return later(deadline, timeout);
      case OrderFate::answer_lost:
        later(deadline, timeout);
        return inner_->send(std::move(request), deadline, [](const Result<net::HttpResponse>&) {});
      case OrderFate::too_many:
        stage_.host_.listener.sent(request);
        later(milliseconds{5},
              net::HttpResponse{429, {{"Retry-After", "2"}}, R"({"code":42910000,"message":"too many requests"})"});
        return;
      case OrderFate::empty_body:
        return inner_->send(std::move(request), deadline, [heard](Result<net::HttpResponse> result) {
          if (result)
            result.value().body = "{}";
          heard(std::move(result));
        });
    }
  }

  Stage& stage_;
  std::shared_ptr<net::HttpClient> inner_;
};

class CountedStream final : public net::WebSocketConnector {
public:
  CountedStream(Stage& stage, std::shared_ptr<net::WebSocketConnector> inner)
      : stage_{stage}, inner_{std::move(inner)} {}

  void connect(std::string target, net::Headers headers, net::WebSocketHandlers handlers) override {
    if (target == "/stream")
      handlers.on_message = [&stage = stage_, inner = std::move(handlers.on_message)](std::string_view payload,
                                                                                      bool binary) {
        if (stage.dying_ || stage.silent_)
          return;
        if (stage.begin(StepKind::stream, "message", true).crash)
          return stage.die(false);
        inner(payload, binary);
      };
    inner_->connect(std::move(target), std::move(headers), std::move(handlers));
  }

private:
  Stage& stage_;
  std::shared_ptr<net::WebSocketConnector> inner_;
};

Stage::Stage(const Scenario& scenario, std::vector<CrashPoint> plan, const std::string& folder, bool echo)
    : scenario_{scenario},
      plan_{std::move(plan)},
      around_{1, Profile{}, scenario.start},
      rules_{make_rules(scenario)},
      disk_{1},
      host_{around_, make_exchange(scenario)},
      auditor_{around_, rules_, host_},
      wall_{std::make_shared<WallClock>(around_.agenda)},
      folder_{folder},
      turns_chance_{1, "turns"},
      prices_{scenario.prices} {
  // Nothing goes wrong by chance: what goes wrong is in the script and in the plan.
  around_.healed = true;
  if (echo)
    around_.trace.echo(stderr);
  host_.core().set_listening(true, false);
  host_.listener.sent = [this](const net::HttpRequest& request) { auditor_.request_sent(request); };
  host_.listener.served = [this](const net::HttpRequest& request, const net::HttpResponse& response) {
    auditor_.request_served(request, response);
  };
  host_.listener.happened = [this] { auditor_.look(); };
  auditor_.daemon_runs = [this] { return life_ != nullptr; };
  disk_.died = [this] { dying_ = true; };
}

Stage::~Stage() {
  disk_.process_gone();
  unanswered_.clear();
  life_.reset();
}

const CrashPoint* Stage::planned(StepKind kind, std::int64_t number) const {
  for (const auto& point : plan_)
    if (point.life == life_number_ && point.kind == kind && point.number == number)
      return &point;
  return nullptr;
}

Stage::Begun Stage::begin(StepKind kind, std::string what, bool changes) {
  Begun begun;
  begun.place = report_.steps.size();
  const auto number = ++counts_[kind];
  report_.steps.push_back({life_number_, kind, number, 0, changes, !recovered_, std::move(what)});
  if (const auto* point = planned(kind, number)) {
    around_.tell("here the process dies: " + point->str());
    begun.crash = *point;
    ++reached_;
  }
  return begun;
}

/// Opening and closing the store: each operation on the disk is a step.
void Stage::note_operations(StepKind kind, std::int64_t first) {
  for (auto number = counts_[kind]; number < disk_.operations() - first;)
    report_.steps.push_back({life_number_, kind, ++number, 1, true, true, "disk"});
  counts_[kind] = disk_.operations() - first;
}

/// Nothing that the process does from here on has an effect; it is taken away when its turn is over.
void Stage::die(bool power) {
  dying_ = true;
  power_ = power;
  disk_.die_at(1, Disk::Moment::before);
}

void Stage::deliver_late(const net::HttpRequest& request, Duration delay) {
  host_.listener.sent(request);
  around_.agenda.after(delay, [this, request] {
    around_.tell("net: arrives late: " + target_of(request));
    host_.serve(request);
  });
}

// ---- lives --------------------------------------------------------------------------------------------------------

void Stage::start_life() {
  if (life_ || !wanted_)
    return;
  LifeArgs args;
  args.around = &around_;
  args.host = &host_;
  args.link = &link_;
  args.rules = &rules_;
  if (scenario_.tunables)
    scenario_.tunables(args.tunables);
  args.database = folder_ + "/heed.db";
  args.clock = wall_;
  args.tape = [] { return std::make_unique<NoFeed>(); };
  args.on_commit = [this](std::span<const Batch> batches) {
    for (const auto& batch : batches)
      for (const auto& row : batch.rows)
        if (const auto* order = std::get_if<OrderRow>(&row))
          auditor_.row_written(*order);
    for (const auto& batch : batches)
      for (const auto& event : batch.events)
        around_.tell("journal: " + event.type + " " + event.symbol.str() + " " + event.order.str() + " " +
                     event.payload.substr(0, 300));
  };
  const auto first = disk_.operations();
  args.wrap_writer = [this, first](std::unique_ptr<JournalWriter> inner) {
    note_operations(StepKind::open, first);
    return std::make_unique<CountedWriter>(*this, std::move(inner));
  };
  args.wrap_http = [this](std::shared_ptr<net::HttpClient> inner) {
    return std::make_shared<CountedHttp>(*this, std::move(inner));
  };
  args.wrap_stream = [this](std::shared_ptr<net::WebSocketConnector> inner) {
    return std::make_shared<CountedStream>(*this, std::move(inner));
  };
  ++life_number_;
  ++report_.lives;
  counts_.clear();
  recovered_ = false;
  for (const auto& point : plan_)
    if (point.life == life_number_ && point.kind == StepKind::open) {
      disk_.die_at(point.number, point.moment == CrashMoment::before ? Disk::Moment::before
                                 : point.moment == CrashMoment::torn ? Disk::Moment::half
                                                                     : Disk::Moment::after);
      ++reached_;
    }
  around_.tell("life " + std::to_string(life_number_) + " starts");
  auto started = Life::start(std::move(args));
  if (started)
    life_ = std::move(started.value());
  if (dying_)
    return go_down();
  if (!started)
    return auditor_.violate("does not start", started.error().code + " " + started.error().detail);
  disk_.never_die();
  life_->follow(around_.now());
  auditor_.after_start(life_->reader());
}

void Stage::end_life(bool power) {
  dying_ = power_ = draining_ = false;
  if (power)
    disk_.power_gone();
  else
    disk_.process_gone();
  unanswered_.clear();
  life_.reset();
}

/// The store is closed in order, unless the process dies at it.
void Stage::exit_life() {
  const auto first = disk_.operations();
  for (const auto& point : plan_)
    if (point.life == life_number_ && point.kind == StepKind::close) {
      disk_.die_at(point.number, point.moment == CrashMoment::before ? Disk::Moment::before
                                 : point.moment == CrashMoment::torn ? Disk::Moment::half
                                                                     : Disk::Moment::after);
      ++reached_;
    }
  unanswered_.clear();
  life_.reset();
  note_operations(StepKind::close, first);
  around_.tell("life " + std::to_string(life_number_) + " exits");
  end_life(false);
}

void Stage::go_down() {
  around_.tell("life " + std::to_string(life_number_) + (power_ ? " ends, the power goes" : " is killed"));
  end_life(power_);
  around_.agenda.after(down_time, [this] { start_life(); });
}

void Stage::stop_daemon() {
  wanted_ = false;
  if (!life_ || draining_)
    return;
  draining_ = true;
  life_->drain();
  const auto until = around_.now() + seconds{30};
  const auto look = [this, until](auto again, int life) -> void {
    if (life != life_number_ || !life_ || !draining_)
      return;
    if ((life_->settled() && !life_->has_turn()) || around_.now() >= until)
      return exit_life();
    around_.agenda.after(milliseconds{50}, [again, life] { again(again, life); });
  };
  around_.agenda.after(milliseconds{10}, [look, life = life_number_] { look(look, life); });
}

void Stage::kill_daemon() {
  wanted_ = false;
  if (life_)
    end_life(false);
}

void Stage::start_daemon() {
  wanted_ = true;
  start_life();
}

void Stage::lose_journal() {
  if (life_)
    end_life(false);
  disk_.replaced();
  auditor_.journal_lost();
  around_.agenda.after(down_time, [this] { start_life(); });
}

// ---- time ---------------------------------------------------------------------------------------------------------

void Stage::pass_to(Instant at) {
  if (at <= around_.now())
    return;
  const auto& engine = host_.engine();
  auditor_.pass(at - around_.now(), life_ != nullptr && !draining_ && engine.market_open());
  around_.agenda.move_to(at);
  if (life_)
    life_->follow(at);
}

/// After a turn or a task: the process may be gone, or be well again.
void Stage::settle_after() {
  if (dying_)
    return go_down();
  if (!life_)
    return;
  if (!life_->fatal().empty())
    return auditor_.violate("the process ended by itself", life_->fatal());
  if (!recovered_ && life_->ready() && life_->settled() && !life_->has_turn())
    recovered_ = true;
}

void Stage::run_until(Instant until) {
  while (!stopped()) {
    if (life_ && life_->has_turn()) {
      life_->take_turn(turns_chance_);
      ++turns_;
      settle_after();
      continue;
    }
    const auto task = around_.agenda.next();
    const auto timer = life_ ? life_->next_timer() : std::nullopt;
    const auto at = std::min(task.value_or(Instant::max()), timer.value_or(Instant::max()));
    if (at > until)
      break;
    pass_to(at);
    if (timer && *timer <= at && (!task || *timer <= *task))
      life_->fire_timer();
    else
      around_.agenda.run_next();
    settle_after();
  }
  if (!stopped())
    pass_to(until);
  if (turns_ > turns_max)
    auditor_.violate("no end", "more than " + std::to_string(turns_max) + " messages");
}

StageReport Stage::play() {
  host_.change([this](exchange::Engine& engine) {
    for (const auto& [symbol, price] : prices_)
      engine.set_price(symbol, Decimal::parse(price).value(), false);
  });
  keep_quoting();
  start_life();
  for (const auto& act : scenario_.acts)
    around_.agenda.at(scenario_.start + act.at, [this, &act] {
      around_.tell("script: " + act.words);
      act.what(*this);
    });
  run_until(scenario_.start + scenario_.length);
  if (!stopped() && !life_)
    auditor_.violate("does not start", "no process at the end");
  if (!stopped())
    auditor_.at_end(life_->reader());
  if (!stopped())
    report_.facts = gather_facts();
  report_.all_reached = reached_ == plan_.size();
  // One more start changes nothing, and trades nothing. Its steps are not the scenario's. Whoever died twice has
  // shown as much.
  const auto steps = report_.steps.size();
  if (!stopped() && plan_.size() < 2) {
    end_life(false);
    start_life();
    run_until(around_.now() + seconds{90});
    if (!stopped() && gather_facts() != report_.facts)
      auditor_.violate("recovery changes something", "other facts after one more start");
  }
  report_.steps.resize(steps);
  report_.violation = auditor_.violation();
  const auto& newest = around_.trace.newest();
  report_.newest.assign(newest.begin(), newest.end());
  return std::move(report_);
}

}  // namespace heed::sim
