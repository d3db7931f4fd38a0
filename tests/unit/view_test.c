// SPDX-License-Identifier: MIT
/* What a view tells of a connection that goes. */
#include "view/view.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "test.h"

static bool refused;

static void done(void *ctx, struct json_object *value, const char *error)
{
	(void)ctx;
	refused = !value && error;
}

/* Between two steps nobody looks, so that the next one has to tell. */
static void a_connection_that_goes_with_a_request_is_told_of(void)
{
	static const char greeting[] = "{\"QMP\": {}}\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), device;
	struct view *view;

	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/view-test-%d", (int)getpid());
	unlink(address.sun_path);
	CHECK(!bind(listener, (void *)&address, sizeof(address)) && !listen(listener, 1));
	view = view_open(address.sun_path, 1000, true);
	view_step(view);
	device = accept(listener, NULL, NULL);
	CHECK(device >= 0 && send(device, greeting, strlen(greeting), 0) > 0);
	view_step(view);
	close(device);
	close(listener);
	unlink(address.sun_path);
	CHECK(view_execute(view, "quit", NULL, done, NULL) && refused);
	CHECK(!view_state(view)->connected && view_fd(view) < 0);
	CHECK(view_step(view) && !view_step(view));
	view_close(view);
}

int main(void)
{
	RUN(a_connection_that_goes_with_a_request_is_told_of);
	return test_done();
}
