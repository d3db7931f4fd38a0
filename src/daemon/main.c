// SPDX-License-Identifier: MIT
/*
 * The process around one device: comes up in stages, runs the loop, goes down in reverse.
 *
 *   options   checked; nothing has been touched
 *   process   signals, the parent
 *   child     --run, forked before anything is given up; it waits
 *   begin     what was inherited is closed, nothing can be executed any more (sandbox.h)
 *   files     opened: directory of the pid file, trace, state; whom to tell
 *   device    made, with the loop and its clock; its state restored, and power switched on
 *   sockets   bound and listening, so that whoever is started next can connect at once
 *   lockdown  the sandbox: from here on no path is opened
 *   ready     the pid file says so, the service manager is told, and the child may go
 *   loop
 *
 * What a stage makes is in struct daemon, where tear_down() finds it, however far we came.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/util.h"
#include "daemon/entry.h"
#include "daemon/listen.h"
#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/replay.h"
#include "daemon/run.h"
#include "daemon/sandbox.h"
#include "daemon/trace.h"
#include "front/qmp/qmp.h"
#include "front/vfio/vfio.h"
#include "loop/loop.h"
#include "state/state.h"

#define CANNOT_START 1
#define CANNOT_WRITE 1 /* the state file, at the end */

struct daemon {
	struct options options;
	sigset_t inherited_mask;
	int signals; /* descriptor */
	int notify;  /* descriptor, or -1 */
	struct loop_watch *signal_watch;
	struct trace *trace;
	struct entry pid_file, vfio_socket, qmp_socket;
	struct entry sockets_dir;   /* private_dir */
	struct entry state_file;    /* for its directory: SQLite makes and removes */
	char private_dir[PATH_MAX]; /* of sockets for --run; "" when there is none */
	char vfio_path[PATH_MAX], qmp_path[PATH_MAX];
	struct loop *loop;
	struct state *state;	/* NULL: nothing is durable */
	const char *unwritable; /* why its file cannot be written, or NULL */
	struct swcxl_dev *dev;
	struct vfio_server *vfio;
	struct qmp_server *qmp;
	struct run run;
};

/* ---- what the device asks of its host ---------------------------------------------------------
 */

static void *on_realloc(void *ctx, void *old, size_t size)
{
	(void)ctx;
	if (size)
		return realloc(old, size);
	free(old);
	return NULL;
}

static void on_irq(void *ctx, unsigned vector)
{
	struct daemon *daemon = ctx;

	if (daemon->vfio)
		vfio_server_irq(daemon->vfio, vector);
}

static void on_log(void *ctx, enum swcxl_log_level level, const char *text)
{
	(void)ctx;
	log_line(level, "%s", text);
}

static void on_trace(void *ctx, const struct swcxl_trace *trace)
{
	struct daemon *daemon = ctx;

	trace_add(daemon->trace, trace);
	if (daemon->qmp)
		qmp_server_count(daemon->qmp, trace);
}

static void on_notice(void *ctx, const struct swcxl_notice *notice)
{
	struct daemon *daemon = ctx;

	if (notice->kind == SWCXL_NOTICE_BACKGROUND_STARTED)
		loop_background_started(daemon->loop);
	if (daemon->qmp)
		qmp_server_notice(daemon->qmp, notice);
}

static void on_deadline(void *ctx, uint64_t deadline_ns)
{
	struct daemon *daemon = ctx;

	loop_deadline_moved(daemon->loop, deadline_ns);
}

static void on_change(void *ctx, const struct swcxl_change *change)
{
	struct daemon *daemon = ctx;

	if (daemon->state)
		state_change(daemon->state, change);
}

static uint64_t on_ticket(void *ctx)
{
	struct daemon *daemon = ctx;

	return daemon->state ? state_ticket(daemon->state) : 0;
}

/* ---- what durable state asks of its host ------------------------------------------------------
 */

static void on_commit_begins(void *ctx)
{
	struct daemon *daemon = ctx;

	if (daemon->qmp)
		qmp_server_commit_begins(daemon->qmp);
}

static void on_commit_done(void *ctx, uint64_t ticket)
{
	struct daemon *daemon = ctx;

	swcxl_settled(daemon->dev, ticket);
	if (daemon->qmp)
		qmp_server_commit_done(daemon->qmp);
}

