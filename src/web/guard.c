// SPDX-License-Identifier: MIT
#include "web/guard.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Host without its port, and without the brackets of an IPv6 address. */
static bool bare_host(const char *host, char *bare, size_t size, int *family)
{
	bool v6 = host[0] == '[';
	size_t len = strcspn(host += v6, v6 ? "]" : ":");
	const char *rest = host + len + (v6 && host[len] == ']');

	*family = v6 ? AF_INET6 : AF_INET;
	if (!len || len >= size || (v6 && host[len] != ']'))
		return false;
	snprintf(bare, size, "%.*s", (int)len, host);
	if (!*rest)
		return true;
	return *rest == ':' && rest[1] && strspn(rest + 1, "0123456789") == strlen(rest + 1);
}

bool guard_host(const char *host, char *const *names, size_t count)
{
	unsigned char address[sizeof(struct in6_addr)];
	char bare[256];
	int family;

	if (!host || !bare_host(host, bare, sizeof(bare), &family))
		return false;
	if (inet_pton(family, bare, address) == 1)
		return true;
	if (family == AF_INET6)
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(bare, names[i]) == 0)
			return true;
	return strcasecmp(bare, "localhost") == 0;
}

bool guard_origin(const char *origin, const char *host)
{
	static const char *const schemes[] = {"http://", "https://"};

	if (!origin)
		return true;
	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(schemes[i]);

		if (strncasecmp(origin, schemes[i], len) == 0)
			return host && strcasecmp(origin + len, host) == 0;
	}
	return false;
}

bool guard_token(const char *authorization, const char *token)
{
	static const char scheme[] = "Bearer ";
	size_t len = strlen(token), given;
	unsigned char wrong = 0;

	if (!authorization || strncasecmp(authorization, scheme, strlen(scheme)) != 0)
		return false;
	authorization += strlen(scheme);
	given = strlen(authorization);
	for (size_t i = 0; i < given; i++)
		wrong |= (unsigned char)authorization[i] ^ (unsigned char)token[i % len];
	return (given == len) & !wrong;
}
