#include "admin/tool.hpp"

#include "admin/control.hpp"
#include "base/unix_socket.hpp"
#include "base/whole_number.hpp"
#include "config/journals.hpp"
#include "queue/journal/journal.hpp"
#include "shard/shard.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace freshet {

namespace {

command_answer no_answer() { return {false, "the server went away before it had answered, maybe_done; ask again\n"}; }

/// Nothing: no server answers in this folder.
std::optional<command_answer> ask_server(const std::string& path, const std::string& command) {
    const owned_descriptor server = connect_to_unix(path);
    const int fd = server.get();
    if (fd < 0) return std::nullopt;

    const std::string line = command + "\n";
    for (std::size_t sent = 0; sent < line.size();) {
        const auto n = ::send(fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
        if (n <= 0) return no_answer();
        sent += static_cast<std::size_t>(n);
    }
    std::string answer;
    char part[65'536];
    for (ssize_t n = 0; (n = ::read(fd, part, sizeof part)) > 0;) answer.append(part, static_cast<std::size_t>(n));

    const std::size_t head = answer.find('\n');
    const std::size_t blank = answer.find(' ');
    if (head == std::string::npos || blank > head) return no_answer();
    const auto size = whole_number<std::size_t>(std::string_view(answer).substr(blank + 1, head - blank - 1));
    if (size != answer.size() - head - 1) return no_answer();
    return command_answer{answer.starts_with("done "), answer.substr(head + 1)};
}

/// The journals of the configuration that exist, and the usual one.
std::vector<used_journal> existing_journals(const config& c) {
    std::vector<used_journal> all = journals_of(c);
    const used_journal usual{journal_file("journal:", c.state_folder), c.made_queues.allow_tmpfs};
    const auto is_usual = [identity = file_identity(usual.path)](const used_journal& j) {
        return file_identity(j.path) == identity;
    };
    if (std::none_of(all.begin(), all.end(), is_usual)) all.push_back(usual);
    std::erase_if(all, [](const used_journal& j) {
        std::error_code ec;
        return !std::filesystem::exists(j.path, ec) && !std::filesystem::exists(j.path + "-wal", ec);
    });
    return all;
}

/// Nothing: there is none.
std::optional<command_answer> ask_journals(const config& c, const answerer& answer) {
    shard tool("tool");
    std::vector<std::unique_ptr<journal>> open;
    std::vector<journal*> journals;
    for (const used_journal& j : existing_journals(c)) {
        auto opened = open_journal({.path = j.path, .allow_tmpfs = j.allow_tmpfs});
        if (!opened) return command_answer{false, opened.error().text + "\n"};
        journals.push_back(open.emplace_back(*std::move(opened)).get());
    }
    if (journals.empty()) return std::nullopt;
    tool.start();
    std::promise<command_answer> told;
    tool.run([&] { answer(tool, journals, [&told](command_answer a) { told.set_value(std::move(a)); }); });
    command_answer got = told.get_future().get();
    for (const auto& j : open) j->stop();
    tool.stop();
    return got;
}

}  // namespace

int ask(const config& c, const std::string& line, const answerer& answer, const command_answer& without_journal,
        std::span<const secret> secrets) {
    auto got = ask_server(control_path(c.state_folder), line);
    if (!got) got = ask_journals(c, answer);
    return say(got.value_or(without_journal), secrets);
}

int say(const command_answer& a, std::span<const secret> secrets) {
    const std::string text = a.done ? a.text : "freshet: " + conceal(a.text, secrets);
    std::FILE* const to = a.done ? stdout : stderr;
    std::fwrite(text.data(), 1, text.size(), to);
    return a.done && std::fflush(to) == 0 ? 0 : 1;
}

}  // namespace freshet
