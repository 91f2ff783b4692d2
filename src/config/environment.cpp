#include "config/environment.hpp"

#include "base/escape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace freshet::reading {

namespace {

bool is_variable(std::string_view text) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return !text.empty() && letter(text.front()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return letter(c) || digit(c); });
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    std::string to;
    for (const char c : text) {
        if (unreserved.find(c) != std::string_view::npos) to += c;
        else fmt::format_to(std::back_inserter(to), "%{:02X}", static_cast<unsigned char>(c));
    }
    return to;
}

std::string wrong_variable(std::string_view name) {
    if (!is_variable(name)) return fmt::format("{} is no name of an environment variable", in_quotes(name));
    if (name.starts_with("FRESHET_"))
        return fmt::format("{} is not for you to name: those that begin so tell the program of its task",
                           in_quotes(name));
    return {};
}

expansion expand_environment(std::string_view text) {
    constexpr std::string_view hint = "; $${ stands for ${ itself";
    expansion to;
    for (std::size_t at = 0; at < text.size();) {
        const std::string_view rest = text.substr(at);
        if (rest.starts_with("$${")) {
            to.text += "${";
            at += 3;
        } else if (rest.starts_with("${")) {
            const std::size_t end = rest.find('}');
            if (end == std::string_view::npos) {
                to.mistake = fmt::format("'${{' without '}}'{}", hint);
                return to;
            }
            const std::string name(rest.substr(2, end - 2));
            if (!is_variable(name)) {
                to.mistake = fmt::format("{} is no name of an environment variable{}", in_quotes(name), hint);
                return to;
            }
            const char* const found = std::getenv(name.c_str());
            if (found == nullptr) {
                to.mistake = fmt::format("the environment variable {} is not set{}", name, hint);
                return to;
            }
            to.text += to.text.find("://") == std::string::npos ? found : percent_encoded(found);
            for (std::string form : {std::string(found), percent_encoded(found), escaped(found)})
                to.secrets.push_back({std::move(form), fmt::format("${{{}}}", name)});
            at += end + 1;
        } else {
            to.text += text[at++];
        }
    }
    return to;
}

void filled_texts::add(std::string text, std::string written, std::vector<secret> secrets) {
    written_.emplace(std::move(text), std::move(written));
    for (secret& s : secrets) secrets_.push_back(std::move(s));
}

std::string filled_texts::in_quotes(std::string_view text) const {
    const auto found = written_.find(text);
    return freshet::in_quotes(found == written_.end() ? text : found->second);
}

std::string filled_texts::sentence(std::string_view text, std::string about_it) const {
    if (about_it.empty() || !has(text)) return about_it;
    return fmt::format("{} cannot be used, once its variables are filled in", in_quotes(text));
}

std::vector<secret> filled_texts::secrets() const {
    std::vector<secret> all = secrets_;
    std::stable_sort(all.begin(), all.end(),
                     [](const secret& a, const secret& b) { return a.text.size() > b.text.size(); });
    return all;
}

}  // namespace freshet::reading
