// A semaphore of so many permits: acquire N and release N, 1 where no number is given.
#include "properties/linearizability/models/acts.h"
#include "properties/linearizability/models/kinds.h"

namespace kp::linearizability {

namespace {

class Semaphore final : public ActModel<int64_t> {
 public:
  explicit Semaphore(uint32_t permits) : permits_(permits) {}

  std::string_view Name() const override { return "semaphore"; }
  State Initial() override { return permits_; }  // a state is the number of free permits
  bool IsPure(Action action) const override { return At(action) == 0; }

  Result<std::optional<Action>> Recognise(const history::Operation& operation) override {
    bool acquire = operation.function == "acquire";
    if (!acquire && operation.function != "release") return Unknown(operation, "acquire and release");
    int64_t count = operation.input.AsInt(1);
    if (count < 0) return Malformed(operation, "a number of permits, 0 or more");
    return Of(acquire ? -count : count);
  }

  void Step(State state, Action action, std::vector<State>& next) override {
    int64_t free = int64_t{state} + At(action);
    if (free >= 0 && free <= permits_) next.push_back(static_cast<State>(free));
  }

  std::string Describe(State state) const override { return std::to_string(state) + " free"; }
  std::string DescribeAction(Action action) const override {
    int64_t change = At(action);
    return (change < 0 ? "acquire " : "release ") + std::to_string(change < 0 ? -change : change);
  }

 private:
  uint32_t permits_;
};

}  // namespace

std::unique_ptr<Model> MakeSemaphore(uint32_t permits) { return std::make_unique<Semaphore>(permits); }

}  // namespace kp::linearizability
