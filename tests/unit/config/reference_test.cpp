#include <freshet/config.hpp>

#include "config/options.hpp"
#include "config/reference.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace freshet {
namespace {

TEST(reference, docs_config_md_is_up_to_date) {
    std::ifstream file(FRESHET_SOURCE_DIR "/docs/config.md");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_TRUE(text == config_reference()) << "to bring it up to date: freshet reference > docs/config.md";
}

TEST(reference, its_example_is_right) {
    const std::string text = config_reference();
    std::size_t examples = 0;
    for (std::size_t at = 0; (at = text.find("```toml\n", at)) != std::string::npos; ++examples) {
        at += 8;
        const std::size_t end = text.find("```", at);
        for (const mistake& m : read_config(text.substr(at, end - at)).mistakes)
            ADD_FAILURE() << m.line << ":" << m.column << ": " << m.text;
        at = end + 3;
    }
    EXPECT_EQ(examples, 2u);
}

TEST(reference, every_default_can_be_written_down) {
    for (const auto& o : reading::options()) {
        if (o.required || !o.default_text.empty() || o.section == "call") continue;
        std::string head = o.section == "server"  ? "[server]\n"
                           : o.section == "site"  ? "[site]\nname = 'a'\nnode = 1\n"
                           : o.section == "store" ? "[store.a]\n"
                                                  : "[queue.a]\n";
        if (o.section == "store" && o.key != "url" && o.key != "size") head += "url = 'memcached://h'\n";
        if (o.section == "queue" && o.meaning.starts_with("Kafka")) head += "url = 'kafka://h'\n";
        else if (o.section == "queue" && (o.meaning.starts_with("RabbitMQ") || o.meaning.starts_with("Of a broker")))
            head += "url = 'amqp://h'\n";
        if (o.section == "route")
            head += o.key == "noreply" ? "[[route]]\nprefix = 'a'\nqueue = 'a'\n"
                                       : "[[route]]\nprefix = 'a'\nstore = 'main'\n";
        if (o.section == "flow")
            head += o.meaning.starts_with("With `apply`")
                        ? "[site]\nname = 'a'\nnode = 1\n[[flow]]\nfrom = 'a'\napply = 'main'\n"
                        : "[[flow]]\nfrom = 'a'\ncall = 'http://h/'\ninto = 'main'\n";
        const std::string text = head + std::string(o.key) + " = " + reading::default_of(o) + "\n";
        for (const mistake& m : read_config(text).mistakes)
            ADD_FAILURE() << text << m.line << ":" << m.column << ": " << m.text;
    }
}

TEST(reference, no_key_of_this_version_is_also_a_later_one) {
    for (const auto& o : reading::options())
        EXPECT_EQ(reading::find_later(o.section, o.key), nullptr) << o.section << " " << o.key;
}

}  // namespace
}  // namespace freshet
