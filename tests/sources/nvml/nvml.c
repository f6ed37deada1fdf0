/* A stand-in for NVIDIA's libnvidia-ml.so.1: the entry points that nvidia-ml-py calls for us.
 *
 * The directory named by FAKE_NVML says what the machine is like, and is looked at in every call:
 *   machine   lines "key=value"; for GPU 0 "0.power=250000", for its second MIG instance "0:1.memory=..."
 *             A value "!4" makes the call fail with error 4. A field without a line is not supported.
 *             "driver=!9" fails every call, "0.error=!15" every call for GPU 0. A changed "loaded" is a driver that
 *             was loaded anew: the library has to be started again.
 *   gate      while it exists, every call waits, after it has made the file "waiting"
 *   calls     what was called is appended here
 *
 * With -DOLD_DRIVER the functions that came after driver 470 are missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    SUCCESS = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7
};
enum { GPUS = 8, PLACES = 7, TEXT = 256 };

typedef struct { char key[16]; int start; } *Device;
typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { unsigned long long total, free, used; } Memory;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } Memory2;
typedef struct { unsigned pid; unsigned long long used; unsigned gpu_instance, compute_instance; } Process;

static int started, start;
static pid_t owner;
static char loaded[TEXT];

static FILE *open_file(const char *name, const char *mode)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("FAKE_NVML"), name);
    return fopen(path, mode);
}

static void note(const char *function, const char *key)
{
    FILE *file = open_file("calls", "a");
    fprintf(file, "%s %s\n", function, key);
    fclose(file);
    while ((file = open_file("gate", "r"))) {
        fclose(file);
        fclose(open_file("waiting", "w"));
        usleep(1000);
    }
}

/* Copies the value of the key; says whether there is one. */
static int look_up(const char *key, char *value)
{
    char line[1024];
    size_t length = strlen(key);
    int found = 0;
    FILE *file = open_file("machine", "r");
    *value = 0;
    while (!found && fgets(line, sizeof line, file))
        if (!strncmp(line, key, length) && line[length] == '=') {
            line[strcspn(line, "\n")] = 0;
            snprintf(value, TEXT, "%s", line + length + 1);
            found = 1;
        }
    fclose(file);
    return found;
}

static int error_in(const char *value)
{
    return value[0] == '!' ? atoi(value + 1) : SUCCESS;
}

static int library(const char *function, const char *key)
{
    char value[TEXT];
    note(function, key);
    look_up("driver", value);
    if (error_in(value))
        return error_in(value);
    look_up("loaded", value);
    return started && owner == getpid() && !strcmp(value, loaded) ? SUCCESS : UNINITIALIZED;
}

/* Every question to a device ends here. */
static int answer(const char *function, Device device, const char *field, char *value)
{
    char key[64];
    int error = library(function, device->key);
    if (error)
        return error;
    if (device->start != start)
        return INVALID_ARGUMENT;
    snprintf(key, sizeof key, "%.1s.error", device->key);
    if (look_up(key, value))
        return error_in(value);
    snprintf(key, sizeof key, "%s.%s", device->key, field);
    if (!look_up(key, value))
        return NOT_SUPPORTED;
    return error_in(value);
}

static int number(const char *function, Device device, const char *field, unsigned *to)
{
    char value[TEXT];
    int error = answer(function, device, field, value);
    if (!error)
        *to = strtoul(value, NULL, 0);
    return error;
}

static int two_numbers(const char *function, Device device, const char *field, unsigned *first, unsigned *second)
{
    char value[TEXT];
    int error = answer(function, device, field, value);
    if (!error)
        sscanf(value, "%u %u", first, second);
    return error;
}

static int large_number(const char *function, Device device, const char *field, unsigned long long *to)
{
    char value[TEXT];
    int error = answer(function, device, field, value);
    if (!error)
        *to = strtoull(value, NULL, 0);
    return error;
}

static int text(const char *function, Device device, const char *field, char *to, unsigned size)
{
    char value[TEXT];
    int error = answer(function, device, field, value);
    if (!error)
        snprintf(to, size, "%s", value);
    return error;
}

