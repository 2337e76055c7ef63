#include "properties/linearizability/search.h"

#include <gtest/gtest.h>

#include "properties/linearizability/brute_force.h"
#include "properties/linearizability/subjects.h"

namespace kp::linearizability {
namespace {

using history::EventType;
using history::Operation;

std::vector<Operation> DrawHistory(std::string_view model, const RandomHistoryOptions& options, uint64_t seed) {
  std::unique_ptr<Subject> subject = MakeSubject(model);
  CHECK(subject != nullptr) << model;
  return RandomHistory(*subject, options, Random(seed));
}

std::vector<std::string> Names() {
  std::vector<std::string> names = {"semaphore:2"};
  for (const ModelKind& kind : ModelKinds()) names.push_back(kind.name);
  return names;
}

class SearchOf : public testing::TestWithParam<std::string> {};

// 2,000 short histories of each object, crashed operations among them.
TEST_P(SearchOf, AgreesWithBruteForce) {
  const ModelKind kind = *FindModel(GetParam());
  size_t legal = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    RandomHistoryOptions options{.operations = 7, .clients = 2 + seed % 4, .crashed = 0.2, .falsified = 0.15};
    std::vector<Operation> operations = DrawHistory(GetParam(), options, seed);
    std::unique_ptr<Model> model = kind.make();
    Result<Problem> problem = Reduce(*model, operations);
    ASSERT_TRUE(problem.ok()) << problem.status().ToString();
    Answer expected = LinearizableByBruteForce(*problem, *model) ? Answer::kLegal : Answer::kIllegal;
    legal += expected == Answer::kLegal;
    for (Method method : {Method::kFrontier, Method::kDepthFirst}) {
      Verdict verdict = Search(*problem, *model, {}, method);
      ASSERT_EQ(AnswerName(verdict.answer), AnswerName(expected)) << "seed " << seed << " method " << int(method);
      if (expected == Answer::kLegal) {
        ASSERT_EQ(CheckOrder(*problem, *model, verdict.order), "") << "seed " << seed;
      }
    }
  }
  EXPECT_GT(legal, 300u);
  // Without results only the refusals could be wrong, and they are not recorded.
  bool has_results = GetParam().find("mutex") == std::string::npos && !GetParam().starts_with("semaphore");
  if (has_results || GetParam() == "fenced-mutex") {
    EXPECT_LT(legal, 1950u);
  }
}

TEST_P(SearchOf, BothSearchesAgreeOnLongerHistories) {
  const ModelKind kind = *FindModel(GetParam());
  constexpr Budget kBudget{.steps = 20'000};  // queues whose values repeat may be too hard for one of them
  size_t known = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    RandomHistoryOptions options{.operations = 60, .clients = 4, .crashed = 0.02, .falsified = 0.01};
    std::vector<Operation> operations = DrawHistory(GetParam(), options, seed);
    std::unique_ptr<Model> model = kind.make();
    Problem problem = *Reduce(*model, operations);
    Verdict frontier = Search(problem, *model, kBudget, Method::kFrontier);
    Verdict depth = Search(problem, *model, kBudget, Method::kDepthFirst);
    if (frontier.answer == Answer::kUnknown || depth.answer == Answer::kUnknown) continue;
    ++known;
    ASSERT_EQ(AnswerName(frontier.answer), AnswerName(depth.answer)) << seed;
    if (frontier.answer == Answer::kIllegal) {
      ASSERT_EQ(frontier.moment, depth.moment) << seed;
    }
    if (frontier.answer == Answer::kLegal) {
      ASSERT_EQ(CheckOrder(problem, *model, frontier.order), "") << seed;
    }
  }
  EXPECT_GE(known, 15u);
}

INSTANTIATE_TEST_SUITE_P(Models, SearchOf, testing::ValuesIn(Names()), [](const auto& info) {
  std::string name = info.param;
  for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return name;
});

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
  std::vector<Operation> operations = DrawHistory("register", {.operations = 400, .clients = 20, .crashed = 0.1}, 1);
  std::unique_ptr<Model> model = FindModel("register")->make();
  Problem problem = *Reduce(*model, operations);
  Verdict verdict = Search(problem, *model, {.steps = 3});
  EXPECT_EQ(verdict.answer, Answer::kUnknown);
  EXPECT_NE(verdict.reason.find("budget of 3 steps"), std::string::npos) << verdict.reason;
}

}  // namespace
}  // namespace kp::linearizability
