#include "queue/journal/loss/loss.hpp"

#include <fmt/format.h>

namespace freshet {

namespace {

journal_loss usable(std::string what) { return {std::move(what), false}; }

/// The log's own frames tell: a transaction is synced before the next one begins.
std::optional<journal_loss> loss_behind(const write_ahead_log& log, const std::optional<journal_mark>& mark) {
    if (log.cut_off < 2) return std::nullopt;
    // A header that a power cut tore stands before frames that are in the file already.
    const bool moved = !log.generation && mark && !mark->generation.is_before(log.behind) && mark->frames == 0;
    if (moved) return std::nullopt;
    return usable(
        fmt::format("its log is damaged behind page {}, and at least {} transactions that were confirmed stand there",
                    log.frames, log.cut_off));
}

std::optional<journal_loss> loss_before(const journal_mark& mark, const write_ahead_log& log) {
    if (log.generation && log.generation->is_before(mark.generation) && mark.generation != log_generation{})
        return usable("its log is an older one than the one that it had");
    const bool other = log.generation && *log.generation != mark.generation;
    if (other || log.frames >= mark.frames) return std::nullopt;
    return usable(
        fmt::format("its log ends with page {}, and had {} pages that were confirmed", log.frames, mark.frames));
}

}  // namespace

std::optional<journal_loss> find_loss(const std::optional<opening_counts>& file,
                                      const std::optional<journal_mark>& mark, const write_ahead_log& log) {
    if (file && mark && mark->opening > file->opened && log.bytes != 0)
        return journal_loss{"it is an older copy than the log beside it", true};
    if (auto behind = loss_behind(log, mark)) return behind;
    if (!file || file->ended_well()) return std::nullopt;
    const bool marked = mark && mark->opening == file->opened;
    if (!log.exists && !(marked && mark->frames == 0))
        return usable(
            "its log is missing: its process did not end in good order, and what was confirmed since the log was last "
            "moved "
            "into the file was there");
    return marked ? loss_before(*mark, log) : std::nullopt;
}

}  // namespace freshet
