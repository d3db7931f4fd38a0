/* SPDX-License-Identifier: MIT */
/*
 * swcxl-top: a device on a full screen, as it lives. It only looks: swcxlctl does things.
 *
 * One loop waits for keys, for the device and for signals. Those that end the program are blocked
 * but for the wait, so the terminal is always put back where it is whole, and then they end it as
 * they would have.
 */
#include <curses.h>
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "swcxl/swcxl.h"
#include "top/draw.h"

enum status { DONE = 0, USAGE = 2 };

static const struct {
	const char *name, *argument, *help;
} options[] = {
	{"qmp", "SOCK", "control socket of an swcxl process (default: $SWCXL_QMP)"},
	{"interval", "SECONDS", "how often it is looked at (default: 1; 0.05 to 3600)"},
	{"help", NULL, "print help and exit"},
	{"version", NULL, "print the version and exit"},
};
enum { OPT_qmp, OPT_interval, OPT_help, OPT_version, OPTIONS };

static volatile sig_atomic_t ended;

static void end(int sig)
{
	ended = sig;
}

__attribute__((format(printf, 1, 2))) static _Noreturn void die(const char *format, ...)
{
	va_list args;

	fputs("swcxl-top: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(USAGE);
}

static void print_help(void)
{
	printf("Usage: swcxl-top [--qmp SOCK] [--interval SECONDS]\n\n"
	       "Shows a CXL memory device on a full screen, as it lives.\n\nOptions:\n");
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		printf("  --%s %-*s  %s\n", options[i].name, 18 - (int)strlen(options[i].name),
		       options[i].argument ? options[i].argument : "", options[i].help);
	printf("\nPress ? for the keys; see also swcxl-top(1).\n");
}

static unsigned interval_ms(const char *text)
{
	char *end_of_text;
	double seconds = strtod(text, &end_of_text);

	if (!*text || *end_of_text || !(seconds >= 0.05 && seconds <= 3600))
		die("--interval needs a number of seconds, 0.05 to 3600, and '%s' is none", text);
	return (unsigned)(seconds * 1000);
}

/* The values of options; ends the program when they cannot be meant. */
static void parse(int argc, char **argv, const char *values[static OPTIONS])
{
	struct option table[OPTIONS + 1] = {{0}};
	int index;

	for (size_t i = 0; i < OPTIONS; i++)
		table[i] = (struct option){.name = options[i].name,
					   .has_arg = options[i].argument ? required_argument
									  : no_argument};
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, ":h", table, &index)) != -1;) {
		if (c == 'h')
			values[OPT_help] = "";
		else if (c == 0)
			values[index] = optarg ? optarg : "";
		else
			die("%s %s. See 'swcxl-top --help'", argv[optind - 1],
			    c == ':' ? "needs an argument" : "is no option");
	}
	if (optind < argc)
		die("'%s' is no option: arguments there are none. See 'swcxl-top --help'",
		    argv[optind]);
}

/* ---- running --------------------------------------------------------------------------------- */

struct top {
	struct view *view;
	struct screen screen;
	struct picture picture;
	struct view_state frozen; /* what is shown while it is paused */
	bool quit;
};

static void pause_or_go_on(struct top *top)
{
	top->screen.paused = !top->screen.paused;
	if (top->screen.paused)
		top->frozen = *view_state(top->view);
	top->screen.state = top->screen.paused ? &top->frozen : view_state(top->view);
}

/* The events of all logs, of the first one there is, and so on. */
static void next_log(struct screen *screen)
{
	screen->log++;
	if (!has_log(screen->state, (unsigned)screen->log))
		screen->log = -1;
}

