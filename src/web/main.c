// SPDX-License-Identifier: MIT
/*
 * swcxl-web: a device as a page. One thread waits for the device's control socket and for browsers
 * alike; what it knows of the device is a view (src/view), which it sends to every page as it
 * changes. It can do nothing to the device unless it was given a token that its user shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"
#include "client/conn.h"
#include "view/view.h"
#include "web/web.h"

#define BACKLOG 64
#define TOKEN_LEN_MIN 16

enum status { DONE = 0, FAILED = 1, USAGE = 2, NO_CONNECTION = 3 };

struct options {
	const char *qmp, *token_file, *address;
	char *names[16];
	size_t name_count;
	unsigned interval_ms;
};

static char token[1024];

__attribute__((format(printf, 2, 3))) static _Noreturn void die(enum status status,
								const char *format, ...)
{
	va_list args;

	fputs("swcxl-web: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit((int)status);
}

/* ---- command line ---------------------------------------------------------------------------- */

static const char help[] =
	"usage: swcxl-web [options] [ADDR:]PORT\n"
	"Shows a CXL memory device as a web page.\n"
	"\n"
	"  --qmp SOCK          control socket of an swcxl process (default: $SWCXL_QMP)\n"
	"  --token-file FILE   who shows the token in it can also plant, inject, clear and scan\n"
	"                      (default: $SWCXL_WEB_TOKEN; without either it is read-only)\n"
	"  --name NAME         a name that browsers may ask it by, besides localhost and "
	"addresses\n"
	"  --interval MS       time between looks at the device (default: 1000)\n"
	"  --help              print this help and exit\n"
	"  --version           print the version and exit\n"
	"\n"
	"ADDR is 127.0.0.1 unless it is given; an IPv6 one stands in brackets. PORT 0 is any that\n"
	"is free. The address of the page is printed once it can be opened.\n";

static unsigned parse_interval(const char *text)
{
	char *end;
	unsigned long ms = strtoul(text, &end, 10);

	if (*end || text[0] < '0' || text[0] > '9' || ms < 50 || ms > 60000)
		die(USAGE, "--interval is a number of milliseconds from 50 to 60000, not '%s'",
		    text);
	return (unsigned)ms;
}

static void parse_options(struct options *o, int argc, char **argv)
{
	enum { QMP = 1, TOKEN, NAME, INTERVAL, HELP, VERSION };
	static const struct option options[] = {
		{"qmp", required_argument, NULL, QMP},
		{"token-file", required_argument, NULL, TOKEN},
		{"name", required_argument, NULL, NAME},
		{"interval", required_argument, NULL, INTERVAL},
		{"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},
		{0},
	};
	int option;

	*o = (struct options){.qmp = getenv("SWCXL_QMP"), .interval_ms = 1000};
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case QMP:
			o->qmp = optarg;
			break;
		case TOKEN:
			o->token_file = optarg;
			break;
		case NAME:
			if (o->name_count == ARRAY_SIZE(o->names))
				die(USAGE, "There are more than %zu --name", ARRAY_SIZE(o->names));
			o->names[o->name_count++] = optarg;
			break;
		case INTERVAL:
			o->interval_ms = parse_interval(optarg);
			break;
		case HELP:
			fputs(help, stdout);
			exit(DONE);
		case VERSION:
			puts("swcxl-web " SWCXL_VERSION);
			exit(DONE);
		default:
			die(USAGE, "'swcxl-web --help' says what there is");
		}
	}
	if (argc - optind != 1)
		die(USAGE, "One [ADDR:]PORT is needed; 'swcxl-web --help' says more");
	o->address = argv[optind];
	if (!o->qmp || !*o->qmp)
		die(USAGE, "Say which device: --qmp SOCK (or set SWCXL_QMP)");
	if (strlen(o->qmp) > conn_path_len())
		die(USAGE, "The socket path %s is longer than the %zu characters that it may have",
		    o->qmp, conn_path_len());
}

/* ---- token ----------------------------------------------------------------------------------- */

static const char *check_token(char *text, const char *from)
{
	text[strcspn(text, "\r\n")] = '\0';
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~')
			die(USAGE, "The token in %s has characters other than printable ASCII",
			    from);
	if (strlen(text) < TOKEN_LEN_MIN)
		die(USAGE,
		    "The token in %s is shorter than %d characters: 'openssl rand -hex 16' "
		    "makes a good one",
		    from, TOKEN_LEN_MIN);
	return text;
}

static const char *read_token(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		die(USAGE, "Cannot read the token file %s: %s", path, strerror(errno));
	if (S_ISREG(st.st_mode) && st.st_mode & (S_IRWXG | S_IRWXO))
		die(USAGE, "Others can read the token file: chmod 600 %s", path);
	n = read(fd, token, sizeof(token) - 1);
	if (n < 0)
		die(USAGE, "Cannot read the token file %s: %s", path, strerror(errno));
	close(fd);
	token[n] = '\0';
	return check_token(token, path);
}

static const char *find_token(const struct options *o)
{
	const char *from_env = getenv("SWCXL_WEB_TOKEN");

	if (o->token_file)
		return read_token(o->token_file);
	if (!from_env || !*from_env)
		return NULL;
	if (strlen(from_env) >= sizeof(token))
		die(USAGE, "The token in SWCXL_WEB_TOKEN is too long");
	strcpy(token, from_env);
	unsetenv("SWCXL_WEB_TOKEN");
	return check_token(token, "SWCXL_WEB_TOKEN");
}

