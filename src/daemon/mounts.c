// SPDX-License-Identifier: MIT
/*
 * The new root is a tmpfs that nobody can write to. A copy of a mount that is attached nowhere has
 * no parent: a descriptor of its root directory leads to what is below, and ".." stays there. So
 * the directories of names that we remove need no place in the new root, and SQLite's, which it
 * uses by path, is the only one that has.
 *
 * Copies can only be made of mounts of our own namespace, which those that we have descriptors of
 * no longer are: directories are opened again, by the paths that the kernel gives for the
 * descriptors, and have to be the same ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"
#include "daemon/layers.h"

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
	int error = n < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return error;
}

/* We stay who we are: one user, one group. */
static int map_ids(uid_t uid, gid_t gid)
{
	char users[48], groups[48];
	int error;

	snprintf(users, sizeof(users), "%u %u 1", (unsigned)uid, (unsigned)uid);
	snprintf(groups, sizeof(groups), "%u %u 1", (unsigned)gid, (unsigned)gid);
	error = write_file("/proc/self/uid_map", users);
	if (!error)
		error = write_file("/proc/self/setgroups", "deny");
	return error ? error : write_file("/proc/self/gid_map", groups);
}

int namespaces_hold(void)
{
	return open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
}

int namespaces_enter(bool may_use_users, bool *users)
{
	const int spaces = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	uid_t uid = geteuid();
	gid_t gid = getegid();

	*users = false;
	if (unshare(spaces) == 0)
		return 0;
	if (!may_use_users || unshare(spaces | CLONE_NEWUSER) < 0)
		return -errno;
	*users = true;
	return map_ids(uid, gid);
}

/* ---- the file system ------------------------------------------------------------------------- */

/* A copy of a directory's mount, as a descriptor; -errno. Its path is left in `path`. */
static int copy(int dir, char path[static PATH_MAX])
{
	char link[32];
	struct stat old, new;
	ssize_t len;
	int tree;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	len = readlink(link, path, PATH_MAX - 1);
	if (len < 0)
		return -errno;
	path[len] = '\0';
	tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		return -errno;
	if (fstat(dir, &old) || fstat(tree, &new) || old.st_dev != new.st_dev ||
	    old.st_ino != new.st_ino) {
		close(tree);
		return -ESTALE;
	}
	return tree;
}

/* Attaches a copy at its path below the new root. */
static int attach(int root, int tree, const char *path)
{
	char part[PATH_MAX];

	if (!path[1])
		return -EBUSY; /* the root itself cannot be left out */
	for (const char *end = strchr(path + 1, '/');; end = strchr(end + 1, '/')) {
		size_t len = end ? (size_t)(end - path) : strlen(path);

		memcpy(part, path + 1, len - 1);
		part[len - 1] = '\0';
		if (mkdirat(root, part, 0755) < 0 && errno != EEXIST)
			return -errno;
		if (!end)
			break;
	}
	return move_mount(tree, "", root, part, MOVE_MOUNT_F_EMPTY_PATH) ? -errno : 0;
}

static int new_root(void)
{
	int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
	int root = -1, error;

	if (context < 0)
		return -errno;
	if (!fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755", 0) &&
	    !fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		root = fsmount(context, FSMOUNT_CLOEXEC,
			       MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	error = -errno;
	close(context);
	if (root < 0)
		return error;
	/* The old root is below it then, and found by nobody. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH)) {
		error = -errno;
		close(root);
		return error;
	}
	return root;
}

/* From here on the new root is "/". */
static int change_root(int root)
{
	if (fchdir(root) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	    chdir("/") ||
	    mount(NULL, "/", NULL,
		  MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return -errno;
	return 0;
}

#define DIRS 8

static int copy_all(const struct sandbox_dir *dirs, size_t n, int tree[])
{
	char path[PATH_MAX];

	for (size_t i = 0; i < n; i++) {
		tree[i] = copy(*dirs[i].fd, path);
		if (tree[i] < 0)
			return tree[i];
	}
	return 0;
}

/* Another copy of a directory, at its path below the new root. Paths still begin at the old one:
 * what is mounted upon "/" is not seen through it. */
static int place(int root, int dir)
{
	char path[PATH_MAX];
	int tree = copy(dir, path);
	int error = tree < 0 ? tree : attach(root, tree, path);

	if (tree >= 0)
		close(tree);
	return error;
}

/* The search for leaks reads about the process itself. */
static int place_proc(int root)
{
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int error = proc < 0 ? -errno : place(root, proc);

	if (proc >= 0)
		close(proc);
	return error;
}

static int furnish(int root, const struct sandbox_dir *dirs, size_t n)
{
	int error = CHECKED_BUILD ? place_proc(root) : 0;

	for (size_t i = 0; i < n && !error; i++)
		if (dirs[i].use == SANDBOX_STATE)
			error = place(root, *dirs[i].fd);
	return error;
}

int mounts_hide(const struct sandbox_dir *dirs, size_t n)
{
	int tree[DIRS] = {-1, -1, -1, -1, -1, -1, -1, -1};
	int error = n > DIRS ? -E2BIG : copy_all(dirs, n, tree);
	int root = error ? -1 : new_root();

	if (!error)
		error = root < 0 ? root : furnish(root, dirs, n);
	if (!error)
		error = change_root(root);
	for (size_t i = 0; i < n && i < DIRS; i++) {
		if (!error && dup3(tree[i], *dirs[i].fd, O_CLOEXEC) < 0)
			error = -errno;
		if (tree[i] >= 0)
			close(tree[i]);
	}
	if (root >= 0)
		close(root);
	return error;
}
