// `heed inspect`: asks the inspector of a running daemon, over CAF's network layer.

#include "app/cli/hooks.hpp"
#include "messages/interfaces.hpp"
#include "messages/registration.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <csignal>
#include <iostream>
#include <thread>

namespace heed::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void print_value(const nlohmann::ordered_json& value, int depth) {
  const std::string indent(static_cast<std::size_t>(depth) * 2, ' ');
  for (const auto& [key, item] : value.items()) {
    if (item.is_object() && !item.empty()) {
      std::cout << indent << key << "\n";
      print_value(item, depth + 1);
    } else if (item.is_array() && !item.empty() && item.front().is_object()) {
      std::cout << indent << key << "\n";
      for (const auto& element : item) {
        std::cout << indent << "  -\n";
        print_value(element, depth + 2);
      }
    } else {
      std::cout << indent << key << ": " << (item.is_string() ? item.get<std::string>() : item.dump()) << "\n";
    }
  }
}

/// The tree as lines: one actor each, its state behind it.
void print_tree(const nlohmann::ordered_json& tree) {
  for (const auto& [name, state] : tree.at("actors").items())
    std::cout << name << "  " << state.dump() << "\n";
}

std::optional<std::string> ask(caf::scoped_actor& self, const InspectorActor& inspector, const std::string& actor) {
  std::optional<std::string> answer;
  self->request(inspector, std::chrono::seconds{5}, InspectQuery{actor})
    .receive(
      [&](std::string& text) { answer = std::move(text); },
      [&](const caf::error& error) { std::cerr << "heed inspect: no answer: " << caf::to_string(error) << "\n"; });
  return answer;
}

Exit show(const InspectOptions& options, const std::string& answer) {
  const auto document = nlohmann::ordered_json::parse(answer, nullptr, false);
  if (document.is_discarded()) {
    std::cerr << "heed inspect: the daemon's answer is no JSON\n";
    return Exit::internal;
  }
  if (options.json)
    std::cout << answer << "\n";
  else if (document.contains("error"))
    std::cerr << "heed inspect: " << document["error"].get<std::string>() << "\n  known: " << document["known"].dump()
              << "\n";
  else if (document.contains("actors"))
    print_tree(document);
  else
    print_value(document, 0);
  std::cout.flush();
  return document.contains("error") ? Exit::negative : Exit::done;
}

Exit follow(const InspectOptions& options, caf::scoped_actor& self, const InspectorActor& inspector) {
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::string last;
  while (interrupted == 0 && std::cout) {
    const auto answer = ask(self, inspector, options.actor);
    if (!answer)
      return Exit::unreachable;
    if (*answer != last) {
      const auto code = show(options, *answer);
      if (code != Exit::done)
        return code;
      if (!options.json)
        std::cout << "--\n";
      last = *answer;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  }
  return Exit::done;
}

}  // namespace

int run_inspect(const InspectOptions& options) {
  caf::actor_system_config config;
  config.add_message_types<caf::id_block::heed>();
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", 1U);
  config.load<caf::io::middleman>();
  caf::actor_system system{config};
  auto remote = system.middleman().remote_actor<InspectorActor>(options.host, options.port);
  if (!remote) {
    std::cerr << "heed inspect: no daemon answers at " << options.host << ":" << options.port
              << "\n  Is it running? See `heed status`, and [inspect] in its "
              << "configuration.\n";
    return static_cast<int>(Exit::unreachable);
  }
  caf::scoped_actor self{system};
  if (options.what == InspectOptions::What::follow)
    return static_cast<int>(follow(options, self, *remote));
  const auto answer = ask(self, *remote, options.what == InspectOptions::What::show ? options.actor : "");
  return static_cast<int>(answer ? show(options, *answer) : Exit::unreachable);
}

}  // namespace heed::cli
