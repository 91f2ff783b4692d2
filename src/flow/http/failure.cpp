#include "flow/http/failure.hpp"

#include "flow/worker.hpp"

#include <boost/system/system_category.hpp>

#include <fmt/format.h>

namespace freshet {

namespace {

std::string words_of(const http_trouble& t) {
    const std::string words = one_line(t.text);
    return words.empty() ? curl_easy_strerror(t.how) : words;
}

std::string no_connection(const http_trouble& t) {
    if (t.system_error != 0)
        return fmt::format("no connection: {}", boost::system::system_category().message(t.system_error));
    switch (t.how) {
        case CURLE_PEER_FAILED_VERIFICATION:
            return fmt::format("no connection: its certificate is not trusted: {}", words_of(t));
        case CURLE_SSL_CONNECT_ERROR: return fmt::format("no connection: TLS failed: {}", words_of(t));
        default: return fmt::format("no connection: {}", words_of(t));
    }
}

}  // namespace

std::string explain(const http_trouble& t) {
    if (!t.began || t.how == CURLE_COULDNT_CONNECT) return no_connection(t);
    switch (t.how) {
        case CURLE_OK:
        case CURLE_PARTIAL_FILE:
        case CURLE_GOT_NOTHING:
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_ABORTED_BY_CALLBACK:  // it was not sent again
            return t.partial ? "the connection was cut in the middle of the answer"
                             : "the connection was closed before an answer came";
        case CURLE_WRITE_ERROR: return "no memory for its answer";
        default: return fmt::format("no answer: {}", words_of(t));
    }
}

}  // namespace freshet
