#include "app/cli/parser.hpp"

#include "api/problem.hpp"

#include <algorithm>
#include <optional>
#include <sstream>

namespace heed::cli {
namespace {

constexpr std::string_view intro = "Turns calls into orders, each exactly once, and keeps what they open protected.";
constexpr std::string_view root_examples =
  "  heed config default > heed.toml     a commented configuration to begin with\n"
  "  heed run --config heed.toml         the daemon\n"
  "  heed status                         is it well?\n"
  "  heed signals --symbol NVDA          what became of the calls on NVDA\n"
  "  heed explain s-abc...               the whole story of one\n"
  "  heed kill stop-opening              no new risk, at once\n";

/// Names that could have been meant.
std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(sub->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent())
    for (const auto* option : at->get_options())
      for (const auto& name : option->get_lnames())
        names.push_back("--" + name);
  return names;
}

/// "--quantity: 1 required N missing" is CLI11's way to say it.
std::string in_words(const CLI::ParseError& error) {
  std::string said = error.what();
  const auto colon = said.find(':');
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) == nullptr || colon == std::string::npos ||
      !said.ends_with(" missing"))
    return said;
  const auto type = said.substr(0, said.size() - std::string{" missing"}.size());
  return said.substr(0, colon) + " needs a value: " + type.substr(type.rfind(' ') + 1);
}

}  // namespace

/// Help with the examples before the list of options.
class Parser::Help : public CLI::Formatter {
public:
  explicit Help(std::shared_ptr<std::map<const CLI::App*, std::string>> examples) : examples_{std::move(examples)} {
    column_width(34);
  }

  std::string make_description(const CLI::App* app) const override {
    std::string out = app->get_description() + "\n";
    const auto found = examples_->find(app);
    if (found != examples_->end() && !found->second.empty())
      out += "\nExamples:\n" + found->second;
    return out + "\n";
  }

private:
  std::shared_ptr<std::map<const CLI::App*, std::string>> examples_;
};

Parser::Parser()
    : root_{std::make_unique<CLI::App>(std::string{intro}, "heed")},
      examples_{std::make_shared<std::map<const CLI::App*, std::string>>()} {
  (*examples_)[root_.get()] = root_examples;
  root_->formatter(std::make_shared<Help>(examples_));
  root_->fallthrough();
  root_->allow_extras();  // looked at afterwards, so that a typo gets a suggestion
  root_->require_subcommand(0, 1);
  root_->set_help_flag("-h,--help", "Print this help");
  root_->set_version_flag("--version", std::string{"heed "} + HEED_VERSION, "Print the version");
  root_->add_option("--config", globals.config, "Configuration; also tells where its daemon listens")
    ->type_name("FILE");
  root_->add_option("--url", globals.url, "The daemon [$HEED_URL, else its socket, else http://127.0.0.1:8420]")
    ->type_name("URL");
  root_->add_option("--token", globals.token, "The API's token [$HEED_TOKEN]")->type_name("T");
  root_->add_flag("--json", globals.json, "Answers as JSON, for programs");
  root_->add_flag("--no-color", globals.no_color, "No colour, as with $NO_COLOR");
  root_->add_flag("-v,--verbose", globals.verbose, "Say more");
  add_daemon_commands(*this);
  add_list_commands(*this);
  add_control_commands(*this);
  add_local_commands(*this);
  add_backtest_commands(*this);
  add_simulate_command(*this);
}

CLI::App& Parser::command(CLI::App& parent, const std::string& name, const std::string& line,
                          const std::string& examples, Action action) {
  auto* app = parent.add_subcommand(name, line);
  app->set_help_flag("-h,--help", "Print this help");
  (*examples_)[app] = examples;
  if (action)
    actions_[app] = std::move(action);
  return *app;
}

std::optional<int> Parser::parse(std::vector<std::string> args, const Surroundings& surroundings) {
  try {
    std::reverse(args.begin(), args.end());
    root_->parse(args);
  } catch (const CLI::CallForHelp&) {
    *surroundings.out << chosen()->help(path_of(chosen()->get_parent()));
    return 0;
  } catch (const CLI::CallForVersion& version) {
    *surroundings.out << version.what() << '\n';
    return 0;
  } catch (const CLI::ParseError& error) {
    // What was not understood at all is the likelier cause of whatever else is missing.
    if (auto code = check_leftovers(surroundings))
      return code;
    return usage_error(surroundings, in_words(error), "see: " + path_of(chosen()) + " --help");
  }
  if (auto code = check_leftovers(surroundings))
    return code;
  if (actions_.contains(chosen()))
    return std::nullopt;
  *surroundings.err << chosen()->help(path_of(chosen()->get_parent()));
  return static_cast<int>(Exit::usage);
}

int Parser::run(const Surroundings& surroundings) {
  Session session{surroundings, globals};
  return actions_.at(chosen())(session);
}

CLI::App* Parser::chosen() const {
  CLI::App* at = root_.get();
  while (!at->get_subcommands().empty())
    at = at->get_subcommands().front();
  return at;
}

std::optional<int> Parser::check_leftovers(const Surroundings& surroundings) {
  const auto left = root_->remaining(true);
  if (left.empty())
    return std::nullopt;
  const auto& word = left.front();
  const CLI::App& at = *chosen();
  const bool option = word.size() > 1 && word.front() == '-';
  const auto subcommands = command_names(at);
  const auto name = option ? word.substr(0, word.find('=')) : word;
  const auto nearest = nearest_name(name, option ? option_names(at) : subcommands);
  std::string what;
  if (option && nearest == name)
    return usage_error(surroundings, "option " + name + " stands before its command",
                       "like: " + path_of(&at) + " " + name + " ...");
  if (option)
    what = "unknown option " + name;
  else if (subcommands.empty())
    what = "\"" + word + "\" is one argument too many for " + path_of(&at);
  else
    what = "unknown command \"" + word + "\"";
  if (!nearest.empty())
    what += "; did you mean \"" + nearest + "\"?";
  return usage_error(surroundings, what, "see: " + path_of(&at) + " --help");
}

int Parser::usage_error(const Surroundings& surroundings, const std::string& what, const std::string& next) const {
  Globals plain;
  plain.no_color = globals.no_color;
  return Session{surroundings, plain}.fail(Exit::usage, what, {}, next);
}

std::string Parser::path_of(const CLI::App* app) const {
  if (app == nullptr)
    return {};
  const auto before = path_of(app->get_parent());
  return before.empty() ? app->get_name() : before + " " + app->get_name();
}

}  // namespace heed::cli
