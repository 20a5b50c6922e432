/* SPDX-License-Identifier: MIT */
/*
 * The guest's first and only process. It mounts what is needed, loads the modules of /modules in
 * their order, gives every PCI device behind a root port to vfio-pci, runs the lines of /commands,
 * and turns the machine off. All that it says goes to the serial line; what scripts/vm/vm.py reads
 * of it starts with @@. A line of /commands that starts with & is left running, and ended by SIGINT
 * before the files below /out are printed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE  1024
#define WORDS 64

static void say(const char *what, const char *of)
{
	printf("@@ %s %s\n", what, of);
	fflush(stdout);
}

static _Noreturn void off(void)
{
	say("OFF", "");
	sync();
	reboot(RB_POWER_OFF);
	_exit(0);
}

static _Noreturn void fails(const char *what, const char *of)
{
	printf("@@ FAILED %s: %s: %s\n", what, of, strerror(errno));
	fflush(stdout);
	off();
}

static void mount_all(void)
{
	static const struct {
		const char *type, *at;
	} mounts[] = {{"proc", "/proc"},
		      {"sysfs", "/sys"},
		      {"devtmpfs", "/dev"},
		      {"tmpfs", "/out"},
		      {"tracefs", "/sys/kernel/tracing"},
		      {"securityfs", "/sys/kernel/security"}};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].at, 0755);
		if (mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, NULL))
			fails("mount", mounts[i].at);
	}
}

/* Calls @line for each line of @path, without its end. */
static void each_line(const char *path, void (*line)(char *))
{
	FILE *const file = fopen(path, "r");
	char text[LINE];

	if (!file)
		fails("read", path);
	while (fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = '\0';
		line(text);
	}
	fclose(file);
}

static void load_module(char *name)
{
	char path[LINE];
	int fd;

	snprintf(path, sizeof(path), "/lib/%s", name);
	fd = open(path, O_RDONLY);
	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		fails("module", name);
	close(fd);
}

static void write_to(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fails("write", path);
	close(fd);
}

static void read_id(const char *device, const char *what, char *ret_id)
{
	char path[LINE];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", device, what);
	file = fopen(path, "r");
	if (!file || fscanf(file, "0x%15s", ret_id) != 1)
		fails("read", path);
	fclose(file);
}

/* Devices of bus 0 are the machine's own. */
static void bind_all(void)
{
	DIR *const devices = opendir("/sys/bus/pci/devices");
	char path[LINE], vendor[16], device[16];
	struct dirent *entry;

	while (devices && (entry = readdir(devices))) {
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, "0000:00:", 8) == 0)
			continue;
		read_id(entry->d_name, "vendor", vendor);
		read_id(entry->d_name, "device", device);
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override",
			 entry->d_name);
		write_to(path, "vfio-pci");
		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind",
			 entry->d_name);
		if (access(path, W_OK) == 0)
			write_to(path, entry->d_name);
		write_to("/sys/bus/pci/drivers_probe", entry->d_name);
		printf("@@ DEVICE %s %s:%s\n", entry->d_name, vendor, device);
	}
	if (devices)
		closedir(devices);
}

static pid_t running[16];
static size_t runs;

/* The number of the IOMMU group of the device at @address. */
static char *group_of(const char *address)
{
	static char target[LINE];
	char path[LINE];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	len = readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		fails("read", path);
	target[len] = '\0';
	return strrchr(target, '/') + 1;
}

/* A word %ADDRESS is the number of that device's group. */
static pid_t start(char *line)
{
	char *words[WORDS] = {NULL};
	size_t count = 0;
	pid_t pid;

	for (char *word = strtok(line, " "); word && count < WORDS - 1; word = strtok(NULL, " "))
		words[count++] = word[0] == '%' ? group_of(word + 1) : word;
	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	dup2(1, 2);
	execv(words[0], words);
	fails("exec", words[0]);
}

static void end(pid_t pid)
{
	int status = 0;

	waitpid(pid, &status, 0);
	printf("@@ STATUS %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	fflush(stdout);
}

/*
 * =FILE TEXT writes to a file of the kernel's. A program that is left running says by a file that
 * it is ready.
 */
static void run_command(char *line)
{
	char *text;

	say("RUN", line);
	if (line[0] == '=' && (text = strchr(line, ' '))) {
		*text = '\0';
		write_to(line + 1, text + 1);
		say("STATUS", "0");
		return;
	}
	if (line[0] != '&') {
		end(start(line));
		return;
	}
	running[runs++] = start(line + 1);
	for (int i = 0; i < 600 && access("/out/ready", F_OK); i++)
		usleep(100000);
	if (unlink("/out/ready"))
		fails("nothing is ready after a minute", line + 1);
}

/* @path below /out. */
static void print_file(const char *path)
{
	FILE *const file = fopen(path, "r");
	int byte;

	if (!file)
		fails("read", path);
	printf("@@ FILE %s ", path + strlen("/out/"));
	while ((byte = fgetc(file)) != EOF)
		printf("%02x", (unsigned int)byte);
	putchar('\n');
	fclose(file);
}

static void print_files(const char *folder_path)
{
	DIR *const folder = opendir(folder_path);
	char path[2 * LINE];
	struct dirent *entry;
	struct stat what;

	while (folder && (entry = readdir(folder))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%.*s/%s", LINE, folder_path, entry->d_name);
		if (stat(path, &what) == 0 && S_ISDIR(what.st_mode))
			print_files(path);
		else
			print_file(path);
	}
	if (folder)
		closedir(folder);
}

int main(void)
{
	int console;

	mount_all();
	console = open("/dev/console", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(console, fd);
	say("UP", "");
	each_line("/modules", load_module);
	bind_all();
	each_line("/commands", run_command);
	while (runs) {
		kill(running[--runs], SIGINT);
		end(running[runs]);
	}
	print_files("/out");
	off();
}
