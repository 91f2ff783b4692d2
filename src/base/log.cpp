#include "base/log.hpp"

#include "base/conceal.hpp"
#include "base/escape.hpp"
#include "base/log_writer.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace freshet {

namespace {

/// What a peer sent and somebody logs must not forge lines or drive a terminal; here nobody can forget it.
class escaped_message final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
        const std::string_view text(message.payload.data(), message.payload.size());
        if (!has_control(text)) {
            to.append(text.data(), text.data() + text.size());
            return;
        }
        const std::string safe = escaped(text);
        to.append(safe.data(), safe.data() + safe.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<escaped_message>(); }
};

std::unique_ptr<spdlog::formatter> make_formatter() {
    auto made = std::make_unique<spdlog::pattern_formatter>();
    made->add_flag<escaped_message>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %*");
    return made;
}

class standard_error final : public spdlog::sinks::base_sink<std::mutex> {
public:
    void conceal(std::vector<secret> secrets) {
        const std::lock_guard lock(mutex_);
        secrets_ = std::move(secrets);
    }

private:
    void sink_it_(const spdlog::details::log_msg& message) override {
        const std::string text = freshet::conceal({message.payload.data(), message.payload.size()}, secrets_);
        spdlog::details::log_msg shown = message;
        shown.payload = {text.data(), text.size()};
        spdlog::memory_buf_t line;
        formatter_->format(shown, line);
        writer_.write(text, {line.data(), line.size()});
    }
    void flush_() override { writer_.flush(); }

    std::vector<secret> secrets_;
    log_writer writer_{STDERR_FILENO, [formatter = std::shared_ptr(make_formatter())](std::string_view text) {
                           spdlog::memory_buf_t line;
                           formatter->format({"freshet", spdlog::level::warn, {text.data(), text.size()}}, line);
                           return std::string(line.data(), line.size());
                       }};
};

}  // namespace

bool set_up_log(std::string_view level) {
    const std::pair<std::string_view, spdlog::level::level_enum> levels[] = {
        {"trace", spdlog::level::trace}, {"debug", spdlog::level::debug},  {"info", spdlog::level::info},
        {"warn", spdlog::level::warn},   {"warning", spdlog::level::warn}, {"error", spdlog::level::err},
        {"off", spdlog::level::off},
    };
    const auto* const found =
        std::find_if(std::begin(levels), std::end(levels), [&](const auto& l) { return l.first == level; });
    if (found == std::end(levels)) return false;

    auto logger = std::make_shared<spdlog::logger>("freshet", std::make_shared<standard_error>());
    logger->set_formatter(make_formatter());
    logger->set_level(found->second);
    spdlog::set_default_logger(std::move(logger));
    return true;
}

void conceal_in_log(std::vector<secret> secrets) {
    for (const spdlog::sink_ptr& sink : spdlog::default_logger()->sinks()) {
        if (auto* const ours = dynamic_cast<standard_error*>(sink.get())) ours->conceal(secrets);
    }
}

}  // namespace freshet
