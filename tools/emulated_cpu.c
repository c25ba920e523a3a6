// Loaded before the package bochscpu-python, see emulated_cpu.py: lets CPU_MODEL choose what the
// package fixes, and gives it what the C library of Debian 12 does not have yet.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned long long __isoc23_strtoull(const char* text, char** end, int base) {
  return strtoull(text, end, base);
}

int __isoc23_sscanf(const char* text, const char* format, ...) {
  va_list values;
  va_start(values, format);
  const int count = vsscanf(text, format, values);
  va_end(values);
  return count;
}

// Stands before the package's own function of this name, the one model that it would make.
void* _Z23create_corei3_cnl_cpuidP8BX_CPU_C(void* cpu) {
  Dl_info caller;
  if (dladdr(__builtin_return_address(0), &caller) == 0) abort();
  const char* model = getenv("CPU_MODEL");
  char name[128];
  snprintf(name, sizeof name, "_Z%zucreate_%s_cpuidP8BX_CPU_C", strlen(model) + 13, model);
  void* (*make)(void*) =
      (void* (*)(void*))dlsym(dlopen(caller.dli_fname, RTLD_NOLOAD | RTLD_LAZY), name);
  if (make == NULL) {
    fprintf(stderr, "emulated_cpu: no CPU model %s\n", model);
    exit(3);
  }
  return make(cpu);
}
