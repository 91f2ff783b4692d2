#include "demo/sites/link.hpp"

#include <gtest/gtest.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <stdexcept>
#include <string>

namespace freshet::demonstration {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct demo_link : testing::Test {
    asio::io_context io{};
    tcp::acceptor broker{io, {asio::ip::address_v4::loopback(), 0}};
    broker_link link{{0, "127.0.0.1", broker.local_endpoint().port()}};

    tcp::socket from_site() {
        tcp::socket s(io);
        s.connect({asio::ip::address_v4::loopback(), link.port()});
        return s;
    }
    /// What is said at one end is heard at the other.
    static void expect_passage(tcp::socket& from, tcp::socket& to) {
        std::array<char, 5> heard{};
        asio::write(from, asio::buffer("hello", 5));
        asio::read(to, asio::buffer(heard));
        EXPECT_EQ(std::string(heard.data(), heard.size()), "hello");
    }
    static bool ends(tcp::socket& s) {
        char c = 0;
        error_code failed;
        asio::read(s, asio::buffer(&c, 1), failed);
        return failed == asio::error::eof || failed == asio::error::connection_reset;
    }
};

TEST_F(demo_link, bytes_pass_in_both_directions) {
    tcp::socket site = from_site(), peer = broker.accept();
    expect_passage(site, peer);
    expect_passage(peer, site);
}

TEST_F(demo_link, the_end_of_one_side_is_the_end_of_the_other) {
    tcp::socket site = from_site(), peer = broker.accept();
    site.close();
    EXPECT_TRUE(ends(peer));
}

TEST_F(demo_link, a_cut_ends_what_is_there_and_what_comes_until_it_heals) {
    tcp::socket site = from_site(), peer = broker.accept();
    expect_passage(site, peer);
    link.cut();
    EXPECT_TRUE(ends(site));
    EXPECT_TRUE(ends(peer));
    tcp::socket early = from_site();
    EXPECT_TRUE(ends(early));
    link.heal();
    tcp::socket later = from_site(), its_peer = broker.accept();
    expect_passage(later, its_peer);
}

TEST_F(demo_link, a_port_that_is_taken_is_told) {
    EXPECT_THROW(broker_link({link.port(), "127.0.0.1", broker.local_endpoint().port()}), std::runtime_error);
}

TEST_F(demo_link, where_no_broker_is_a_connection_ends) {
    broker.close();
    tcp::socket site = from_site();
    EXPECT_TRUE(ends(site));
}

TEST(demo_link_text, is_a_port_and_where_it_leads) {
    const auto found = parse_link("9193=[::1]:9192");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->port, 9193);
    EXPECT_EQ(found->host, "::1");
    EXPECT_EQ(found->host_port, 9192);
    for (const char* wrong : {"", "9193", "9193=", "9193=host", "0=host:1", "9193=host:0", "70000=host:1", "x=host:1"})
        EXPECT_FALSE(parse_link(wrong)) << wrong;
}

}  // namespace
}  // namespace freshet::demonstration
