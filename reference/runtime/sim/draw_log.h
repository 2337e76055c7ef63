// The transcript of a simulation: every random draw, event, delivery and log line, in order. Two
// runs of one seed must agree bit for bit; the running hash says whether they do, the kept entries
// where they parted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference/base/time.h"

namespace kp::runtime::sim {

class DrawLog {
 public:
  // Keeps up to `limit` entries as text from now on; 0 keeps none.
  void KeepEntries(size_t limit) { limit_ = limit; }

  void Draw(Time now, const std::string& stream, uint64_t value) {
    Mix(value);
    if (keeps()) KeepDraw(now, stream, value);
  }
  void Event(Time now, uint32_t process, unsigned kind, const std::string& name) {
    Mix(static_cast<uint64_t>(now.time_since_epoch().count()));
    Mix((uint64_t{process} << 8) | kind);
    if (keeps()) KeepEvent(now, kind, name);
  }
  // Bytes that crossed a seam: a delivered chunk, a log line, a durable write.
  void Bytes(Time now, std::string_view what, const std::string& process, std::string_view bytes);
  // What a test or a fault policy adds: "fault", "partition a|b".
  void Note(Time now, std::string_view what, std::string_view text);

  uint64_t hash() const { return hash_; }
  uint64_t count() const { return count_; }
  const std::vector<std::string>& entries() const { return entries_; }

 private:
  bool keeps() const { return entries_.size() < limit_; }
  void Mix(uint64_t value) {
    ++count_;
    hash_ = (hash_ ^ value) * 0x9e3779b97f4a7c15ULL;
    hash_ ^= hash_ >> 29;
  }
  void KeepDraw(Time now, const std::string& stream, uint64_t value);
  void KeepEvent(Time now, unsigned kind, const std::string& name);

  uint64_t hash_ = 0;
  uint64_t count_ = 0;
  size_t limit_ = 0;
  std::vector<std::string> entries_;
};

// "entry 812: 0.001203s draw store-0 5 | 0.001203s draw store-0 6", or nothing when all agree.
std::optional<std::string> FirstDifference(const DrawLog& a, const DrawLog& b);

}  // namespace kp::runtime::sim