static void take_key(struct top *top, int key)
{
	struct picture *p = &top->picture;

	if (top->screen.help && key != KEY_RESIZE) {
		top->screen.help = false;
		return;
	}
	switch (key) {
	case 'q':
		top->quit = true;
		break;
	case '?':
	case 'h':
		top->screen.help = true;
		break;
	case KEY_LEFT:
		picture_move(p, -1, 0);
		break;
	case KEY_RIGHT:
		picture_move(p, 1, 0);
		break;
	case KEY_UP:
		picture_move(p, 0, -1);
		break;
	case KEY_DOWN:
		picture_move(p, 0, 1);
		break;
	case '+':
	case '\n':
	case '\r':
	case KEY_ENTER:
		picture_zoom(p, true);
		break;
	case '-':
	case KEY_BACKSPACE:
	case '\b':
	case 0x7f:
		picture_zoom(p, false);
		break;
	case '0':
		picture_whole(p);
		break;
	case 'n':
		picture_next(p);
		break;
	case 'l':
		next_log(&top->screen);
		break;
	case ' ':
		pause_or_go_on(top);
		break;
	default: /* a new size, or nothing: it is drawn anew in any case */
		break;
	}
}

static void run(struct top *top, const sigset_t *during)
{
	screen_draw(&top->screen);
	while (!top->quit && !ended) {
		struct pollfd fds[] = {
			{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = view_fd(top->view), .events = view_poll_events(top->view)},
		};
		int ms = view_timeout_ms(top->view);
		struct timespec timeout = {ms / 1000, ms % 1000 * 1000000L};
		uint64_t number = view_state(top->view)->number;
		bool draw;

		if (ppoll(fds, ARRAY_SIZE(fds), &timeout, during) < 0 && errno != EINTR)
			break;
		if (fds[0].revents & (POLLHUP | POLLERR))
			break; /* the terminal has gone */
		/* What it asked for itself (the picture) is shown with it, and no answer tells. */
		draw = view_step(top->view) || top->picture.changed;
		if (view_state(top->view)->number != number && !top->screen.paused)
			picture_refresh(&top->picture);
		for (int key; (key = getch()) != ERR; draw = true)
			take_key(top, key);
		top->picture.changed = false;
		if (draw)
			screen_draw(&top->screen);
	}
}

static void catch_signals(sigset_t *during)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], &(struct sigaction){.sa_handler = end}, NULL);
		sigaddset(&block, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &block, during);
}

static SCREEN *open_screen(void)
{
	const char *no_color = getenv("NO_COLOR");
	SCREEN *screen;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		die("This needs a terminal. 'swcxlctl status' and 'swcxlctl map' print what there "
		    "is once, for a file or a pipe");
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		die("The terminal '%s' is not known here: set TERM to one that is, such as xterm",
		    getenv("TERM") ? getenv("TERM") : "");
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	paints_init(!no_color || !*no_color);
	return screen;
}

int main(int argc, char **argv)
{
	const char *values[OPTIONS] = {NULL};
	struct top *top = calloc(1, sizeof(*top));
	unsigned interval;
	SCREEN *screen;
	sigset_t during;

	setlocale(LC_ALL, "");
	parse(argc, argv, values);
	if (values[OPT_help] || values[OPT_version]) {
		values[OPT_help] ? print_help() : (void)puts("swcxl-top " SWCXL_VERSION);
		free(top);
		return DONE;
	}
	interval = interval_ms(values[OPT_interval] ? values[OPT_interval] : "1");
	if (!values[OPT_qmp])
		values[OPT_qmp] = getenv("SWCXL_QMP");
	if (!values[OPT_qmp] || !*values[OPT_qmp])
		die("Say which device: --qmp SOCK (or set SWCXL_QMP)");
	if (top)
		top->view = view_open(values[OPT_qmp], interval, false);
	if (!top || !top->view)
		die("Out of memory");
	screen = open_screen();
	catch_signals(&during);
	top->picture.view = top->view;
	top->screen = (struct screen){.state = view_state(top->view),
				      .picture = &top->picture,
				      .path = values[OPT_qmp],
				      .log = -1};
	run(top, &during);
	endwin();
	delscreen(screen);
	view_close(top->view);
	free(top);
	if (ended) {
		signal(ended, SIG_DFL);
		sigprocmask(SIG_SETMASK, &during, NULL);
		raise(ended);
	}
	return DONE;
}
