#include "properties/linearizability/models/kinds.h"

#include <charconv>

namespace kp::linearizability {

namespace {

constexpr std::string_view kSemaphore = "semaphore";

Result<ModelKind> FindSemaphore(std::string_view argument) {
  uint32_t permits = 0;
  auto [end, error] = std::from_chars(argument.data(), argument.data() + argument.size(), permits);
  if (error != std::errc() || end != argument.data() + argument.size() || permits == 0) {
    return Status(Code::kInvalidArgument, "a semaphore needs its permits: semaphore:3");
  }
  return ModelKind{"semaphore:" + std::to_string(permits), "", true, [permits] { return MakeSemaphore(permits); }};
}

}  // namespace

const std::vector<ModelKind>& ModelKinds() {
  static const std::vector<ModelKind> kinds = {
      {"register", "read -> V, write V, cas [OLD, NEW]; null at first", true, MakeRegister},
      {"cas-register", "the same, by Jepsen's name", true, MakeRegister},
      {"multi-register", "txn [[\"r\", K, null], [\"w\", K, V]] -> the same with what was read", false,
       MakeMultiRegister},
      {"kv", "get -> TEXT, put TEXT, append TEXT; \"\" at first", true, MakeKv},
      {"append-list", "append V, read -> [V, ...]", true, MakeList},
      {"set", "add V, remove V, contains V -> BOOL, read -> [V, ...]", true, MakeSet},
      {"counter", "add N, read -> N; 0 at first", true, MakeCounter},
      {"fifo-queue", "enqueue V, dequeue -> V or null", true, MakeFifoQueue},
      {"unordered-queue", "enqueue V, dequeue -> V or null", true, MakeUnorderedQueue},
      {"priority-queue", "enqueue V, dequeue -> the least V or null", true, MakePriorityQueue},
      {"stack", "push V, pop -> V or null", true, MakeStack},
      {"mutex", "acquire, release", true, MakeMutex},
      {"owned-mutex", "acquire OWNER, release OWNER", true, MakeOwnedMutex},
      {"fenced-mutex", "acquire OWNER -> TOKEN, release OWNER; tokens grow", true, MakeFencedMutex},
      {"semaphore", "acquire N, release N; semaphore:3 has 3 permits", true, [] { return MakeSemaphore(1); }},
  };
  return kinds;
}

Result<ModelKind> FindModel(std::string_view name) {
  if (name.starts_with(kSemaphore) && name.size() > kSemaphore.size() && name[kSemaphore.size()] == ':') {
    return FindSemaphore(name.substr(kSemaphore.size() + 1));
  }
  std::string names;
  for (const ModelKind& kind : ModelKinds()) {
    if (kind.name == name) return kind;
    names += (names.empty() ? "" : ", ") + kind.name;
  }
  return Status(Code::kInvalidArgument, "no model \"" + std::string(name) + "\"; there are " + names);
}

}  // namespace kp::linearizability