/* ---- listening ------------------------------------------------------------------------------- */

/* "[::1]:80", "127.0.0.1:80", "80" */
static void split_address(const char *text, char *host, size_t size, const char **port)
{
	const char *colon = strrchr(text, ':'), *from = text;
	size_t len = colon ? (size_t)(colon - text) : 0;

	*port = colon ? colon + 1 : text;
	if (!**port || strspn(*port, "0123456789") != strlen(*port) || strlen(*port) > 5 ||
	    atoi(*port) > 65535)
		die(USAGE, "'%s' is no port, and no address with a port", text);
	if (len > 2 && text[0] == '[' && text[len - 1] == ']') {
		from++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		die(USAGE, "An IPv6 address stands in brackets: '[::1]:8080'");
	}
	snprintf(host, size, "%.*s", (int)(colon ? len : strlen("127.0.0.1")),
		 colon ? from : "127.0.0.1");
}

static bool is_loopback(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return !memcmp(&v6->sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback));
}

static int listen_at(const struct options *o, char *url, size_t size, bool *v6, bool *loopback)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
				 .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct sockaddr_storage bound = {0};
	socklen_t len = sizeof(bound);
	struct addrinfo *info;
	char host[128], name[NI_MAXHOST], service[NI_MAXSERV];
	const char *port;
	int fd, one = 1;

	split_address(o->address, host, sizeof(host), &port);
	if (getaddrinfo(host, port, &hints, &info) != 0)
		die(USAGE, "'%s' is no address: names are not looked up", host);
	fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	*v6 = info->ai_family == AF_INET6;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0 ||
	    getsockname(fd, (struct sockaddr *)&bound, &len) < 0)
		die(FAILED, "Cannot listen at %s: %s", o->address, strerror(errno));
	freeaddrinfo(info);
	*loopback = is_loopback((struct sockaddr *)&bound);
	getnameinfo((struct sockaddr *)&bound, len, name, sizeof(name), service, sizeof(service),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(url, size, *v6 ? "http://[%s]:%s/" : "http://%s:%s/", name, service);
	return fd;
}

/* ---- the loop -------------------------------------------------------------------------------- */

static int signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* Where there is nothing now, there is a wrong path: better said at once than on a page. */
static void await_device(struct view *view, int signal_fd)
{
	while (!view_state(view)->number) {
		struct pollfd fds[] = {
			{.fd = view_fd(view), .events = view_poll_events(view)},
			{.fd = signal_fd, .events = POLLIN},
		};

		if (view_step(view) && !view_state(view)->connected)
			die(NO_CONNECTION, "%s", view_state(view)->why);
		fds[0] = (struct pollfd){.fd = view_fd(view), .events = view_poll_events(view)};
		if (!view_state(view)->number)
			poll(fds, ARRAY_SIZE(fds), view_timeout_ms(view));
		if (fds[1].revents)
			exit(DONE);
	}
}

static void serve(struct web *web, int signal_fd)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(web->http, MHD_DAEMON_INFO_EPOLL_FD);

	for (;;) {
		struct pollfd fds[] = {
			{.fd = view_fd(web->view), .events = view_poll_events(web->view)},
			{.fd = info->epoll_fd, .events = POLLIN},
			{.fd = signal_fd, .events = POLLIN},
		};
		int timeout = view_timeout_ms(web->view), beat = stream_timeout_ms(web);
		MHD_UNSIGNED_LONG_LONG http_ms;

		if (MHD_get_timeout(web->http, &http_ms) == MHD_YES && http_ms < (unsigned)timeout)
			timeout = (int)http_ms;
		if (beat >= 0 && (unsigned)beat < (unsigned)timeout)
			timeout = beat;
		poll(fds, ARRAY_SIZE(fds), timeout);
		if (fds[2].revents)
			return;
		if (view_step(web->view))
			web_news(web);
		stream_beat(web);
		MHD_run(web->http);
	}
}

int main(int argc, char **argv)
{
	struct options options;
	struct web web = {0};
	char url[NI_MAXHOST + 32];
	bool v6, loopback;
	int listener, signal_fd;

	parse_options(&options, argc, argv);
	web.token = find_token(&options);
	web.names = options.names;
	web.name_count = options.name_count;
	listener = listen_at(&options, url, sizeof(url), &v6, &loopback);
	if (!loopback && web.token)
		fprintf(stderr, "swcxl-web: the token crosses the network in the clear: use a "
				"tunnel, or a proxy with TLS, in front of a loopback address\n");
	signal_fd = signals();
	web.view = view_open(options.qmp, options.interval_ms, true);
	if (!web.view || signal_fd < 0)
		die(FAILED, "Cannot start: %s", strerror(errno));
	await_device(web.view, signal_fd);
	if (!web_start(&web, listener, v6))
		die(FAILED, "Cannot start the server at %s", options.address);
	if (printf("%s\n", url) < 0 || fflush(stdout) != 0)
		die(FAILED, "Cannot write: %s", strerror(errno));
	serve(&web, signal_fd);
	view_close(web.view); /* calls that wait are answered with that */
	web_stop(&web);
	close(signal_fd);
	return DONE;
}