static void on_broken(void *ctx, const char *why)
{
	struct daemon *daemon = ctx;

	daemon->unwritable = why;
	swcxl_unwritable(daemon->dev, why);
	if (daemon->qmp && why)
		qmp_server_commit_failed(daemon->qmp, why);
}

static void on_busy(void *ctx, bool busy)
{
	struct daemon *daemon = ctx;

	if (daemon->qmp)
		qmp_server_pause(daemon->qmp, busy);
	if (daemon->vfio)
		vfio_server_pause(daemon->vfio, busy);
}

/* ---- what the control server asks of its host -------------------------------------------------
 */

static const struct vfio_stats *on_vfio_stats(void *ctx)
{
	struct daemon *daemon = ctx;

	return daemon->vfio ? vfio_server_stats(daemon->vfio) : NULL;
}

static void on_qmp_trace(void *ctx, const char *name, const char *arguments, const char *ret)
{
	struct daemon *daemon = ctx;

	trace_qmp(daemon->trace, swcxl_now(daemon->dev), name, arguments, ret);
}

static bool on_settled(void *ctx)
{
	const struct daemon *daemon = ctx;

	return daemon->unwritable || on_ticket(ctx) == 0;
}

static const char *on_unwritable(void *ctx)
{
	const struct daemon *daemon = ctx;

	return daemon->unwritable;
}

static const struct state_stats *on_state_stats(void *ctx)
{
	const struct daemon *daemon = ctx;

	return state_stats(daemon->state);
}

static void on_renewed(void *ctx)
{
	struct daemon *daemon = ctx;

	state_renew(daemon->state);
}

static void on_quit(void *ctx)
{
	struct daemon *daemon = ctx;

	loop_stop(daemon->loop, 0);
}

/* ---- signals ----------------------------------------------------------------------------------
 */

static void on_signal(void *ctx, int events)
{
	struct daemon *daemon = ctx;
	struct signalfd_siginfo info;
	int status;

	(void)events;
	if (read(daemon->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGCHLD) {
		log_line(SWCXL_LOG_INFO, "ending: %s", strsignal((int)info.ssi_signo));
		loop_stop(daemon->loop, 0);
	} else if (run_ended(&daemon->run, &status)) {
		loop_stop(daemon->loop, status);
	}
}

/* ---- stages: each returns false after a line that says what is wrong --------------------------
 */

static bool failed(const char *what, int error)
{
	log_line(SWCXL_LOG_ERR, "%s: %s", what, strerror(-error));
	return false;
}

static sigset_t handled(void)
{
	struct sigaction hangup;
	sigset_t set;

	sigemptyset(&set);
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler != SIG_IGN) /* nohup(1): the end of a terminal is not ours */
		sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGCHLD);
	return set;
}

static bool stage_process(struct daemon *daemon)
{
	const sigset_t mask = handled();
	pid_t parent = getppid();

	for (int i = 1; i < NSIG; i++)
		if (sigismember(&mask, i) > 0)
			signal(i, SIG_DFL); /* one that is ignored would never arrive */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of its write */
	sigprocmask(SIG_BLOCK, &mask, &daemon->inherited_mask);
	if (daemon->options.exit_with_parent) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			raise(SIGTERM); /* it ended before we asked: found in the loop */
	}
	return true;
}

static bool stage_child(struct daemon *daemon)
{
	const char *command = daemon->options.run;

	if (daemon->options.fd >= 0)
		fcntl(daemon->options.fd, F_SETFD, FD_CLOEXEC); /* it is ours alone */
	return !command || run_fork(&daemon->run, command, &daemon->inherited_mask);
}

static bool stage_begin(struct daemon *daemon)
{
	const int keep[] = {daemon->options.fd, daemon->run.go};

	return sandbox_begin(daemon->options.sandbox, keep, ARRAY_SIZE(keep));
}

static bool stage_files(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	pid_t owner;
	int error;

	if (options->pid_file) {
		error = entry_open(&daemon->pid_file, options->pid_file);
		if (!error)
			error = entry_writable(&daemon->pid_file);
		if (error)
			return failed(options->pid_file, error);
		owner = entry_owner(&daemon->pid_file);
		if (owner) {
			log_line(SWCXL_LOG_ERR, "%s is of process %ld, which is running",
				 options->pid_file, (long)owner);
			return false;
		}
	}
	daemon->notify = notify_open();
	if (options->trace)
		daemon->trace = trace_new(options->trace);
	return daemon->trace || !options->trace;
}

