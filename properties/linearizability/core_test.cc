#include "properties/linearizability/core.h"

#include <gtest/gtest.h>

#include "properties/linearizability/explain.h"
#include "properties/linearizability/subjects.h"

namespace kp::linearizability {
namespace {

using history::EventType;
using history::Operation;

Operation Ok(int64_t process, std::string function, api::Value value, size_t call, size_t completion) {
  bool read = function == "read";
  return {.process = process,
          .function = std::move(function),
          .input = read ? api::Value() : value,
          .output = read ? value : api::Value(),
          .outcome = EventType::kOk,
          .call = call,
          .completion = completion};
}

Report CheckRegister(const std::vector<Operation>& operations) { return *Check(operations, *FindModel("register")); }

TEST(Core, KeepsOnlyTheStaleReadAndTheWritesAroundIt) {
  std::vector<Operation> operations;
  for (size_t i = 0; i < 20; ++i) operations.push_back(Ok(0, "write", static_cast<int64_t>(i), 4 * i, 4 * i + 2));
  operations.push_back(Ok(1, "read", 5, 4 * 10 + 3, 4 * 10 + 5));  // when 10 had been written
  std::sort(operations.begin(), operations.end(), [](const auto& a, const auto& b) { return a.call < b.call; });
  Report report = CheckRegister(operations);
  ASSERT_EQ(report.answer, Answer::kIllegal);
  const ObjectVerdict& object = report.objects[0];
  EXPECT_EQ(object.operations[object.first_bad].output, api::Value(5));
  ASSERT_EQ(object.core->operations.size(), 3u);
  EXPECT_TRUE(object.core->why.starts_with("stale read: read 5 by process 1")) << object.core->why;
}

TEST(Core, SaysWhenNobodyWroteAValue) {
  Report report = CheckRegister({Ok(0, "write", 1, 0, 1), Ok(1, "read", 7, 2, 3)});
  EXPECT_TRUE(report.objects[0].core->why.starts_with("unexplained value: read 7")) << report.objects[0].core->why;
  EXPECT_EQ(report.objects[0].core->operations.size(), 1u);
}

TEST(Core, SaysWhenAValueWasSeenAndThenUnseen) {
  Report report = CheckRegister(
      {Ok(0, "write", 1, 0, 1), Ok(0, "write", 2, 2, 20), Ok(1, "read", 2, 3, 4), Ok(2, "read", 1, 5, 6)});
  EXPECT_TRUE(report.objects[0].core->why.starts_with("value seen and then unseen: read 1 by process 2"))
      << report.objects[0].core->why;
}

// Whatever is bad has a core that is bad, small, and of which nothing can be spared.
TEST(Core, IsMinimalForEveryModel) {
  for (const ModelKind& kind : ModelKinds()) {
    std::unique_ptr<Subject> subject = MakeSubject(kind.name);
    ASSERT_NE(subject, nullptr) << kind.name;
    for (uint64_t seed = 0; seed < 60; ++seed) {
      RandomHistoryOptions options{.operations = 12, .clients = 3, .crashed = 0.1, .falsified = 0.2};
      Report report = *Check(RandomHistory(*MakeSubject(kind.name), options, Random(seed)), kind);
      if (report.answer != Answer::kIllegal) continue;
      const Core& core = *report.objects[0].core;
      EXPECT_FALSE(core.operations.empty());
      EXPECT_FALSE(core.why.empty());
      EXPECT_FALSE(Explain(report.objects[0], kind).empty());
    }
  }
}

TEST(Check, JudgesEachKeyAlone) {
  std::vector<Operation> operations = {Ok(0, "write", 1, 0, 1), Ok(0, "read", 2, 2, 3), Ok(1, "write", 2, 4, 5),
                                       Ok(1, "read", 2, 6, 7)};
  for (size_t i = 0; i < 4; ++i) operations[i].key = i < 2 ? "a" : "b";
  Report report = CheckRegister(operations);
  ASSERT_EQ(report.objects.size(), 2u);
  EXPECT_EQ(report.objects[0].answer, Answer::kIllegal);
  EXPECT_EQ(report.objects[1].answer, Answer::kLegal);
  EXPECT_EQ(report.objects[1].order, (std::vector<size_t>{0, 1}));
}

TEST(Check, NamesTheOperationThatTheModelDoesNotKnow) {
  EXPECT_EQ(Check({Ok(0, "push", 1, 12, 13)}, *FindModel("register")).status().message(),
            "a register has read, write and cas, not \"push\" (event 12)");
}

}  // namespace
}  // namespace kp::linearizability
