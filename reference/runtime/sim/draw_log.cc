#include "reference/runtime/sim/draw_log.h"

#include <cstdio>
#include <cstring>

#include "reference/runtime/sim/event.h"

namespace kp::runtime::sim {
namespace {

std::string Stamp(Time now) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.9fs ", Seconds(now - kStart));
  return text;
}

// Words at a time: a chunk's bytes are hashed on the hot path.
uint64_t HashWords(std::string_view bytes) {
  uint64_t hash = bytes.size();
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 31;
  }
  for (; i < bytes.size(); ++i) hash = (hash ^ static_cast<unsigned char>(bytes[i])) * 0x100000001b3ULL;
  return hash;
}

}  // namespace

void DrawLog::Bytes(Time now, std::string_view what, const std::string& process, std::string_view bytes) {
  uint64_t hash = HashWords(bytes);
  Mix(hash);
  if (!keeps()) return;
  char text[64];
  std::snprintf(text, sizeof(text), " %zu bytes %016llx", bytes.size(), static_cast<unsigned long long>(hash));
  entries_.push_back(Stamp(now) + std::string(what) + " " + process + text);
}

void DrawLog::Note(Time now, std::string_view what, std::string_view text) {
  Mix(HashWords(what));
  Mix(HashWords(text));
  if (keeps()) entries_.push_back(Stamp(now) + std::string(what) + " " + std::string(text));
}

void DrawLog::KeepDraw(Time now, const std::string& stream, uint64_t value) {
  char text[32];
  std::snprintf(text, sizeof(text), " %016llx", static_cast<unsigned long long>(value));
  entries_.push_back(Stamp(now) + "draw " + stream + text);
}

void DrawLog::KeepEvent(Time now, unsigned kind, const std::string& name) {
  entries_.push_back(Stamp(now) + std::string(EventKindName(static_cast<EventKind>(kind))) + " " + name);
}

std::optional<std::string> FirstDifference(const DrawLog& a, const DrawLog& b) {
  if (a.hash() == b.hash() && a.count() == b.count()) return std::nullopt;
  const auto& left = a.entries();
  const auto& right = b.entries();
  static const std::string kEnd = "(end)";
  for (size_t i = 0; i < left.size() || i < right.size(); ++i) {
    const std::string& l = i < left.size() ? left[i] : kEnd;
    const std::string& r = i < right.size() ? right[i] : kEnd;
    if (l != r) return "entry " + std::to_string(i) + ": " + l + " | " + r;
  }
  return "they differ after the " + std::to_string(left.size()) + " entries that were kept";
}

}  // namespace kp::runtime::sim
