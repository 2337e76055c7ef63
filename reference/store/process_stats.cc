#include "reference/store/process_stats.h"

#include <string>

#include "reference/base/strings.h"

namespace kp::store {
namespace {

// Files of /proc have no size until they are read.
constexpr size_t kMostBytes = 64 * 1024;
// Of /proc/self/stat, counted behind the name in parentheses (proc(5): fields 14, 15, 23 and 24).
constexpr size_t kUserTicks = 11;
constexpr size_t kSystemTicks = 12;
constexpr size_t kVirtualBytes = 20;
constexpr size_t kResidentPages = 21;
// Linux's USER_HZ, and the page size, on every machine that this is built for.
constexpr double kTicksPerSecond = 100;
constexpr uint64_t kPageBytes = 4096;

std::optional<std::string> ReadFile(runtime::Disk& disk, const std::string& path) {
  const auto file = disk.Open(path, runtime::Disk::OpenMode::kRead);
  if (!file.ok()) return std::nullopt;
  auto text = (*file)->Read(0, kMostBytes);
  if (!text.ok()) return std::nullopt;
  return std::move(*text);
}

uint64_t NumberAt(const std::vector<std::string_view>& fields, size_t i) {
  return static_cast<uint64_t>(i < fields.size() ? ParseInt(fields[i]).value_or(0) : 0);
}

uint64_t MostFiles(const std::string& limits) {
  const size_t line = limits.find("Max open files");
  if (line == std::string::npos) return 0;
  const size_t digit = limits.find_first_of("0123456789", line);
  if (digit == std::string::npos) return 0;
  return static_cast<uint64_t>(ParseInt(limits.substr(digit, limits.find(' ', digit) - digit)).value_or(0));
}

}  // namespace

std::optional<ProcessStats> ReadProcessStats(runtime::Disk& disk) {
  const auto stat = ReadFile(disk, "/proc/self/stat");
  // The name may hold anything, blanks and parentheses included.
  const size_t name_end = stat ? stat->rfind(") ") : std::string::npos;
  if (name_end == std::string::npos) return std::nullopt;
  const auto fields = Split(std::string_view(*stat).substr(name_end + 2), ' ');
  ProcessStats stats;
  stats.cpu_seconds =
      static_cast<double>(NumberAt(fields, kUserTicks) + NumberAt(fields, kSystemTicks)) / kTicksPerSecond;
  stats.virtual_bytes = NumberAt(fields, kVirtualBytes);
  stats.resident_bytes = NumberAt(fields, kResidentPages) * kPageBytes;
  if (const auto names = disk.List("/proc/self/fd"); names.ok()) stats.open_files = names->size();
  if (const auto limits = ReadFile(disk, "/proc/self/limits")) stats.most_files = MostFiles(*limits);
  return stats;
}

}  // namespace kp::store
