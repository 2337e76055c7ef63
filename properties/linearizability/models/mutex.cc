// Locks. acquire and release name their owner by value. Three kinds: the plain mutex does not mind who
// releases; the owned one does; the fenced one also answers acquire with a token that only grows.
#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"

namespace kp::linearizability {

namespace {

enum class Kind : unsigned char { kPlain, kOwned, kFenced };

constexpr int64_t kUnknownToken = -1;

struct Act {
  bool acquire;
  uint32_t owner;
  int64_t token = kUnknownToken;  // of an acquire of the fenced kind
  auto operator<=>(const Act&) const = default;
};

struct Lock {
  bool held = false;
  uint32_t owner = 0;
  int64_t last_token = kUnknownToken;
  auto operator<=>(const Lock&) const = default;
};

class Mutex final : public ActModel<Act> {
 public:
  explicit Mutex(Kind kind) : kind_(kind) {
    owners_.Of(nullptr);
    states_.Of({});
  }

  std::string_view Name() const override {
    constexpr std::string_view kNames[] = {"mutex", "owned-mutex", "fenced-mutex"};
    return kNames[static_cast<size_t>(kind_)];
  }
  State Initial() override { return 0; }
  bool IsPure(Action) const override { return false; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    bool acquire = operation.function == "acquire";
    if (!acquire && operation.function != "release") return Unknown(operation, "acquire and release");
    Act act{acquire, kind_ == Kind::kPlain ? 0 : owners_.Of(operation.input)};
    if (kind_ == Kind::kFenced && acquire && HasResult(operation)) {
      if (operation.output.AsInt(-1) < 0) return Malformed(operation, "a token, 0 or more, as its result");
      act.token = operation.output.AsInt();
    }
    return Of(act);
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    const Act& act = At(action);
    Lock lock = states_[state];
    if (act.acquire == lock.held) return;
    if (!act.acquire && act.owner != lock.owner) return;
    if (act.token != kUnknownToken) {
      if (act.token <= lock.last_token) return;
      lock.last_token = act.token;
    }
    lock.held = act.acquire;
    lock.owner = act.acquire ? act.owner : 0;
    next.push_back(states_.Of(lock));
  }

  std::string Describe(State state) const override {
    const Lock& lock = states_[state];
    return lock.held ? "held by " + owners_.Text(lock.owner) : "free";
  }
  std::string DescribeAction(Action action) const override {
    const Act& act = At(action);
    std::string token = act.token == kUnknownToken ? "" : " with token " + std::to_string(act.token);
    return (act.acquire ? "acquire" : "release") + (kind_ == Kind::kPlain ? "" : " by " + owners_.Text(act.owner)) +
           token;
  }

 private:
  Kind kind_;
  ValueInterner owners_;
  Interner<Lock> states_;
};

}  // namespace

std::unique_ptr<Model> MakeMutex() { return std::make_unique<Mutex>(Kind::kPlain); }
std::unique_ptr<Model> MakeOwnedMutex() { return std::make_unique<Mutex>(Kind::kOwned); }
std::unique_ptr<Model> MakeFencedMutex() { return std::make_unique<Mutex>(Kind::kFenced); }

}  // namespace kp::linearizability
