#include "properties/linearizability/search.h"

#include <gtest/gtest.h>

#include "properties/linearizability/brute_force.h"
#include "properties/linearizability/random_history.h"

namespace kp::linearizability {
namespace {

using history::EventType;
using history::Operation;

// A register with few values, so that results often agree by chance.
class RegisterSubject final : public Subject {
 public:
  explicit RegisterSubject(int64_t values = 3) : values_(values) {}
  Operation Draw(Random& random) override {
    switch (random.Below(3)) {
      case 0: return {.function = "read"};
      case 1: return {.function = "write", .input = random.Between(1, values_)};
      default: return {.function = "cas", .input = api::Arr({random.Between(1, values_), random.Between(1, values_)})};
    }
  }
  api::Value Apply(const Operation& operation) override {
    succeeded_ = true;
    if (operation.function == "read") return value_;
    if (operation.function == "write") {
      value_ = operation.input;
    } else if (value_ == operation.input[0]) {
      value_ = operation.input[1];
    } else {
      succeeded_ = false;
    }
    return operation.input;
  }
  api::Value Falsify(const Operation& operation, Random& random) override {
    return operation.function == "read" ? api::Value(random.Between(1, values_)) : operation.output;
  }
  bool succeeded() const override { return succeeded_; }

 private:
  int64_t values_;
  api::Value value_;
  bool succeeded_ = true;
};

std::vector<Operation> DrawRegisterHistory(const RandomHistoryOptions& options, uint64_t seed) {
  RegisterSubject subject;
  return RandomHistory(subject, options, Random(seed));
}

Answer Judge(const std::vector<Operation>& operations, Method method, std::string* wrong = nullptr) {
  std::unique_ptr<Model> model = FindModel("register")->make();
  Result<Problem> problem = Reduce(*model, operations);
  CHECK(problem.ok()) << problem.status().ToString();
  Verdict verdict = Search(*problem, *model, {}, method);
  if (verdict.answer == Answer::kLegal && wrong) *wrong = CheckOrder(*problem, *model, verdict.order);
  return verdict.answer;
}

TEST(Search, AgreesWithBruteForce) {
  size_t legal = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    std::vector<Operation> operations =
        DrawRegisterHistory({.operations = 8, .clients = 2 + seed % 4, .crashed = 0.2, .falsified = 0.1}, seed);
    std::unique_ptr<Model> model = FindModel("register")->make();
    Result<Problem> problem = Reduce(*model, operations);
    ASSERT_TRUE(problem.ok());
    Answer expected = LinearizableByBruteForce(*problem, *model) ? Answer::kLegal : Answer::kIllegal;
    legal += expected == Answer::kLegal;
    for (Method method : {Method::kFrontier, Method::kDepthFirst}) {
      std::string wrong;
      ASSERT_EQ(Judge(operations, method, &wrong), expected) << "seed " << seed << " method " << int(method);
      ASSERT_EQ(wrong, "") << "seed " << seed;
    }
  }
  EXPECT_GT(legal, 500u);
  EXPECT_LT(legal, 1800u);
}

TEST(Search, BothSearchesAgreeOnLongerHistories) {
  size_t legal = 0;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    std::vector<Operation> operations =
        DrawRegisterHistory({.operations = 150, .clients = 5, .crashed = 0.02, .falsified = 0.004}, seed);
    std::string wrong;
    Answer answer = Judge(operations, Method::kFrontier, &wrong);
    ASSERT_EQ(wrong, "");
    ASSERT_EQ(Judge(operations, Method::kDepthFirst, &wrong), answer) << seed;
    ASSERT_EQ(wrong, "");
    legal += answer == Answer::kLegal;
  }
  EXPECT_GT(legal, 50u);
  EXPECT_LT(legal, 290u);
}

TEST(Search, NamesTheFirstReturnThatNothingExplains) {
  std::vector<Operation> operations = {
      {.process = 0, .function = "write", .input = 1, .outcome = EventType::kOk, .call = 0, .completion = 1},
      {.process = 0, .function = "write", .input = 2, .outcome = EventType::kOk, .call = 2, .completion = 3},
      {.process = 1, .function = "read", .output = 1, .outcome = EventType::kOk, .call = 4, .completion = 5},
      {.process = 1, .function = "read", .output = 2, .outcome = EventType::kOk, .call = 6, .completion = 7},
  };
  std::unique_ptr<Model> model = FindModel("register")->make();
  Problem problem = *Reduce(*model, operations);
  for (Method method : {Method::kFrontier, Method::kDepthFirst}) {
    Verdict verdict = Search(problem, *model, {}, method);
    EXPECT_EQ(verdict.answer, Answer::kIllegal);
    EXPECT_EQ(verdict.moment, 5u);
  }
}

TEST(Search, SaysThatItDoesNotKnowWhenTheBudgetEnds) {
  std::vector<Operation> operations = DrawRegisterHistory({.operations = 400, .clients = 20, .crashed = 0.1}, 1);
  std::unique_ptr<Model> model = FindModel("register")->make();
  Problem problem = *Reduce(*model, operations);
  Verdict verdict = Search(problem, *model, {.steps = 3});
  EXPECT_EQ(verdict.answer, Answer::kUnknown);
  EXPECT_NE(verdict.reason.find("budget of 3 steps"), std::string::npos) << verdict.reason;
}

}  // namespace
}  // namespace kp::linearizability
