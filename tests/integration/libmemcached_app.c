/* An application as many have it: libmemcached, one server, all that its cache does.
     libmemcached_app HOST:PORT   prints what went otherwise than memcached's manual says; its status is 0 if nothing
   did */
#include <libmemcached/memcached.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static memcached_st* cache;
static unsigned failures;

#define EXPECT(condition)                                                                                 \
    do {                                                                                                  \
        if (!(condition)) {                                                                               \
            const char* why = memcached_last_error_message(cache);                                        \
            fprintf(stderr, "%s:%d: not so: %s (%s)\n", __func__, __LINE__, #condition, why ? why : "-"); \
            ++failures;                                                                                   \
        }                                                                                                 \
    } while (0)

static memcached_return_t set_for(const char* key, const char* value, time_t seconds) {
    return memcached_set(cache, key, strlen(key), value, strlen(value), seconds, 0);
}
static memcached_return_t set(const char* key, const char* value) { return set_for(key, value, 0); }
static memcached_return_t drop(const char* key) { return memcached_delete(cache, key, strlen(key), 0); }

static int holds(const char* key, const char* value) {
    size_t size = 0;
    uint32_t flags = 0;
    memcached_return_t result;
    char* found = memcached_get(cache, key, strlen(key), &size, &flags, &result);
    const int same =
        result == MEMCACHED_SUCCESS && size == strlen(value) && (size == 0 || memcmp(found, value, size) == 0);
    free(found);
    return same;
}

static int misses(const char* key) {
    size_t size = 0;
    uint32_t flags = 0;
    memcached_return_t result;
    free(memcached_get(cache, key, strlen(key), &size, &flags, &result));
    return result == MEMCACHED_NOTFOUND;
}

static void values_and_flags(void) {
    char bytes[512];
    size_t size = 0;
    uint32_t flags = 0;
    memcached_return_t result;
    char* found;
    for (size_t i = 0; i < sizeof bytes; ++i) bytes[i] = (char)(255 - i);
    EXPECT(memcached_set(cache, "bytes", 5, bytes, sizeof bytes, 0, 0xfedcba98U) == MEMCACHED_SUCCESS);
    found = memcached_get(cache, "bytes", 5, &size, &flags, &result);
    EXPECT(result == MEMCACHED_SUCCESS && size == sizeof bytes && memcmp(found, bytes, size) == 0);
    EXPECT(flags == 0xfedcba98U);
    free(found);
    EXPECT(set("empty", "") == MEMCACHED_SUCCESS);
    EXPECT(holds("empty", ""));
    EXPECT(misses("nothing"));
}

static void conditions(void) {
    drop("word");
    EXPECT(memcached_replace(cache, "word", 4, "a", 1, 0, 0) == MEMCACHED_NOTSTORED);
    EXPECT(memcached_append(cache, "word", 4, "a", 1, 0, 0) == MEMCACHED_NOTSTORED);
    EXPECT(memcached_add(cache, "word", 4, "b", 1, 0, 0) == MEMCACHED_SUCCESS);
    EXPECT(memcached_add(cache, "word", 4, "c", 1, 0, 0) == MEMCACHED_NOTSTORED);
    EXPECT(memcached_append(cache, "word", 4, "cd", 2, 0, 0) == MEMCACHED_SUCCESS);
    EXPECT(memcached_prepend(cache, "word", 4, "a", 1, 0, 0) == MEMCACHED_SUCCESS);
    EXPECT(holds("word", "abcd"));
    EXPECT(memcached_replace(cache, "word", 4, "e", 1, 0, 0) == MEMCACHED_SUCCESS);
    EXPECT(holds("word", "e"));
    EXPECT(memcached_exist(cache, "word", 4) == MEMCACHED_SUCCESS);
    EXPECT(drop("word") == MEMCACHED_SUCCESS);
    EXPECT(drop("word") == MEMCACHED_NOTFOUND);
    EXPECT(memcached_exist(cache, "word", 4) == MEMCACHED_NOTFOUND);
}

static void numbers(void) {
    uint64_t now = 0;
    drop("none");
    EXPECT(set("visits", "9") == MEMCACHED_SUCCESS);
    EXPECT(memcached_increment(cache, "visits", 6, 1, &now) == MEMCACHED_SUCCESS && now == 10);
    EXPECT(memcached_decrement(cache, "visits", 6, 3, &now) == MEMCACHED_SUCCESS && now == 7);
    EXPECT(memcached_decrement(cache, "visits", 6, 30, &now) == MEMCACHED_SUCCESS && now == 0);
    EXPECT(set("visits", "18446744073709551615") == MEMCACHED_SUCCESS);
    EXPECT(memcached_increment(cache, "visits", 6, 2, &now) == MEMCACHED_SUCCESS && now == 1);
    EXPECT(memcached_increment(cache, "none", 4, 1, &now) == MEMCACHED_NOTFOUND);
    EXPECT(set("visits", "many") == MEMCACHED_SUCCESS);
    EXPECT(memcached_failed(memcached_increment(cache, "visits", 6, 1, &now)));
    EXPECT(holds("visits", "many"));
}

static uint64_t version_of(const char* key) {
    const size_t length = strlen(key);
    memcached_return_t result;
    memcached_result_st* item;
    uint64_t version = 0;
    EXPECT(memcached_mget(cache, &key, &length, 1) == MEMCACHED_SUCCESS);
    while ((item = memcached_fetch_result(cache, NULL, &result)) != NULL) {
        version = memcached_result_cas(item);
        memcached_result_free(item);
    }
    return version;
}

static void versions(void) {
    uint64_t version;
    memcached_behavior_set(cache, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 1);
    EXPECT(set("article", "1") == MEMCACHED_SUCCESS);
    version = version_of("article");
    EXPECT(version != 0);
    EXPECT(memcached_cas(cache, "article", 7, "2", 1, 0, 0, version) == MEMCACHED_SUCCESS);
    EXPECT(memcached_cas(cache, "article", 7, "3", 1, 0, 0, version) == MEMCACHED_DATA_EXISTS);
    EXPECT(holds("article", "2"));
    EXPECT(version_of("article") != version);
    EXPECT(drop("article") == MEMCACHED_SUCCESS);
    EXPECT(memcached_cas(cache, "article", 7, "4", 1, 0, 0, version) == MEMCACHED_NOTFOUND);
    memcached_behavior_set(cache, MEMCACHED_BEHAVIOR_SUPPORT_CAS, 0);
}

enum { many = 1000 };

/* every third key was never set */
static void many_at_once(void) {
    static char names[many][16];
    const char* keys[many];
    size_t lengths[many];
    char found[many] = {0};
    unsigned right = 0;
    memcached_return_t result;
    memcached_result_st* item;
    for (unsigned i = 0; i < many; ++i) {
        lengths[i] = (size_t)snprintf(names[i], sizeof names[i], "many:%u", i);
        keys[i] = names[i];
    }
    memcached_behavior_set(cache, MEMCACHED_BEHAVIOR_BUFFER_REQUESTS, 1);
    memcached_behavior_set(cache, MEMCACHED_BEHAVIOR_NOREPLY, 1);
    for (unsigned i = 0; i < many; ++i) {
        if (i % 3 == 0) EXPECT(memcached_success(memcached_delete(cache, keys[i], lengths[i], 0)));
        else EXPECT(memcached_success(memcached_set(cache, keys[i], lengths[i], keys[i], lengths[i], 0, i)));
    }
    EXPECT(memcached_flush_buffers(cache) == MEMCACHED_SUCCESS);
    memcached_behavior_set(cache, MEMCACHED_BEHAVIOR_NOREPLY, 0);
    EXPECT(memcached_version(cache) == MEMCACHED_SUCCESS);                /* answered behind all that was sent before */
    memcached_behavior_set(cache, MEMCACHED_BEHAVIOR_BUFFER_REQUESTS, 0); /* by another connection */

    EXPECT(memcached_mget(cache, keys, lengths, many) == MEMCACHED_SUCCESS);
    while ((item = memcached_fetch_result(cache, NULL, &result)) != NULL) {
        const uint32_t i = memcached_result_flags(item);
        if (i < many && !found[i] && memcached_result_length(item) == lengths[i] &&
            memcmp(memcached_result_value(item), keys[i], lengths[i]) == 0 &&
            memcmp(memcached_result_key_value(item), keys[i], lengths[i]) == 0)
            ++right;
        if (i < many) found[i] = 1;
        memcached_result_free(item);
    }
    EXPECT(right == many - (many + 2) / 3);
    EXPECT(result == MEMCACHED_END || result == MEMCACHED_NOTFOUND);
    EXPECT(misses("many:0"));
}

static void a_namespace(void) {
    EXPECT(memcached_callback_set(cache, MEMCACHED_CALLBACK_NAMESPACE, "shop:") == MEMCACHED_SUCCESS);
    EXPECT(set("basket", "3") == MEMCACHED_SUCCESS);
    EXPECT(holds("basket", "3"));
    EXPECT(memcached_callback_set(cache, MEMCACHED_CALLBACK_NAMESPACE, NULL) == MEMCACHED_SUCCESS);
    EXPECT(holds("shop:basket", "3"));
}

/* just below memcached's 1 MiB, and above it: refused, and the next command is answered as ever */
static void large_values(void) {
    const size_t sizes[] = {1000, 16 * 1024, 100 * 1024, 1000 * 1000};
    char* value = malloc(2000 * 1000);
    size_t size = 0;
    uint32_t flags = 0;
    memcached_return_t result;
    for (size_t i = 0; i < 2000 * 1000; ++i) value[i] = (char)(i * 7 + i / 256);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; ++i) {
        char* found;
        EXPECT(memcached_set(cache, "large", 5, value, sizes[i], 0, 0) == MEMCACHED_SUCCESS);
        found = memcached_get(cache, "large", 5, &size, &flags, &result);
        EXPECT(result == MEMCACHED_SUCCESS && size == sizes[i] && memcmp(found, value, size) == 0);
        free(found);
    }
    EXPECT(memcached_failed(memcached_set(cache, "large", 5, value, 2000 * 1000, 0, 0)));
    EXPECT(set("small", "1") == MEMCACHED_SUCCESS);
    EXPECT(holds("small", "1"));
    free(value);
}

