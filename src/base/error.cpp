#include <freshet/error.hpp>

#include <stdexcept>

namespace freshet {

std::string_view explain(errc e) noexcept {
    switch (e) {
        case errc::busy: return "is busy";
        case errc::timed_out: return "did not answer in time";
        case errc::stopping: return "is being stopped";
        case errc::queue_full: return "is full (length_max)";
        case errc::queue_bytes_full: return "is full (bytes_max)";
        case errc::too_many_queues:
            return "cannot be made; an empty one goes after queue_idle without use, or by freshet queue drop NAME";
        case errc::disk_full: return "has no room on its disk";
        case errc::journal_stopped: return "has stopped, and the log says why";
        case errc::journal_locked: return "is open in another process";
        case errc::journal_damaged: return "is damaged";
        case errc::journal_path: return "cannot be opened";
        case errc::out_of_memory: return "out of memory storing object";
        case errc::too_large: return "object too large for cache";
        case errc::no_worker: return "has no worker";
        case errc::wrong_config: return "is configured wrongly";
        case errc::refused: return "is not possible here";
        case errc::server_down: return "is down";
        case errc::unreachable: return "is unreachable";
        case errc::connection_lost: return "closed the connection";
        case errc::wrong_answer: return "gave an answer that is none";
        case errc::too_old: return "knows no meta commands, which memcached 1.6.10 and later do";
        case errc::keeps_no_versions: return "is too old to keep versions, which memcached 1.6.27 and later do";
        case errc::needs_journal: return "needs a journal queue";
        case errc::unroutable: return "is not there on its broker";
        case errc::broker_refused: return "was refused by its broker";
        case errc::message_too_large: return "takes no message as large as that";
    }
    return "failed";
}

std::string_view to_string(effect e) noexcept { return e == effect::not_done ? "not_done" : "maybe_done"; }

const boost::system::error_category& category() noexcept {
    struct freshet_category final : boost::system::error_category {
        const char* name() const noexcept override { return "freshet"; }
        std::string message(int value) const override { return std::string(explain(static_cast<errc>(value))); }
    };
    static const freshet_category instance;
    return instance;
}

void throw_exception_from_error(const problem& p, const boost::source_location&) { throw std::runtime_error(p.text); }

}  // namespace freshet
