/* A pool of servers as libmemcached places keys on it. Keys come line by line on standard input; each one's value and
   flags follow from it, so that whoever writes and whoever reads need not meet. libmemcached_pool place ketama|modula
   SERVER...   prints each key's server, counted from 0 libmemcached_pool write ketama|modula SERVER...   sets each
     libmemcached_pool read  ketama|modula SERVER...   gets each, and prints how many were right, wrong and missing
   SERVER is HOST:PORT or /SOCKET, with :WEIGHT behind it or not. */
#include <libmemcached/memcached.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { batch_max = 1000, key_max = 250, value_max = 2 * key_max };

static void fail(const char* what, const char* why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(2);
}

static void demand(memcached_st* pool, const char* what, memcached_return_t result) {
    if (memcached_failed(result))
        fail(what, memcached_last_error_message(pool) ? memcached_last_error_message(pool)
                                                      : memcached_strerror(pool, result));
}

static void add_server(memcached_st* pool, char* server) {
    char* host = strtok(server, ":");
    char* port = host[0] == '/' ? NULL : strtok(NULL, ":");
    char* weight = strtok(NULL, ":");
    const unsigned w = weight ? (unsigned)atoi(weight) : 1;
    if (host[0] == '/') demand(pool, host, memcached_server_add_unix_socket_with_weight(pool, host, w));
    else demand(pool, host, memcached_server_add_with_weight(pool, host, port ? (in_port_t)atoi(port) : 11211, w));
}

static memcached_st* make_pool(const char* kind, char** servers) {
    memcached_st* pool = memcached_create(NULL);
    if (strcmp(kind, "ketama") == 0)
        demand(pool, kind, memcached_behavior_set(pool, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1));
    else if (strcmp(kind, "modula") != 0) fail(kind, "is neither ketama nor modula");
    for (; *servers; ++servers) add_server(pool, *servers);
    return pool;
}

/* false: there are no more */
static int next_key(char* key, size_t* length) {
    char line[key_max + 2];
    if (!fgets(line, sizeof line, stdin)) return 0;
    *length = strcspn(line, "\n");
    if (*length == 0 || *length > key_max) fail("a key", "is empty or too long");
    memcpy(key, line, *length);
    key[*length] = '\0';
    return 1;
}

/* a key of n bytes has the flags n, and as its value itself, an = and itself backwards, without its first n % 7 bytes
 */
static size_t make_value(const char* key, size_t length, char* value) {
    size_t size = 0;
    memcpy(value, key, length);
    size = length;
    value[size++] = '=';
    for (size_t i = length; i-- > length % 7;) value[size++] = key[i];
    return size;
}

static void place(memcached_st* pool) {
    char key[key_max + 1];
    size_t length;
    while (next_key(key, &length)) printf("%u\n", memcached_generate_hash(pool, key, length));
}

static void write_keys(memcached_st* pool) {
    char key[key_max + 1], value[value_max + 1];
    size_t length;
    memcached_behavior_set(pool, MEMCACHED_BEHAVIOR_BUFFER_REQUESTS, 1);
    memcached_behavior_set(pool, MEMCACHED_BEHAVIOR_NOREPLY, 1);
    while (next_key(key, &length)) {
        const size_t size = make_value(key, length, value);
        demand(pool, key, memcached_set(pool, key, length, value, size, 0, (uint32_t)length));
    }
    demand(pool, "flush", memcached_flush_buffers(pool));
    memcached_behavior_set(pool, MEMCACHED_BEHAVIOR_NOREPLY, 0);
    demand(pool, "version", memcached_version(pool)); /* whoever answers this has done what was sent before */
}

struct found {
    unsigned long right, wrong, missing;
};

static void read_batch(memcached_st* pool, const char* const* keys, const size_t* lengths, size_t count,
                       struct found* found) {
    char expected[value_max + 1];
    size_t answers = 0;
    memcached_return_t result;
    memcached_result_st item;
    memcached_result_create(pool, &item);
    demand(pool, "mget", memcached_mget(pool, keys, lengths, count));
    while (memcached_fetch_result(pool, &item, &result)) {
        const size_t size = make_value(memcached_result_key_value(&item), memcached_result_key_length(&item), expected);
        const int same = size == memcached_result_length(&item) &&
                         memcmp(expected, memcached_result_value(&item), size) == 0 &&
                         memcached_result_flags(&item) == memcached_result_key_length(&item);
        ++*(same ? &found->right : &found->wrong);
        ++answers;
    }
    if (result != MEMCACHED_END && result != MEMCACHED_NOTFOUND) demand(pool, "fetch", result);
    found->missing += count - answers;
    memcached_result_free(&item);
}

static void read_keys(memcached_st* pool) {
    static char keys[batch_max][key_max + 1];
    static const char* pointers[batch_max];
    static size_t lengths[batch_max];
    struct found found = {0, 0, 0};
    int more = 1;
    while (more) {
        size_t count = 0;
        while (count < batch_max && (more = next_key(keys[count], &lengths[count]))) {
            pointers[count] = keys[count];
            ++count;
        }
        if (count > 0) read_batch(pool, pointers, lengths, count, &found);
    }
    printf("%lu right, %lu wrong, %lu missing\n", found.right, found.wrong, found.missing);
}

int main(int count, char** words) {
    memcached_st* pool;
    if (count < 4) fail("usage", "libmemcached_pool place|write|read ketama|modula SERVER... <KEYS");
    pool = make_pool(words[2], words + 3);
    if (strcmp(words[1], "place") == 0) place(pool);
    else if (strcmp(words[1], "write") == 0) write_keys(pool);
    else if (strcmp(words[1], "read") == 0) read_keys(pool);
    else fail(words[1], "is none of place, write and read");
    memcached_free(pool);
    return 0;
}
