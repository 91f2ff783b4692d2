// What a state machine says is to be done, in words: the names of the flags that are set, in their order.
#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>

namespace freshet::test {

template <class Actions>
struct flag_name {
    const char* name;
    bool Actions::*flag;
};

template <class Actions, std::size_t N>
std::string in_words(const Actions& a, const std::array<flag_name<Actions>, N>& names) {
    static_assert(sizeof(Actions) == N * sizeof(bool), "each flag has a name");
    std::string words;
    for (const auto& [name, flag] : names) {
        if (a.*flag) words += (words.empty() ? "" : " ") + std::string(name);
    }
    return words;
}

/// An enumerator's place in tables; those of an enumeration count from 0.
template <class Enum>
constexpr std::size_t place_of(Enum e) {
    return static_cast<std::size_t>(e);
}
/// How many there are, of which this is the last.
template <class Enum>
constexpr std::size_t count_to(Enum last) {
    return place_of(last) + 1;
}

}  // namespace freshet::test
