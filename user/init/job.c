/*
 * The job file: what the host asks of this boot. NUL-terminated records "key=value"; `arg` and
 * `env` come any number of times. Unknown keys are for a newer init and are passed over.
 */
#include "init.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat info;
	size_t have = 0;
	char *data;
	ssize_t n;

	if (fd < 0)
		return NULL;
	data = fstat(fd, &info) < 0 ? NULL : malloc(info.st_size + 1);
	while (data && have < (size_t)info.st_size &&
	       (n = read(fd, data + have, info.st_size - have)) > 0)
		have += n;
	close(fd);
	if (data)
		data[have] = '\0';
	*size = have;
	return data;
}

static const char *value_of(const char *record, const char *key)
{
	size_t length = strlen(key);

	return !strncmp(record, key, length) && record[length] == '=' ? record + length + 1 : NULL;
}

static void apply(struct job *job, char *record, size_t *args)
{
	const char *value;

	if ((value = value_of(record, "arg")))
		job->argv[(*args)++] = (char *)value;
	else if ((value = value_of(record, "env")))
		putenv((char *)value);
	else if ((value = value_of(record, "terminal")))
		job->terminal = atoi(value);
	else if ((value = value_of(record, "log")))
		job->log = atoi(value);
	else if ((value = value_of(record, "rows")))
		job->rows = atoi(value);
	else if ((value = value_of(record, "columns")))
		job->columns = atoi(value);
	else if ((value = value_of(record, "hostname")))
		job->hostname = value;
	else if ((value = value_of(record, "directory")))
		job->directory = value;
}

bool job_read(const char *path, struct job *job)
{
	size_t size, at, records = 0, args = 0;
	char *data = read_file(path, &size);

	if (!data)
		return false;
	for (at = 0; at < size; at++)
		records += !data[at];
	job->argv = calloc(records + 1, sizeof(char *));
	if (!job->argv)
		return false;
	for (at = 0; at < size; at += strlen(data + at) + 1)
		apply(job, data + at, &args);
	unlink(path);
	return args > 0;
}
