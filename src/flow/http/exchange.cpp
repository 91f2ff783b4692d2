#include "flow/http/exchange.hpp"

#include <freshet/message.hpp>

#include "flow/http/failure.hpp"

#include <fmt/format.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <new>
#include <stdexcept>

namespace freshet {

namespace {

constexpr std::size_t header_size_max_bytes = std::size_t{256} << 10;      ///< of all answers to one request together
constexpr std::size_t explanation_size_max_bytes = std::size_t{64} << 10;  ///< read of an answer that is no result
constexpr std::size_t kept_header_max_bytes = std::size_t{16} << 10;  ///< a handle keeps the room of its longest line
constexpr milliseconds connect_slack{1'000};  ///< libcurl gives up a connection later than the call's own limit

bool is_all_blanks(std::string_view text) { return text.find_first_not_of(' ') == std::string_view::npos; }

bool is_name(std::string_view text, std::string_view name) {
    return text.size() == name.size() && ::strncasecmp(text.data(), name.data(), name.size()) == 0;
}

/// Without blanks and the end of the line.
std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// libcurl is C. An answer that there is no memory for ends as CURLE_WRITE_ERROR.
template <class Take>
bool taken(Take take) noexcept {
    try {
        return take();
    } catch (const std::bad_alloc&) {
        return false;
    }
}

template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
    const CURLcode done = curl_easy_setopt(handle, option, value);
    if (done != CURLE_OK) throw std::runtime_error(fmt::format("libcurl: {}", curl_easy_strerror(done)));
}

void set_trust(CURL* handle, const http_options& options) {
    set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    // Debian's libcurl looks into a folder beside its file, and then reads the file anew for each connection.
    set(handle, CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    if (!options.ca_file.empty()) set(handle, CURLOPT_CAINFO, options.ca_file.c_str());
}

void set_proxy(CURL* handle, const http_options& options) {
    if (!options.proxy) set(handle, CURLOPT_PROXY, "");  // null: the environment's
    set(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    set(handle, CURLOPT_QUICK_EXIT, 1L);  // nobody waits for a look-up of the proxy's name that has been given up
}

}  // namespace

easy_handle make_http_handle(const http_options& options) {
    easy_handle made(curl_easy_init());
    CURL* const handle = made.get();
    if (handle == nullptr) throw std::runtime_error("libcurl cannot be used");
    set(handle, CURLOPT_NOSIGNAL, 1L);
    set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    set(handle, CURLOPT_URL, options.url.text.c_str());
    set(handle, CURLOPT_PATH_AS_IS, 1L);
    set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(handle, CURLOPT_POST, 1L);
    set(handle, CURLOPT_USERAGENT, "freshet/" FRESHET_VERSION);
    set(handle, CURLOPT_FOLLOWLOCATION, 0L);
    set(handle, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    set_trust(handle, options);
    set_proxy(handle, options);
    return made;
}

void header_lines::add(std::string_view name, std::string_view value) {
    begins_.push_back(text_.size());
    text_ += name;
    if (is_all_blanks(value)) text_ += ';';  // how libcurl is told of a field without a value
    else fmt::format_to(std::back_inserter(text_), ": {}", value);
    text_ += '\0';
}

void header_lines::leave_out(std::string_view name) {
    begins_.push_back(text_.size());
    text_ += name;
    text_ += ':';
    text_ += '\0';
}

curl_slist* header_lines::list() {
    nodes_.resize(begins_.size());
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
        nodes_[n].data = text_.data() + begins_[n];
        nodes_[n].next = n + 1 < nodes_.size() ? &nodes_[n + 1] : nullptr;
    }
    return nodes_.empty() ? nullptr : nodes_.data();
}

http_exchange::http_exchange(const http_options& options, easy_handle handle, gate& ended)
    : curl_transfer(std::move(handle)), options_(options), gate_(ended) {}

http_exchange::~http_exchange() { cut(); }

void http_exchange::cut() {
    if (loop_) loop_->remove(*this);
}

void http_exchange::start(std::shared_ptr<curl_loop> loop, const delivery& d, std::string_view queue_name,
                          milliseconds limit, curl_slist* addresses) {
    const message& m = d.message;
    loop_ = std::move(loop);
    header_.add("Content-Type", "application/octet-stream");
    header_.add("Freshet-Id", m.id);
    header_.add("Freshet-Key", m.key);
    header_.add("Freshet-Queue", queue_name);
    header_.add("Freshet-Attempt", std::to_string(m.attempt));
    header_.add("Freshet-Redelivered", d.redelivered ? "1" : "0");
    header_.add("Freshet-Flags", std::to_string(m.flags));
    header_.leave_out("Accept");
    header_.leave_out("Expect");  // of large bodies: many servers never answer it, and each would wait a second

    CURL* const handle = easy();
    set(handle, CURLOPT_HTTPHEADER, header_.list());
    set(handle, CURLOPT_POSTFIELDS, m.body.data());  // libcurl reads it in place, from its beginning if it sends again
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(m.body.size()));
    set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>((limit + connect_slack).count()));
    set(handle, CURLOPT_RESOLVE, addresses);
    set(handle, CURLOPT_FRESH_CONNECT, 0L);
    set(handle, CURLOPT_ERRORBUFFER, text_.data());
    set(handle, CURLOPT_PREREQFUNCTION, before_request);
    set(handle, CURLOPT_PREREQDATA, this);
    set(handle, CURLOPT_HEADERFUNCTION, on_header);
    set(handle, CURLOPT_HEADERDATA, this);
    set(handle, CURLOPT_WRITEFUNCTION, on_body);
    set(handle, CURLOPT_WRITEDATA, this);
    loop_->add(*this);
}

/// libcurl does it by itself, unless the end was seen in the middle of a large body.
bool http_exchange::begins_again() {
    long connections_made = 0;
    curl_easy_getinfo(easy(), CURLINFO_NUM_CONNECTS, &connections_made);
    const bool was_kept = connections_made == 0;
    if (how_ != CURLE_SEND_ERROR || !was_kept || has_part_of_an_answer()) return false;
    ended_ = false;
    curl_easy_setopt(easy(), CURLOPT_FRESH_CONNECT, 1L);  // the others are as old
    loop_->add(*this);
    return true;
}

/// Under TLS bytes may have come that say nothing.
bool http_exchange::has_part_of_an_answer() const noexcept {
    return header_bytes_ != 0 || (!options_.url.tls && lost_an_answer());
}

/// Once more where a kept connection had been closed. Where part of an answer had come the work may be done.
int http_exchange::before_request(void* self, char*, char*, int, int) noexcept {
    auto& x = *static_cast<http_exchange*>(self);
    const bool again = x.requests_++ > 0;
    if (again && x.has_part_of_an_answer()) return CURL_PREREQFUNC_ABORT;
    x.loop_->sends(x);
    return CURL_PREREQFUNC_OK;
}

std::size_t http_exchange::on_header(char* bytes, std::size_t, std::size_t count, void* self) noexcept {
    return taken([&] { return static_cast<http_exchange*>(self)->take_header({bytes, count}); }) ? count : 0;
}

std::size_t http_exchange::on_body(char* bytes, std::size_t, std::size_t count, void* self) noexcept {
    return taken([&] { return static_cast<http_exchange*>(self)->take_body({bytes, count}); }) ? count : 0;
}

/// A line with its end; of interim answers, of the final one, or behind its chunks.
bool http_exchange::take_header(std::string_view line) {
    header_bytes_ += line.size();
    if (header_bytes_ > header_size_max_bytes) return false;
    if (header_ended_) return true;
    if (line.starts_with("HTTP/")) {
        take_status(line);
    } else if (trimmed(line).empty()) {
        constexpr long switching_protocols = 101;  // libcurl takes no other answer after it
        header_ended_ = status_ >= 200 || status_ == switching_protocols;
    } else {
        take_field(line);
    }
    return true;
}

void http_exchange::take_status(std::string_view line) {
    curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status_);
    is_http_1_ = line.starts_with("HTTP/1");
    const std::string_view behind_version = trimmed(line.substr(std::min(line.find(' '), line.size())));
    reason_ = trimmed(behind_version.substr(std::min(behind_version.find(' '), behind_version.size())));
    retry_after_ = milliseconds{0};
    flags_ = 0;
}

