#include "reference/runtime/posix/scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace kp::runtime::posix {
namespace {

// linux/sched/types.h, which cannot be included beside <sched.h>.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns;
  uint64_t deadline_ns;
  uint64_t period_ns;
};

constexpr uint64_t kSliceNs = 100'000;  // the least there is

}  // namespace

void PreferShortSlices() {
  SchedulingAttributes attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;  // whoever chose another one knows why
  attributes.runtime_ns = kSliceNs;
  // The older kernels that do not know it ignore it; there is nothing else to do about a failure.
  static_cast<void>(syscall(SYS_sched_setattr, 0, &attributes, 0));
}

}  // namespace kp::runtime::posix