static bool stage_state(struct daemon *daemon)
{
	struct options *options = &daemon->options;
	const struct state_host host = {
		.ctx = daemon,
		.log = on_log,
		.commit_begins = on_commit_begins,
		.commit_done = on_commit_done,
		.broken = on_broken,
		.busy = on_busy,
	};

	if (!options->state)
		return true;
	entry_open(&daemon->state_file, options->state); /* what is wrong with it, SQLite says */
	daemon->state = state_open(options->state, &options->config, !options->serial_given, &host);
	return daemon->state;
}

/* What has been stored is what power leaves when it goes: it comes back by a cold reset. */
static bool restore(struct daemon *daemon)
{
	if (!daemon->state)
		return true;
	if (!state_load(daemon->state, daemon->dev))
		return false;
	swcxl_reset(daemon->dev, SWCXL_RESET_COLD);
	return state_sync(daemon->state);
}

static bool stage_device(struct daemon *daemon)
{
	const struct swcxl_host host = {
		.ctx = daemon,
		.realloc = on_realloc,
		.irq = on_irq,
		.log = on_log,
		.trace = on_trace,
		.notice = on_notice,
		.changed = on_change,
		.deadline = on_deadline,
		.ticket = on_ticket,
	};
	const sigset_t mask = handled();
	int error;

	daemon->loop = loop_new(daemon->options.virtual_clock);
	if (!daemon->loop)
		return failed("cannot make an event loop", -ENOMEM);
	error = swcxl_new(&daemon->options.config, &host, &daemon->dev);
	if (error)
		return failed("cannot make the device", error);
	if (!restore(daemon))
		return false;
	if (daemon->trace)
		trace_begin(daemon->trace, &daemon->options,
			    daemon->state && !state_is_new(daemon->state));
	loop_attach(daemon->loop, daemon->dev);
	daemon->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (daemon->signals < 0)
		return failed("cannot receive signals", -errno);
	daemon->signal_watch =
		loop_watch(daemon->loop, daemon->signals, LOOP_READABLE, on_signal, daemon);
	return daemon->signal_watch || failed("cannot watch signals", -ENOMEM);
}

/* Where a socket of ours is: the path given, or one in the private directory of --run. */
static bool place_socket(struct daemon *daemon, const char *given, const char *name,
			 char path[static PATH_MAX])
{
	const char *tmp = getenv("TMPDIR");
	int len;

	if (given) {
		snprintf(path, PATH_MAX, "%s", given);
		return true;
	}
	if (!daemon->private_dir[0]) {
		len = snprintf(path, PATH_MAX, "%s/swcxl-XXXXXX", tmp && *tmp ? tmp : "/tmp");
		/* sun_path has 108 bytes, and the socket's name follows. */
		if (len > 90)
			return failed("TMPDIR is too long for sockets", -ENAMETOOLONG);
		if (!mkdtemp(path))
			return failed(path, -errno);
		memcpy(daemon->private_dir, path, (size_t)len + 1);
		if (entry_open(&daemon->sockets_dir, path) || entry_made(&daemon->sockets_dir))
			return failed(path, -errno);
	}
	snprintf(path, PATH_MAX, "%.90s/%s", daemon->private_dir, name);
	return true;
}

static bool stage_sockets(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	const struct qmp_host host = {
		.ctx = daemon,
		.name = options->name,
		.vfio_stats = on_vfio_stats,
		.trace_path = trace_path(daemon->trace),
		.trace = daemon->trace ? on_qmp_trace : NULL,
		.quit = on_quit,
		.settled = daemon->state ? on_settled : NULL,
		.unwritable = daemon->state ? on_unwritable : NULL,
		.state_stats = daemon->state ? on_state_stats : NULL,
		.renewed = daemon->state ? on_renewed : NULL,
	};
	char what[24] = "vfio-user";
	int error, fd = options->fd;

	if (fd >= 0)
		snprintf(what, sizeof(what), "--fd %d", fd);
	if (fd < 0 && (options->socket_path || options->run)) {
		if (!place_socket(daemon, options->socket_path, "vfio-user", daemon->vfio_path))
			return false;
		fd = listen_on(daemon->vfio_path, options->socket_gid, &daemon->vfio_socket);
		if (fd < 0)
			return false;
	}
	if (fd >= 0) {
		error = vfio_server_new(daemon->loop, daemon->dev, fd, options->poll_ns,
					&daemon->vfio);
		if (error)
			return failed(what, error);
	}
	if (options->qmp || options->run) {
		if (!place_socket(daemon, options->qmp, "qmp", daemon->qmp_path))
			return false;
		fd = listen_on(daemon->qmp_path, options->socket_gid, &daemon->qmp_socket);
		if (fd < 0)
			return false;
		error = qmp_server_new(daemon->loop, daemon->dev, fd, &host, &daemon->qmp);
		if (error)
			return failed("qmp", error);
	}
	return true;
}

