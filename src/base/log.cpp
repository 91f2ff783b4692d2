#include "base/log.hpp"

#include "base/escape.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace freshet {

namespace {

/// What a peer sent and somebody logs must not forge lines or drive a terminal; here nobody can forget it.
class escaped_message final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& to) override {
        const std::string_view text(message.payload.data(), message.payload.size());
        const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
        if (std::none_of(text.begin(), text.end(), control)) {
            to.append(text.data(), text.data() + text.size());
            return;
        }
        const std::string safe = escaped(text);
        to.append(safe.data(), safe.data() + safe.size());
    }
    std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<escaped_message>(); }
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

    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<escaped_message>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %*");
    auto logger = std::make_shared<spdlog::logger>("freshet", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_formatter(std::move(formatter));
    logger->set_level(found->second);
    logger->flush_on(spdlog::level::trace);
    spdlog::set_default_logger(std::move(logger));
    return true;
}

}  // namespace freshet
