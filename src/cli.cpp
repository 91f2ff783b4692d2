// The only file that includes CLI11, beside usage.cpp and bench/command.cpp.
#include "cli.hpp"

#include <freshet/config.hpp>

#include "admin/dead.hpp"
#include "admin/drop.hpp"
#include "base/conceal.hpp"
#include "base/escape.hpp"
#include "base/log.hpp"
#include "base/whole_number.hpp"
#include "bench/command.hpp"
#include "config/file.hpp"
#include "config/reference.hpp"
#include "config/suggest.hpp"
#include "config/url/address.hpp"
#include "daemon.hpp"
#include "demo/demo.hpp"
#include "demo/server/pool.hpp"
#include "demo/server/queue.hpp"
#include "obstacles.hpp"
#include "queue/outbox/outbox.hpp"
#include "usage.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

namespace {

constexpr int done = 0, failed = 1, wrong_usage = 2;
constexpr std::string_view no_state_folder = "there is no HOME, so say where the state is kept: --state FOLDER";

struct command_line {
    std::string file{};
    std::string state{};
    std::vector<std::string> listen{};
    std::string log_level{"info"};
    bool accept_loss{false};
    dead_command dead{};
    bool dead_of_all{false};
    drop_command drop{};
    demo_options demo{};
    std::string demo_link{};
};

void say(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

int refuse(std::string_view sentence) {
    say(stderr, fmt::format("freshet: {}\n", conceal(sentence)));
    return wrong_usage;
}

/// What was printed has arrived.
int printed() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? done : failed; }

/// Of a file, or of what was said without one.
void tell(std::string_view file_name, const mistake& m, std::string_view kind, std::span<const secret> secrets) {
    const std::string place = m.line == 0 ? "" : fmt::format("{}:{}:", m.line, m.column);
    const std::string file = file_name.empty() ? "freshet" : escaped(file_name);
    say(stderr, fmt::format("{}:{} {}{}\n", file, place, kind, conceal(m.text, secrets)));
}

/// The configuration of -c and --state; nothing: its mistakes have been told.
std::optional<file_reading> load(const command_line& line) {
    file_reading reading;
    if (line.file.empty()) reading.value = default_config();
    else reading = read_file(line.file);
    for (const mistake& m : reading.mistakes) tell(line.file, m, "", reading.secrets);
    if (!reading.mistakes.empty()) return std::nullopt;
    config& c = reading.value;
    c.state_folder = line.state.empty() ? default_state_folder() : line.state;
    if (!line.listen.empty()) c.server.listen = line.listen;
    return reading;
}

/// What `serve` does before it changes anything, and all that `check` does. `done`: it can be served.
int prepare(const command_line& line, std::optional<file_reading>& to) {
    for (const std::string& address : line.listen) {
        if (const std::string wrong = reading::wrong_listen_address(address); !wrong.empty())
            return refuse("--listen: " + wrong);
    }
    to = load(line);
    if (!to) return failed;
    to->value.accept_loss = line.accept_loss;
    for (const mistake& m : to->warnings) tell(line.file, m, "warning: ", to->secrets);
    if (to->value.state_folder.empty()) return refuse(no_state_folder);
    bool wrong_line = false;
    for (obstacle& o : find_obstacles(to->value)) {
        const auto at = to->place_of(o.section, o.number, o.key);
        const bool of_line = o.key == "listen" && !line.listen.empty();
        if (of_line) tell("", {0, 0, "--listen: " + o.text}, "", to->secrets);
        else to->mistakes.push_back({at.line, at.column, std::move(o.text)});
        wrong_line = wrong_line || of_line;
    }
    to->sort();
    for (const mistake& m : to->mistakes) tell(line.file, m, "", to->secrets);
    return to->mistakes.empty() && !wrong_line ? done : failed;
}

std::string count(std::size_t n, std::string_view what) { return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s"); }

int check(const command_line& line) {
    std::optional<file_reading> read;
    if (const int status = prepare(line, read); status != done) return status;
    const config& c = read->value;
    say(stdout, fmt::format("{} is right: {}, {}, {}, {}\n",
                            line.file.empty() ? "the default configuration" : escaped(line.file),
                            count(c.stores.size(), "store"), count(c.queues.size(), "queue"),
                            count(c.routes.size(), "route"), count(c.flows.size(), "flow")));
    return printed();
}

int run_serve(const command_line& line) {
    if (!set_up_log(line.log_level)) {
        return refuse(fmt::format("there is no log level {}; there are trace, debug, info, warn, error and off",
                                  in_quotes(line.log_level)));
    }
    std::optional<file_reading> read;
    if (const int status = prepare(line, read); status != done) return status;
    return serve(read->value, read->secrets);
}

int run_dead(const command_line& line) {
    if (line.dead.verb != dead_verb::list && line.dead.queue.empty() != line.dead_of_all)
        return refuse("name one QUEUE, or say --all for those of every queue");
    const auto read = load(line);
    if (!read) return failed;
    const config& c = read->value;
    if (c.state_folder.empty()) return refuse(no_state_folder);
    dead_command command = line.dead;
    for (const queue_config& q : c.queues) {
        if (!q.on_broker() || q.name != command.queue) continue;
        if (q.outbox.empty()) return refuse(where_the_dead_are(q));
        command.queue += outbox_suffix;
        break;
    }
    return dead(c, command, read->secrets);
}

int run_queue(const command_line& line) {
    if (line.drop.queue.empty() || has_blank_or_control(line.drop.queue))
        return refuse(fmt::format("{} is no name of a queue", in_quotes(line.drop.queue)));
    const auto read = load(line);
    if (!read) return failed;
    if (read->value.state_folder.empty()) return refuse(no_state_folder);
    return drop_queue(read->value, line.drop, read->secrets);
}

/// A sentence, or an empty one.
std::string wrong_other_site(const command_line& line) {
    const std::vector<std::string>& urls = line.demo.other_site;
    if (urls.empty())
        return line.demo_link.empty() ? "" : "--link: another site has one; name its servers with --other-site";
    std::vector<std::string> all = line.demo.store;
    all.insert(all.end(), urls.begin(), urls.end());
    if (const std::string wrong = demonstration::wrong_pool(all); !wrong.empty())
        return "--other-site: " + escaped(wrong);
    if (line.demo.queue.empty()) return "--other-site: sites tell one another over a broker; name it with --queue, too";
    if (!line.demo_link.empty() && !demonstration::parse_link(line.demo_link))
        return "--link: write PORT=HOST:PORT, a port of this machine and where the broker listens";
    return {};
}

int run_demo(command_line& line) {
    if (const std::string wrong = demonstration::wrong_pool(line.demo.store); !wrong.empty())
        return refuse("--store: " + escaped(wrong));
    if (const std::string wrong = demonstration::wrong_queue(line.demo.queue); !wrong.empty())
        return refuse("--queue: " + escaped(wrong));
    if (!line.demo.queue.empty() && line.demo.store.empty())
        return refuse(
            "--queue: the demo kills the server, and only a journal keeps results that are in memory; name memcached "
            "servers with --store, too");
    if (const std::string wrong = wrong_other_site(line); !wrong.empty()) return refuse(wrong);
    line.demo.link = line.demo_link.empty() ? std::nullopt : demonstration::parse_link(line.demo_link);
    return demo(line.demo);
}

void add_file(CLI::App& to, command_line& line) {
    to.add_option("-c,--config", line.file, "The configuration, in TOML; none is read without this")->type_name("FILE");
}
void add_state(CLI::App& to, command_line& line) {
    to.add_option("--state", line.state,
                  "Where the journal is; else $STATE_DIRECTORY, $XDG_STATE_HOME/freshet or ~/.local/state/freshet")
        ->type_name("FOLDER");
}

void add_listen(CLI::App& to, command_line& line) {
    to.add_option("--listen", line.listen,
                  "HOST:PORT, [IPV6]:PORT or unix:/PATH; repeated for more; takes the place of the file's list")
        ->type_name("ADDRESS")
        ->allow_extra_args(false);
}

/// Takes what `serve` takes.
CLI::App* add_check(CLI::App& app, command_line& line) {
    auto* const check = app.add_subcommand("check", "Tell all that would keep a configuration from being served here");
    check->add_option("-c,--config,FILE", line.file, "The configuration, in TOML; none is read without this")
        ->type_name("FILE");
    add_listen(*check, line);
    add_state(*check, line);
    return check;
}

CLI::App* add_serve(CLI::App& app, command_line& line) {
    auto* const serve = app.add_subcommand("serve", "Run the server in the foreground");
    add_file(*serve, line);
    add_listen(*serve, line);
    add_state(*serve, line);
    serve->add_flag("--accept-loss", line.accept_loss,
                    "Open a journal although it is known that something is missing; the log says what");
    serve->add_option("--log-level", line.log_level, "trace, debug, info, warn, error or off")
        ->type_name("LEVEL")
        ->capture_default_str();
    return serve;
}

std::string wrong_number(const std::string& text) {
    return whole_number<std::uint64_t>(text)
               ? ""
               : in_quotes(text) + " is no number of a dead letter; freshet dead list shows them";
}

CLI::App* add_dead(CLI::App& app, command_line& line) {
    auto* const dead = app.add_subcommand("dead", "List, replay or drop the messages that were given up");
    dead->require_subcommand(1);
    const auto add = [&](const char* name, const char* words, dead_verb verb) {
        auto* const sub = dead->add_subcommand(name, words);
        sub->callback([&line, verb] { line.dead.verb = verb; });
        sub->add_option("QUEUE", line.dead.queue, "Of this queue");
        if (verb == dead_verb::list) {
            sub->add_option("--max", line.dead.max, "At most so many, the oldest")
                ->type_name("N")
                ->check(CLI::Range(1, 1'000'000))
                ->capture_default_str();
            sub->add_flag("--json", line.dead.json, "For programs");
        } else {
            sub->add_option("NUMBER", line.dead.numbers, "Just these; without numbers every one of the queue")
                ->check(CLI::Validator(wrong_number, ""));
            sub->add_flag("--all", line.dead_of_all, "Of every queue");
        }
        add_file(*sub, line);
        add_state(*sub, line);
    };
    add("list", "Show them with the reason of each", dead_verb::list);
    add("replay", "Publish them again", dead_verb::replay);
    add("drop", "Delete them", dead_verb::drop);
    return dead;
}

CLI::App* add_queue(CLI::App& app, command_line& line) {
    auto* const queue = app.add_subcommand("queue", "Drop a queue that clients have made");
    queue->require_subcommand(1);
    auto* const drop = queue->add_subcommand("drop", "End it, so that its name is free; its next set makes it again");
    drop->add_option("NAME", line.drop.queue, "This queue")->required();
    drop->add_flag("--force", line.drop.with_all,
                   "With all that it has: messages, dead letters, and ids that add remembers");
    add_file(*drop, line);
    add_state(*drop, line);
    return queue;
}

int run_command(int argc, const char* const* argv) {
    command_line line;
    CLI::App app("Freshet: memcached and durable queues in one server", "freshet");
    app.require_subcommand(1);
    app.set_version_flag("--version", "freshet " FRESHET_VERSION, "Say which version this is");
    app.set_help_flag("-h,--help", "Say how the command is used");
    app.footer("freshet COMMAND --help says more of a command.");
    const auto* const serve = add_serve(app, line);
    const auto* const check_file = add_check(app, line);
    const auto* const dead = add_dead(app, line);
    const auto* const queue = add_queue(app, line);
    auto* const demo = app.add_subcommand("demo", "Show the main job on this machine's own data, measured");
    demo->add_flag("--json", line.demo.json, "The figures for programs");
    demo->add_option("--store", line.demo.store,
                     "Values go to these servers: memcached://HOST[:PORT] or unix:/PATH; repeated for more, or a list "
                     "with commas")
        ->type_name("URL")
        ->delimiter(',')
        ->allow_extra_args(false);
    demo->add_option("--queue", line.demo.queue,
                     "Tasks go through this broker: amqp://USER:PASSWORD@HOST:PORT/VHOST?queue=NAME&declare=create or "
                     "kafka://HOST:PORT?topic=NAME&declare=create; repeated for more servers. Needs --store")
        ->type_name("URL")
        ->allow_extra_args(false);
    demo->add_option(
            "--other-site", line.demo.other_site,
            "Two sites on that broker: the servers of --store and these, all of them memcached 1.6.27 or newer")
        ->type_name("URL")
        ->delimiter(',')
        ->allow_extra_args(false);
    demo->add_option(
            "--link", line.demo_link,
            "The other site's way to the broker, so that the demo can cut it: a port of this machine, where it passes "
            "bytes on to HOST:PORT, a listener that Kafka advertises as 127.0.0.1:PORT. RabbitMQ needs no --link")
        ->type_name("PORT=HOST:PORT");
    bench_command bench;
    bench.add_to(app);
    const auto* const reference = app.add_subcommand("reference", "Print docs/config.md")->group("");

    const std::vector<std::string_view> commands{"serve", "check", "dead", "queue", "demo", "bench"};
    const std::string_view command = argc > 1 ? argv[1] : "-";
    if (!command.starts_with('-') && command != reference->get_name() &&
        std::find(commands.begin(), commands.end(), command) == commands.end()) {
        return refuse(
            fmt::format("there is no command {}{}", in_quotes(command), reading::suggestion(command, commands)));
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& e) {  // --help, --version
        app.exit(e);
        return printed();
    } catch (const CLI::ParseError& e) {
        return refuse(usage_mistake(e, app));
    }
    if (serve->parsed()) return run_serve(line);
    if (check_file->parsed()) return check(line);
    if (dead->parsed()) return run_dead(line);
    if (queue->parsed()) return run_queue(line);
    if (demo->parsed()) return run_demo(line);
    if (bench.is_meant()) return bench.run();
    if (reference->parsed()) say(stdout, config_reference());
    return printed();
}

/// What is opened next would have the number of one that is closed, and be written to as if it were that.
void open_standard_descriptors() {
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(standard, F_GETFD) < 0) [[maybe_unused]]
            const int opened = ::open("/dev/null", O_RDWR);
    }
}

}  // namespace

int run(int argc, const char* const* argv) {
    open_standard_descriptors();
    set_up_log("warn");  // spdlog's own logger writes to stdout
    // a peer or a reader that has gone is an error of its write, not the end of the process
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return run_command(argc, argv);
    } catch (const std::exception& e) {
        say(stderr, fmt::format("freshet: {}\n", conceal(e.what())));
        return failed;
    }
}

}  // namespace freshet