static void expiry(void) {
    EXPECT(set_for("soon", "1", 1) == MEMCACHED_SUCCESS);
    EXPECT(set_for("later", "1", 1) == MEMCACHED_SUCCESS);
    EXPECT(set_for("past", "1", -1) == MEMCACHED_SUCCESS);
    EXPECT(memcached_touch(cache, "later", 5, 100) == MEMCACHED_SUCCESS);
    EXPECT(memcached_touch(cache, "nothing", 7, 100) == MEMCACHED_NOTFOUND);
    EXPECT(misses("past"));
    sleep(3); /* memcached counts whole seconds */
    EXPECT(misses("soon"));
    EXPECT(holds("later", "1"));
}

static void about_the_server(void) {
    memcached_return_t result;
    memcached_stat_st* statistics;
    EXPECT(memcached_version(cache) == MEMCACHED_SUCCESS);
    EXPECT(memcached_server_major_version(memcached_server_instance_by_position(cache, 0)) == 1);
    statistics = memcached_stat(cache, NULL, &result);
    EXPECT(result == MEMCACHED_SUCCESS && statistics != NULL && statistics[0].pid > 0);
    memcached_stat_free(cache, statistics);
}

int main(int count, char** words) {
    char* port = count == 2 ? strchr(words[1], ':') : NULL;
    if (!port) {
        fprintf(stderr, "usage: libmemcached_app HOST:PORT\n");
        return 2;
    }
    *port++ = '\0';
    cache = memcached_create(NULL);
    EXPECT(memcached_server_add(cache, words[1], (in_port_t)atoi(port)) == MEMCACHED_SUCCESS);
    values_and_flags();
    conditions();
    numbers();
    versions();
    many_at_once();
    a_namespace();
    large_values();
    expiry();
    about_the_server();
    memcached_free(cache);
    return failures == 0 ? 0 : 1;
}
