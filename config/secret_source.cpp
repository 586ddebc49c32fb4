#include "config/secret_source.hpp"

#include "config/file.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace heed::config {
namespace {

constexpr std::size_t secret_bytes_max = 4096;
constexpr std::string_view file_prefix = "file:";

Error refused(std::string detail) {
  return {.kind = ErrorKind::invalid, .code = "CONFIG_SECRET", .detail = std::move(detail)};
}

bool is_variable_name(std::string_view name) {
  const auto allowed = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<std::string> variable(const std::string& name, const ParseOptions& options) {
  if (!is_variable_name(name))
    return refused("${...} must hold the name of an environment variable: letters, digits and _");
  std::optional<std::string> value;
  if (options.environment)
    value = options.environment(name);
  else if (const char* text = std::getenv(name.c_str()))
    value = text;
  if (!value)
    return refused("the environment variable " + name + " is not set; export it before the start, or use file:PATH");
  if (value->empty())
    return refused("the environment variable " + name + " is empty");
  return *value;
}

Result<std::string> expand(const std::string& path, const ParseOptions& options) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t open = path.find("${", at);
    out += path.substr(at, open - at);
    if (open == std::string::npos)
      return out;
    const std::size_t close = path.find('}', open);
    if (close == std::string::npos)
      return refused("${ without a closing }");
    auto value = variable(path.substr(open + 2, close - open - 2), options);
    if (!value)
      return value.error();
    out += value.value();
    at = close + 1;
  }
}

/// What a key can be: one line, nothing that a header could not carry.
std::optional<Error> unusable(const std::string& text, const std::string& where) {
  if (text.empty())
    return refused(where + " is empty");
  if (text.size() > secret_bytes_max)
    return refused(where + " is longer than " + std::to_string(secret_bytes_max) + " bytes");
  const bool printable =
    std::all_of(text.begin(), text.end(), [](unsigned char c) { return c >= 0x20 && c != 0x7F; });
  if (!printable)
    return refused(where + " holds a line break or another control character; it must be one line");
  return std::nullopt;
}

Result<Secret> from_file(const std::string& written, const ParseOptions& options) {
  const auto path = expand(written.substr(file_prefix.size()), options);
  if (!path)
    return path.error();
  auto file = read_file(path.value(), secret_bytes_max + 2);
  if (!file)
    return refused(file.error().detail + "; write the secret into it, or correct the path");
  if (file.value().world_readable)
    return refused("secret file " + path.value() + " can be read by everybody on this machine; chmod 600 " +
                   path.value());
  std::string text = file.value().text;
  if (text.ends_with('\n'))
    text.pop_back();
  if (text.ends_with('\r'))
    text.pop_back();
  if (const auto error = unusable(text, "secret file " + path.value()))
    return *error;
  return Secret{text, written};
}

}  // namespace

Result<Secret> resolve_secret(const std::string& written, bool harmless, const ParseOptions& options) {
  if (written.empty())
    return Secret{};
  if (written == Secret::mask)
    return refused("this is the mask that stands for a secret in `heed config show`; put the reference here again");
  if (written.starts_with(file_prefix))
    return from_file(written, options);
  if (written.starts_with("${") && written.find('}') == written.size() - 1) {
    const std::string name = written.substr(2, written.size() - 3);
    const auto value = variable(name, options);
    if (!value)
      return value.error();
    if (const auto error = unusable(value.value(), "the environment variable " + name))
      return *error;
    return Secret{value.value(), written};
  }
  if (written.find("${") != std::string::npos)
    return refused("${NAME} must stand alone; put the whole text into the variable");
  if (options.world_readable && !harmless)
    return refused(
      "a secret in a file that everybody on this machine can read; write ${NAME} or file:PATH, or chmod "
      "o-r the file");
  if (const auto error = unusable(written, "the secret"))
    return *error;
  return Secret{written};
}

}  // namespace heed::config