/* "pid bytes, pid bytes"; bytes "-" are not available. */
static int processes(const char *function, Device device, const char *field, unsigned *count, Process *found)
{
    char value[TEXT], *part, *rest;
    unsigned room = *count;
    int error = answer(function, device, field, value);
    if (error)
        return error;
    *count = 0;
    for (part = strtok_r(value, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
        char bytes[64];
        unsigned pid;
        sscanf(part, "%u %63s", &pid, bytes);
        if (*count < room)
            found[*count] = (Process){pid, *bytes == '-' ? -1ULL : strtoull(bytes, NULL, 0), 0, 0};
        ++*count;
    }
    return *count > room ? INSUFFICIENT_SIZE : SUCCESS;
}

int nvmlInitWithFlags(unsigned flags)
{
    char value[TEXT];
    note(__func__, "");
    look_up("driver", value);
    if (error_in(value))
        return error_in(value);
    if (!started || owner != getpid()) {
        started = 0;
        ++start;
        owner = getpid();
        look_up("loaded", loaded);
    }
    ++started;
    return SUCCESS;
}

int nvmlShutdown(void)
{
    note(__func__, "");
    if (!started || owner != getpid())
        return UNINITIALIZED;
    --started;
    return SUCCESS;
}

const char *nvmlErrorString(int error)
{
    return "an error that the binding does not know";
}

int nvmlSystemGetDriverVersion(char *version, unsigned size)
{
    char value[TEXT];
    int error = library(__func__, "");
    if (error)
        return error;
    if (!look_up("driver_version", value))
        return NOT_SUPPORTED;
    if (error_in(value))
        return error_in(value);
    snprintf(version, size, "%s", value);
    return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *count)
{
    char value[TEXT];
    int error = library(__func__, "");
    if (error)
        return error;
    look_up("count", value);
    *count = atoi(value);
    return error_in(value);
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device *device)
{
    static struct { char key[16]; int start; } devices[GPUS];
    char key[64], value[TEXT];
    int error = library(__func__, "");
    if (error)
        return error;
    snprintf(devices[index].key, sizeof devices[index].key, "%u", index);
    devices[index].start = start;
    *device = (Device)&devices[index];
    snprintf(key, sizeof key, "%u.error", index);
    look_up(key, value);
    return error_in(value);
}

int nvmlDeviceGetMigDeviceHandleByIndex(Device device, unsigned place, Device *instance)
{
    static struct { char key[16]; int start; } instances[GPUS][PLACES];
    char field[64], value[TEXT];
    int gpu = atoi(device->key), error;
    snprintf(instances[gpu][place].key, sizeof instances[gpu][place].key, "%d:%u", gpu, place);
    instances[gpu][place].start = start;
    *instance = (Device)&instances[gpu][place];
    snprintf(field, sizeof field, "instance%u", place);
    error = answer(__func__, device, field, value);
    return error == NOT_SUPPORTED ? NOT_FOUND : error;
}

int nvmlDeviceGetMigMode(Device d, unsigned *mode, unsigned *pending)
{
    return two_numbers(__func__, d, "mig_mode", mode, pending);
}

int nvmlDeviceGetMaxMigDeviceCount(Device d, unsigned *count) { return number(__func__, d, "mig_places", count); }

int nvmlDeviceGetUUID(Device d, char *uuid, unsigned size) { return text(__func__, d, "uuid", uuid, size); }

int nvmlDeviceGetName(Device d, char *name, unsigned size) { return text(__func__, d, "name", name, size); }

int nvmlDeviceGetUtilizationRates(Device d, Utilization *rates)
{
    return two_numbers(__func__, d, "utilization", &rates->gpu, &rates->memory);
}

int nvmlDeviceGetEncoderUtilization(Device d, unsigned *percent, unsigned *period)
{
    return two_numbers(__func__, d, "encoder", percent, period);
}

int nvmlDeviceGetDecoderUtilization(Device d, unsigned *percent, unsigned *period)
{
    return two_numbers(__func__, d, "decoder", percent, period);
}

/* "total reserved used"; version 1 counts what is reserved as used. */
static int memory(const char *function, Device d, Memory2 *found)
{
    char value[TEXT];
    int error = answer(function, d, "memory", value);
    if (!error) {
        sscanf(value, "%llu %llu %llu", &found->total, &found->reserved, &found->used);
        found->free = found->total - found->reserved - found->used;
    }
    return error;
}

int nvmlDeviceGetMemoryInfo(Device d, Memory *info)
{
    Memory2 found;
    int error = memory(__func__, d, &found);
    if (!error)
        *info = (Memory){found.total, found.free, found.used + found.reserved};
    return error;
}

int nvmlDeviceGetPowerUsage(Device d, unsigned *to) { return number(__func__, d, "power", to); }

int nvmlDeviceGetEnforcedPowerLimit(Device d, unsigned *to) { return number(__func__, d, "power_limit", to); }

#ifndef WITHOUT_ENERGY
int nvmlDeviceGetTotalEnergyConsumption(Device d, unsigned long long *to)
{
    return large_number(__func__, d, "energy", to);
}
#endif

int nvmlDeviceGetTemperature(Device d, unsigned sensor, unsigned *to)
{
    return sensor ? INVALID_ARGUMENT : number(__func__, d, "temperature", to);
}

int nvmlDeviceGetTemperatureThreshold(Device d, unsigned threshold, unsigned *to)
{
    return threshold > 1 ? INVALID_ARGUMENT : number(__func__, d, threshold ? "slowdown" : "shutdown", to);
}

int nvmlDeviceGetClockInfo(Device d, unsigned clock, unsigned *to)
{
    static const char *fields[] = {"clock_graphics", "clock_sm", "clock_memory", "clock_video"};
    return clock > 3 ? INVALID_ARGUMENT : number(__func__, d, fields[clock], to);
}

int nvmlDeviceGetTotalEccErrors(Device d, unsigned kind, unsigned since, unsigned long long *to)
{
    static const char *fields[2][2] = {{"corrected", "corrected_ever"}, {"uncorrected", "uncorrected_ever"}};
    return kind > 1 || since > 1 ? INVALID_ARGUMENT : large_number(__func__, d, fields[kind][since], to);
}

int nvmlDeviceGetPcieThroughput(Device d, unsigned direction, unsigned *to)
{
    return direction > 1 ? INVALID_ARGUMENT : number(__func__, d, direction ? "pcie_receive" : "pcie_transmit", to);
}

int nvmlDeviceGetCurrentClocksThrottleReasons(Device d, unsigned long long *to)
{
    return large_number(__func__, d, "reasons", to);
}

#ifndef OLD_DRIVER
int nvmlDeviceGetMemoryInfo_v2(Device d, Memory2 *info)
{
    if (info->version != (sizeof *info | 2 << 24))
        return 25; /* what a driver says to a structure of another version */
    return memory(__func__, d, info);
}

int nvmlDeviceGetCurrentClocksEventReasons(Device d, unsigned long long *to)
{
    return large_number(__func__, d, "reasons", to);
}

int nvmlDeviceGetComputeRunningProcesses_v3(Device d, unsigned *count, Process *found)
{
    return processes(__func__, d, "computing", count, found);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(Device d, unsigned *count, Process *found)
{
    return processes(__func__, d, "drawing", count, found);
}
#endif
