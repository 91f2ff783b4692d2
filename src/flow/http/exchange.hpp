// One request to a worker and what came back, as libcurl's callbacks tell it.
#pragma once

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "flow/http/curl_loop.hpp"
#include "flow/http/http.hpp"
#include "flow/worker.hpp"
#include "queue/operations.hpp"
#include "shard/gate.hpp"

#include <curl/curl.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// A handle with all that is the same for each call. Throws std::runtime_error where libcurl cannot do it.
easy_handle make_http_handle(const http_options& options);

/// The lines of a request's header as the list that libcurl reads, without a piece of memory for each.
class header_lines {
public:
    /// "NAME: VALUE". The value has no control characters.
    void add(std::string_view name, std::string_view value);
    /// libcurl says nothing of it, whatever it would say by itself.
    void leave_out(std::string_view name);
    /// Valid until the next line is added.
    curl_slist* list();

private:
    std::string text_;  ///< each line ends with a zero byte
    std::vector<std::size_t> begins_;
    std::vector<curl_slist> nodes_;
};

class http_exchange final : public curl_transfer {
public:
    /// `ended` is opened at the end. `options` lives as long.
    http_exchange(const http_options& options, easy_handle handle, gate& ended);
    ~http_exchange();
    http_exchange(const http_exchange&) = delete;

    /// `d` lives until the end, as does `addresses`, of which libcurl is told: "HOST:PORT:ADDRESS,..."; or it is null.
    void start(std::shared_ptr<curl_loop> loop, const delivery& d, std::string_view queue_name, milliseconds limit,
               curl_slist* addresses);
    /// Ends it now.
    void cut();
    /// False: it was not started, it runs, or it was cut.
    bool has_ended() const noexcept { return ended_; }
    /// Once it has ended: begins again, where a kept connection turned out to be closed and nothing had come of it.
    bool begins_again();
    /// Once it has ended.
    work_result result();
    /// Part of the request may have been sent.
    bool has_begun() const noexcept { return requests_ > 0; }
    /// There was no connection, so that the address may be wrong.
    bool found_nobody() const noexcept { return how_ == CURLE_COULDNT_CONNECT; }
    /// For the next call; or none, where it would keep too much memory.
    easy_handle take_handle();

    void ended(CURLcode how) override;
    bool has_header() const noexcept override { return header_ended_ && is_http_1_; }

private:
    static int before_request(void* self, char*, char*, int, int) noexcept;
    static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self) noexcept;
    static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept;

    bool take_header(std::string_view line);
    void take_status(std::string_view line);
    void take_field(std::string_view line);
    bool take_body(std::string_view some);
    bool has_part_of_an_answer() const noexcept;
    bool is_good() const noexcept { return status_ / 100 == 2; }
    work_result judge();
    std::string failure() const;

    const http_options& options_;
    std::shared_ptr<curl_loop> loop_;
    gate& gate_;
    header_lines header_;
    unsigned requests_{0};
    bool ended_{false};
    CURLcode how_{CURLE_OK};
    std::array<char, CURL_ERROR_SIZE> text_{};  ///< of a failure

    // of the answer
    long status_{0};
    bool is_http_1_{false};
    bool header_ended_{false};  ///< of the final answer
    bool too_large_{false};     ///< the result
    bool enough_{false};        ///< read of an answer that is no result
    std::size_t header_bytes_{0};
    std::size_t body_bytes_{0};
    std::string reason_{};
    milliseconds retry_after_{0};
    std::uint32_t flags_{0};
    std::string body_{};
};

}  // namespace freshet