void http_exchange::take_field(std::string_view line) {
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = trimmed(line.substr(0, colon));
    const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
    if (is_name(name, "Retry-After")) retry_after_ = parse_retry_after(value, wall::now());
    if (is_name(name, "Freshet-Flags")) std::from_chars(value.data(), value.data() + value.size(), flags_);
}

bool http_exchange::take_body(std::string_view some) {
    const std::size_t limit = is_good() ? options_.result_size_max_bytes : explanation_size_max_bytes;
    if (body_bytes_ == 0) {
        curl_off_t length = -1;
        curl_easy_getinfo(easy(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        const auto size = static_cast<std::size_t>(std::max<curl_off_t>(length, 0));
        if (size > limit) body_bytes_ = limit;  // whatever comes now is over it: there is no need to read it all
        else if (is_good()) body_.reserve(size);
    }
    body_bytes_ += some.size();
    if (body_bytes_ > limit) {
        (is_good() ? too_large_ : enough_) = true;
        if (is_good()) return false;
    }
    // what is said of an answer that is no result is short
    body_ += is_good() ? some : some.substr(0, reason_size_max_bytes - std::min(body_.size(), reason_size_max_bytes));
    return !enough_;
}

void http_exchange::ended(CURLcode how) {
    how_ = how;
    ended_ = true;
    gate_.open();
}

easy_handle http_exchange::take_handle() {
    if (header_bytes_ > kept_header_max_bytes) return nullptr;
    curl_easy_setopt(easy(), CURLOPT_ERRORBUFFER, nullptr);
    return std::move(easy_);
}

work_result http_exchange::result() {
    const auto retry = work_result::verdict::retry;
    work_result said;
    if (too_large_) {
        said =
            work_ended(work_result::verdict::dead, fmt::format("{}: its result is larger than {} bytes",
                                                               options_.url.authority, options_.result_size_max_bytes));
    } else if (header_ended_ && (how_ == CURLE_OK || !is_good())) {
        said = judge();
    } else {
        said = work_ended(retry, fmt::format("{}: {}", options_.url.authority, failure()));
    }
    said.began = has_begun();
    return said;
}

work_result http_exchange::judge() {
    work_result said;
    if (is_good()) {
        said.verdict = work_result::verdict::good;
        said.body = std::move(body_);
        said.flags = flags_;
        return said;
    }
    said.verdict = judge_status(static_cast<unsigned>(status_));
    said.body = fmt::format("{}: it answered {}", options_.url.authority, status_);
    if (!reason_.empty()) said.body += fmt::format(" {}", one_line(reason_.substr(0, reason_size_max_bytes)));
    if (const std::string text = one_line(body_); !text.empty()) said.body += ": " + text;
    if (said.verdict == work_result::verdict::retry) said.retry_after = retry_after_;
    return said;
}

std::string http_exchange::failure() const {
    if (header_bytes_ > header_size_max_bytes)
        return fmt::format("no answer: its header is larger than {} bytes", header_size_max_bytes);
    http_trouble t;
    t.how = how_;
    t.text = text_.data();
    t.began = has_begun();
    t.partial = has_part_of_an_answer();
    t.system_error = socket_error();
    long last_error = 0;
    curl_easy_getinfo(easy(), CURLINFO_OS_ERRNO, &last_error);
    if (t.system_error == 0 && how_ == CURLE_COULDNT_CONNECT) t.system_error = static_cast<int>(last_error);
    return explain(t);
}

}  // namespace freshet
