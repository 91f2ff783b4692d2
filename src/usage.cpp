#include "usage.hpp"

#include "base/escape.hpp"
#include "config/suggest.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace freshet {

namespace {

/// The subcommand that was meant, as far as it is known.
const CLI::App& innermost(const CLI::App& app) {
    const auto meant = app.get_subcommands();
    return meant.empty() ? app : innermost(*meant.back());
}

/// "freshet dead list"
std::string whole_name(const CLI::App& app) {
    const CLI::App* const of = app.get_parent();
    return of == nullptr ? app.get_name() : whole_name(*of) + " " + app.get_name();
}

/// ", did you mean '--listen'?"; empty: nothing is near.
std::string nearest_option(std::string_view word, const CLI::App& app) {
    std::vector<std::string_view> known;
    for (const CLI::Option* const o : app.get_options())
        known.insert(known.end(), o->get_lnames().begin(), o->get_lnames().end());
    word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
    const std::string_view near = reading::nearest(word, known);
    return near.empty() ? "" : fmt::format(", did you mean '--{}'?", near);
}

/// ", did you mean 'list'?", or which there are.
std::string nearest_command(std::string_view word, const CLI::App& app) {
    std::vector<std::string_view> known;
    for (const CLI::App* const sub : app.get_subcommands(nullptr)) known.push_back(sub->get_name());
    return reading::suggestion(word, known);
}

/// CLI11's own does not say what was probably meant.
std::string sentence_of(const CLI::ParseError& e, const CLI::App& app) {
    const bool of_words =
        dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr || dynamic_cast<const CLI::RequiredError*>(&e) != nullptr;
    const CLI::App& meant = innermost(app);
    const std::vector<std::string> unknown = meant.remaining();
    if (!of_words || unknown.empty()) return escaped(e.what());
    const std::string word = unknown.front().substr(0, unknown.front().find('='));
    const auto say_none = [&](std::string_view what, const std::string& near) {
        return fmt::format("{} has no {} {}{}", whole_name(meant), what, in_quotes(word), near);
    };
    if (word.starts_with('-')) return say_none("option", nearest_option(word, meant));
    if (meant.get_subcommands(nullptr).empty()) return escaped(e.what());
    return say_none("command", nearest_command(word, meant));
}

}  // namespace

std::string usage_mistake(const CLI::ParseError& refused, const CLI::App& app) {
    const std::string sentence = sentence_of(refused, app);
    return fmt::format("{}{} {} --help says more", sentence, sentence.ends_with('?') ? "" : ";",
                       whole_name(innermost(app)));
}

}  // namespace freshet
