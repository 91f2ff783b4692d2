// ${NAME} in texts of a file: filled in from the environment before an option is checked.
#pragma once

#include <freshet/config.hpp>

#include "base/conceal.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::reading {

struct expansion {
    std::string text{};
    std::string mistake{};          ///< empty: the text can be used
    std::vector<secret> secrets{};  ///< what was filled in, in each form in which it may be met
};

/// ${NAME} becomes the variable's value, percent-encoded behind the "://" of a URL, so that a password may hold any
/// character; $${ becomes ${. A variable that is not set is a mistake. The mistake never holds a value.
expansion expand_environment(std::string_view text);
/// All but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);
/// The name of a variable that a program of a flow may see; else a sentence.
std::string wrong_variable(std::string_view name);

/// What the environment has filled into a file: sentences show texts as they stand there.
class filled_texts {
public:
    /// `text` stands in the file as `written`, which is another.
    void add(std::string text, std::string written, std::vector<secret> secrets);
    bool has(std::string_view text) const { return written_.contains(text); }
    /// In quotes, as the file has it.
    std::string in_quotes(std::string_view text) const;
    /// A sentence about `text`, which may show part of it: another one where that is not to be seen.
    std::string sentence(std::string_view text, std::string about_it) const;
    /// The longest first.
    std::vector<secret> secrets() const;

private:
    std::map<std::string, std::string, std::less<>> written_;
    std::vector<secret> secrets_;
};

}  // namespace freshet::reading
