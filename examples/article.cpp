// A value in the cache, a message on the queue, a worker, and its result: all in one process, or on real servers by
// URL:
//     article memcached://127.0.0.1 'amqp://guest:guest@127.0.0.1/%2F?queue=article&declare=create'
#include <freshet/client.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include <filesystem>
#include <iostream>
#include <string>

int main(int count, char** arguments) {
    const auto folder =
        std::filesystem::current_path() / "article-journal";  // not in memory: a journal outlives a power cut
    std::filesystem::create_directories(folder);

    const std::string store = count == 3 ? arguments[1] : "memory:";
    const std::string queue = count == 3 ? arguments[2] : "journal:" + (folder / "journal.db").string();
    const auto client = freshet::client::open(store, queue).value();

    client->set("key", "value").value();
    std::cout << client->get("key").value()->data << '\n';

    client->work("queue", [](const freshet::message& m) { return m.body + ", received"; }).value();
    const std::string id = client->publish("queue", "Hello World").value();

    const auto result = client->wait("result:" + id, std::chrono::seconds(10)).value();
    std::cout << (result ? result->data : "no result in time") << '\n';
    return result ? 0 : 1;
}
