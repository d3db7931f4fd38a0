/* SPDX-License-Identifier: MIT */
/*
 * A QMP client that injects poison, line after line, and keeps so many commands in flight. It
 * knows nothing of who serves: QEMU and swcxl are driven by the same bytes. All requests are made
 * before the clock starts, so that what it measures is the other side.
 *
 *	control_client SOCKET PATH FIRST COUNT DEPTH
 *
 * PATH is the device's; FIRST the number of the first line, COUNT how many: every second line of
 * the device, so that no two ranges touch. Prints seconds, successes and errors.
 */
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LINE 64
#define IN_BYTES (1u << 18) /* more than any reply or event */

struct client {
	int fd;
	size_t len; /* of the part of a line that is in `in` */
	unsigned long good, bad;
	char in[IN_BYTES];
};

struct requests {
	char *text;
	size_t *ends; /* of each of them in it */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void connect_to(struct client *client, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		errx(2, "%s: too long", path);
	strcpy(address.sun_path, path);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 || connect(client->fd, (void *)&address, sizeof(address)))
		err(2, "%s", path);
}

static void put(const struct client *client, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(client->fd, bytes, len);

		if (n <= 0)
			err(2, "cannot send");
		bytes += n;
		len -= (size_t)n;
	}
}

/* Neither side puts anything before the member that tells what a message is, but for the time
 * stamp of events and the greeting, which do not count. */
static void count(struct client *client, const char *line)
{
	static const char good[] = "{\"return\"", bad[] = "{\"error\"";

	client->good += !strncmp(line, good, sizeof(good) - 1);
	client->bad += !strncmp(line, bad, sizeof(bad) - 1);
}

/* Waits for something to come, and counts the replies in it. */
static void get(struct client *client)
{
	char *line = client->in, *end;
	ssize_t n;

	if (client->len >= IN_BYTES)
		errx(2, "a line without an end");
	n = read(client->fd, client->in + client->len, IN_BYTES - client->len);
	if (n <= 0)
		errx(2, "the connection is lost");
	client->len += (size_t)n;
	while ((end = memchr(line, '\n', (size_t)(client->in + client->len - line)))) {
		count(client, line);
		line = end + 1;
	}
	client->len -= (size_t)(line - client->in);
	memmove(client->in, line, client->len);
}

static struct requests prepare(const char *path, unsigned long first, unsigned long n)
{
	static const char form[] = "{\"execute\": \"cxl-inject-poison\", \"arguments\": "
				   "{\"path\": \"%s\", \"start\": %llu, \"length\": %u}}\n";
	size_t each = sizeof(form) + strlen(path) + 32;
	struct requests requests = {malloc(n * each), malloc(n * sizeof(*requests.ends))};
	size_t len = 0;

	if (!requests.text || !requests.ends)
		err(2, "requests");
	for (unsigned long i = 0; i < n; i++) {
		len += (size_t)snprintf(requests.text + len, each, form, path,
					(first + i) * 2ull * LINE, LINE);
		requests.ends[i] = len;
	}
	return requests;
}

static double run(struct client *client, const struct requests *requests, unsigned long n,
		  unsigned long depth)
{
	unsigned long sent = 0, done = 0;
	double start = now();

	client->good = client->bad = 0;
	while (done < n) {
		unsigned long to = done + depth < n ? done + depth : n;
		size_t from = sent ? requests->ends[sent - 1] : 0;

		if (to > sent)
			put(client, requests->text + from, requests->ends[to - 1] - from);
		sent = to;
		get(client);
		done = client->good + client->bad;
	}
	return now() - start;
}

int main(int argc, char **argv)
{
	static const char negotiate[] = "{\"execute\": \"qmp_capabilities\"}\n";
	static struct client client;
	struct requests requests;
	unsigned long n;
	double seconds;

	if (argc != 6)
		errx(2, "control_client SOCKET PATH FIRST COUNT DEPTH");
	n = strtoul(argv[4], NULL, 0);
	requests = prepare(argv[2], strtoul(argv[3], NULL, 0), n);
	connect_to(&client, argv[1]);
	put(&client, negotiate, sizeof(negotiate) - 1);
	while (!client.good)
		get(&client);
	seconds = run(&client, &requests, n, strtoul(argv[5], NULL, 0));
	printf("%.9f %lu %lu\n", seconds, client.good, client.bad);
	free(requests.text);
	free(requests.ends);
	close(client.fd);
	return 0;
}