static bool stage_lockdown(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	const struct sandbox_dir all[] = {
		{SANDBOX_STATE, &daemon->state_file.dir},
		{SANDBOX_FILE, &daemon->pid_file.dir},
		{SANDBOX_SOCKET, &daemon->vfio_socket.dir},
		{SANDBOX_SOCKET, &daemon->qmp_socket.dir},
		{SANDBOX_DIR, &daemon->sockets_dir.dir},
	};
	struct sandbox_dir dirs[ARRAY_SIZE(all)];
	struct sandbox sandbox = {
		.mode = options->sandbox,
		.dirs = dirs,
		.state = daemon->state,
		.child = daemon->run.child,
	};
	int error = options->pid_file ? entry_draft(&daemon->pid_file) : 0;

	if (error)
		return failed(options->pid_file, error);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		if (*all[i].fd >= 0)
			dirs[sandbox.n_dirs++] = all[i];
	return sandbox_enter(&sandbox);
}

static bool stage_ready(struct daemon *daemon)
{
	const struct options *options = &daemon->options;
	char text[24];
	int error = 0;

	/* a thread that was there before the sandbox would be outside of most of it */
	if (daemon->state && !state_run(daemon->state, daemon->loop))
		return false;
	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (options->pid_file)
		error = entry_publish(&daemon->pid_file, text);
	if (error)
		return failed(options->pid_file, error);
	notify_ready(daemon->notify);
	return !options->run || run_go(&daemon->run, daemon->vfio_path, daemon->qmp_path) ||
	       failed(options->run, -errno);
}

/* False: what was to be durable is not. */
static bool tear_down(struct daemon *daemon)
{
	struct qmp_server *qmp = daemon->qmp;
	struct vfio_server *vfio = daemon->vfio;
	bool ok = true;

	run_stop(&daemon->run);
	/* Clients that wait for a commit still get their replies. */
	if (daemon->state)
		ok = state_sync(daemon->state);
	/* Callbacks of the device find nobody to tell any more. */
	daemon->qmp = NULL;
	daemon->vfio = NULL;
	qmp_server_free(qmp);
	if (vfio)
		vfio_server_free(vfio);
	if (daemon->state && ok) /* the client's end was a reset */
		ok = state_sync(daemon->state);
	state_close(daemon->state);
	daemon->state = NULL;
	loop_unwatch(daemon->signal_watch);
	loop_free(daemon->loop);
	swcxl_free(daemon->dev);
	entry_remove(&daemon->vfio_socket);
	entry_remove(&daemon->qmp_socket);
	entry_remove(&daemon->sockets_dir);
	entry_remove(&daemon->state_file);
	trace_free(daemon->trace);
	entry_remove(&daemon->pid_file);
	return ok;
}

int main(int argc, char **argv)
{
	static bool (*const stages[])(struct daemon *) = {
		stage_process, stage_child,   stage_begin,    stage_files, stage_state,
		stage_device,  stage_sockets, stage_lockdown, stage_ready,
	};
	static struct daemon daemon = {
		.pid_file = NO_ENTRY,
		.vfio_socket = NO_ENTRY,
		.qmp_socket = NO_ENTRY,
		.sockets_dir = NO_ENTRY,
		.state_file = NO_ENTRY,
		.notify = -1,
		.run = NO_RUN,
	};
	int status = options_parse(&daemon.options, argc, argv);

	if (status != OPTIONS_GO)
		return status;
	log_set_level(daemon.options.log_level);
	if (daemon.options.replay)
		return replay(daemon.options.replay, argc, argv);
	status = 0;
	for (size_t i = 0; i < ARRAY_SIZE(stages) && !status; i++)
		status = stages[i](&daemon) ? 0 : CANNOT_START;
	if (!status)
		status = loop_run(daemon.loop);
	if (!tear_down(&daemon) && !status)
		status = CANNOT_WRITE;
	return status;
}
