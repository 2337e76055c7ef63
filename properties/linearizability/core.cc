#include "properties/linearizability/core.h"

#include <algorithm>

#include "properties/linearizability/explain.h"
#include "properties/linearizability/search.h"

namespace kp::linearizability {

namespace {

using history::Operation;

// A check within a shrink: what it cannot settle quickly counts as not bad.
constexpr Budget kQuick{.steps = 20'000, .bytes = size_t{64} << 20};

enum class Relaxation : unsigned char { kWeaken, kEarlier, kLater };

struct Relaxed {
  bool weakened = false;  // left out when pure, else optional and at any time
  bool earlier = false;
  bool later = false;
};

class Shrinker {
 public:
  Shrinker(const std::vector<Operation>& operations, size_t first_bad, const ModelKind& kind)
      : kind_(kind), operations_(operations) {
    std::unique_ptr<Model> model = kind.make();
    const size_t end = operations[first_bad].completion;
    for (size_t i = 0; i < operations.size(); ++i) {
      const Operation& operation = operations[i];
      if (operation.call > end || operation.outcome == history::EventType::kFail) continue;
      Result<std::optional<Action>> action = model->Recognise(operation);
      if (!action.ok() || !action->has_value()) continue;
      bool open = operation.outcome != history::EventType::kOk || operation.completion > end;
      bool pure = model->IsPure(**action);
      if (open && pure) continue;
      items_.push_back({.operation = i, .pure = pure, .optional = open});
    }
    end_ = end;
    relaxed_.resize(items_.size());
  }

  Core Take() {
    for (Relaxation relaxation : {Relaxation::kWeaken, Relaxation::kEarlier, Relaxation::kLater}) Relax(relaxation);
    Core core;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (relaxed_[i].weakened || items_[i].optional) {
        if (!items_[i].pure) core.optional.push_back(items_[i].operation);
        continue;
      }
      core.operations.push_back({.operation = items_[i].operation,
                                 .any_time_before = relaxed_[i].earlier,
                                 .any_time_after = relaxed_[i].later,
                                 .explained_without_it = Without(i)});
    }
    return core;
  }

 private:
  struct Item {
    size_t operation;
    bool pure;
    bool optional;  // from the beginning
  };

  // The relaxed history; which operation each of its own stands for, in `sources`.
  std::vector<Operation> Build(std::vector<size_t>* sources = nullptr) const {
    std::vector<Operation> built;
    for (size_t i = 0; i < items_.size(); ++i) {
      if (relaxed_[i].weakened && items_[i].pure) continue;
      Operation operation = operations_[items_[i].operation];
      operation.call += 1;  // room for what comes earlier than all
      if (operation.completion != history::kNever) operation.completion += 1;
      if (relaxed_[i].weakened || items_[i].optional) {
        operation.outcome = history::EventType::kInfo;
        operation.completion = history::kNever;
      }
      if (relaxed_[i].earlier || relaxed_[i].weakened) operation.call = 0;
      if (relaxed_[i].later && operation.completion != history::kNever) operation.completion = end_ + 2;
      built.push_back(std::move(operation));
      if (sources) sources->push_back(items_[i].operation);
    }
    return built;
  }

  Verdict Judge(std::vector<size_t>* order = nullptr) const {
    std::vector<size_t> sources;
    std::vector<Operation> built = Build(&sources);
    std::unique_ptr<Model> model = kind_.make();
    Result<Problem> problem = Reduce(*model, built);
    CHECK(problem.ok()) << problem.status().ToString();
    Verdict verdict = Search(*problem, *model, kQuick);
    if (order && verdict.answer == Answer::kLegal) {
      for (uint32_t step : verdict.order) order->push_back(sources[problem->steps[step].operation]);
    }
    return verdict;
  }

  static bool& Field(Relaxed& relaxed, Relaxation relaxation) {
    switch (relaxation) {
      case Relaxation::kWeaken: return relaxed.weakened;
      case Relaxation::kEarlier: return relaxed.earlier;
      case Relaxation::kLater: return relaxed.later;
    }
    return relaxed.weakened;
  }

  // Halves first, then quarters ..., at last one by one until nothing gives.
  void Relax(Relaxation relaxation) {
    std::vector<size_t> open;
    for (size_t i = 0; i < items_.size(); ++i) {
      bool gone = relaxed_[i].weakened || items_[i].optional;
      if (!gone && !Field(relaxed_[i], relaxation)) open.push_back(i);
    }
    for (size_t chunk = std::max<size_t>(open.size() / 2, 1);; chunk = std::max<size_t>(chunk / 2, 1)) {
      std::vector<size_t> kept;
      for (size_t from = 0; from < open.size(); from += chunk) {
        std::vector<size_t> part(open.begin() + static_cast<ptrdiff_t>(from),
                                 open.begin() + static_cast<ptrdiff_t>(std::min(from + chunk, open.size())));
        for (size_t i : part) Field(relaxed_[i], relaxation) = true;
        if (Judge().answer == Answer::kIllegal) continue;
        for (size_t i : part) Field(relaxed_[i], relaxation) = false;
        kept.insert(kept.end(), part.begin(), part.end());
      }
      bool changed = kept.size() != open.size();
      open = std::move(kept);
      if (chunk == 1 && !changed) return;
    }
  }

  std::vector<size_t> Without(size_t i) {
    std::vector<size_t> order;
    relaxed_[i].weakened = true;
    Judge(&order);
    relaxed_[i].weakened = false;
    return order;
  }

  const ModelKind& kind_;
  const std::vector<Operation>& operations_;
  std::vector<Item> items_;
  std::vector<Relaxed> relaxed_;
  size_t end_ = 0;
};

}  // namespace

Core FindCore(const std::vector<Operation>& operations, size_t first_bad, const ModelKind& kind) {
  Core core = Shrinker(operations, first_bad, kind).Take();
  core.why = Why(operations, core, kind);
  return core;
}

}  // namespace kp::linearizability
