/* SPDX-License-Identifier: MIT */
/* Telling a service manager that we are ready: sd_notify(3), without its library. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/* A socket to who is to be told, or -1: nobody is, or a line says why they cannot be. */
int notify_open(void);
/* Tells them, and closes it. -1 is accepted. */
void notify_ready(int fd);

#endif
