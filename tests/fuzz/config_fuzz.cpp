// A configuration file: any text gives a configuration or errors with their places; one that is accepted is shown as
// text that is accepted, and means the same.
#include "config/load.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace heed;
using heed::fuzz::must;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  config::ParseOptions options;
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    return name.size() % 2 == 0 ? std::optional{"secret-of-" + name} : std::nullopt;
  };
  const auto read = config::parse(fuzz::text_of(data, size), "fuzz.toml", options);
  must(read.config.has_value() == read.errors.empty(), "a configuration exactly when there is no error");
  for (const auto& problem : read.errors)
    must(!problem.str().empty(), "an error has words");
  if (!read.config)
    return 0;
  const auto shown = config::show(*read.config);
  const auto again = config::parse(shown, "shown.toml", options);
  if (shown.find("***") == std::string::npos)
    must(again.config && config::show(*again.config) == shown, "what is shown is the same configuration");
  return 0;
}
