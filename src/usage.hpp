// What is wrong with a command line, and what was probably meant.
#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace freshet {

/// A sentence about what CLI11 has refused, with where to read more.
std::string usage_mistake(const CLI::ParseError& refused, const CLI::App& app);

}  // namespace freshet
