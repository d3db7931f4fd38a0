// SPDX-License-Identifier: MIT
/* Who may ask swcxl-web. */
#include "web/guard.h"

#include <string.h>

#include "base/util.h"
#include "test.h"

static char name[] = "lab.example";
static char *const names[] = {name};

static bool allowed(const char *host)
{
	return guard_host(host, names, ARRAY_SIZE(names));
}

static void addresses_and_names(void)
{
	CHECK(allowed("127.0.0.1") && allowed("127.0.0.1:80") && allowed("10.1.2.3:65535"));
	CHECK(allowed("[::1]") && allowed("[::1]:8080") && allowed("localhost"));
	CHECK(allowed("LocalHost:8080") && allowed("lab.example") && allowed("LAB.example:1"));
	CHECK(!guard_host("lab.example", NULL, 0) && guard_host("localhost:1", NULL, 0));
}

static void what_is_neither(void)
{
	static const char *const hosts[] = {
		"",
		"evil.example",
		"localhost.evil.example",
		"127.0.0.1.x",
		"127.0.0.1x",
		"127.1",
		"lab.example.x",
		"xlab.example",
		"lab.example:",
		"lab.example:x",
		"[::1",
		"[::1]x",
		"[localhost]",
		"[127.0.0.1]",
		"::1",
		"[]",
		"localhost@evil.x",
		"lab.example:80:80",
		"localhost ",
		"[::1]:80x",
		":80",
	};

	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
		CHECK(!allowed(hosts[i]));
	CHECK(!allowed(NULL));
}

static void a_host_that_is_long(void)
{
	char host[1000];

	memset(host, 'a', sizeof(host));
	host[sizeof(host) - 1] = '\0';
	CHECK(!allowed(host));
	host[255] = '\0';
	CHECK(!allowed(host));
}

static void origins(void)
{
	CHECK(guard_origin(NULL, "localhost:80"));
	CHECK(guard_origin("http://localhost:80", "localhost:80"));
	CHECK(guard_origin("https://Lab.example", "lab.example"));
	CHECK(!guard_origin("http://localhost", "localhost:80"));
	CHECK(!guard_origin("http://localhost:80.evil.example", "localhost:80"));
	CHECK(!guard_origin("http://evil.example", "localhost:80"));
	CHECK(!guard_origin("null", "localhost:80") && !guard_origin("", "localhost:80"));
	CHECK(!guard_origin("ftp://localhost:80", "localhost:80"));
	CHECK(!guard_origin("http://localhost:80", NULL));
}

static void tokens(void)
{
	static const char token[] = "0123456789abcdef";

	CHECK(guard_token("Bearer 0123456789abcdef", token));
	CHECK(guard_token("bearer 0123456789abcdef", token));
	CHECK(!guard_token(NULL, token) && !guard_token("", token));
	CHECK(!guard_token("Bearer ", token) && !guard_token("Bearer", token));
	CHECK(!guard_token("Bearer 0123456789abcdeF", token));
	CHECK(!guard_token("Bearer 0123456789abcde", token));
	CHECK(!guard_token("Bearer 0123456789abcdef0", token));
	CHECK(!guard_token("Bearer 0123456789abcdef0123456789abcdef", token));
	CHECK(!guard_token("Basic 0123456789abcdef", token));
}

int main(void)
{
	RUN(addresses_and_names);
	RUN(what_is_neither);
	RUN(a_host_that_is_long);
	RUN(origins);
	RUN(tokens);
	return test_done();
}
