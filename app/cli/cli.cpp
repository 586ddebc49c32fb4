#include "app/cli/cli.hpp"

#include "app/cli/parser.hpp"

#include <exception>
#include <ostream>

namespace heed::cli {

int run(const std::vector<std::string>& args, const Surroundings& surroundings) {
  try {
    Parser parser;
    if (const auto code = parser.parse(args, surroundings))
      return *code;
    return parser.run(surroundings);
  } catch (const std::exception& e) {
    *surroundings.err << "heed: this is a fault of the program: " << e.what() << '\n';
    return static_cast<int>(Exit::internal);
  }
}

}  // namespace heed::cli
