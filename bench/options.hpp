// The command line of a load generator: "--name value" or "--name" alone, each asked for once.
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

// Says why and ends the program: a generator that cannot go on has no figures to give.
[[noreturn]] inline void fail(const std::string& why) {
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
    std::exit(1);
}

class options {
public:
    options(int argc, char** argv, const char* usage) : words_(argv + 1, argv + argc) {
        if (flag("--help")) {
            std::fputs(usage, stdout);
            std::exit(0);
        }
    }

    bool flag(std::string_view name) {
        const auto word = std::find(words_.begin(), words_.end(), name);
        if (word == words_.end()) return false;
        words_.erase(word);
        return true;
    }

    std::string text(std::string_view name, std::string_view otherwise) {
        const auto word = std::find(words_.begin(), words_.end(), name);
        if (word == words_.end()) return std::string(otherwise);
        if (word + 1 == words_.end()) fail(*word + " needs a value");
        std::string value = *(word + 1);
        words_.erase(word, word + 2);
        return value;
    }

    template <class Number>
    Number number(std::string_view name, Number otherwise) {
        const std::string value = text(name, "");
        if (value.empty()) return otherwise;
        Number result{};
        const char* end = value.data() + value.size();
        const auto parsed = std::from_chars(value.data(), end, result);
        if (parsed.ec != std::errc{} || parsed.ptr != end || result < Number{}) {
            fail(std::string(name) + " " + value + " is not a number from 0 up");
        }
        return result;
    }

    // After the last option: what is left was not understood.
    void finish() const {
        if (!words_.empty()) fail("unknown option " + words_.front() + "; --help lists all");
    }

private:
    std::vector<std::string> words_;
};

}  // namespace bench
