#include "bindings/cli/job_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <map>

#include "reference/base/check.h"

namespace kp::cli {
namespace {

using testing::HasSubstr;

class JobPoolTest : public testing::Test {
 protected:
  // Jobs 0 to count - 1; their ends by index.
  std::map<size_t, JobEnd> Run(size_t count, const JobPool::Work& work, JobPoolOptions options = {}) {
    JobPool pool(env_, options);
    std::map<size_t, JobEnd> ends;
    size_t next = 0;
    completed_ = pool.Run([&] { return next < count ? std::optional(next++) : std::nullopt; }, work,
                          [&](size_t index, JobEnd end) {
                            ends[index] = std::move(end);
                            if (stop_after_ != 0 && ends.size() == stop_after_) pool.Stop();
                          });
    return ends;
  }

  runtime::posix::PosixEnv env_{{.name = "test"}};
  bool completed_ = false;
  size_t stop_after_ = 0;
};

TEST_F(JobPoolTest, BringsBackWhatEachJobReturned) {
  const auto ends = Run(7, [](size_t index) { return std::string(index * 100'000, 'x'); }, {.workers = 3});
  EXPECT_TRUE(completed_);
  ASSERT_EQ(ends.size(), 7u);
  for (const auto& [index, end] : ends) {
    EXPECT_EQ(end.kind, JobEnd::Kind::kDone) << end.reason;
    EXPECT_EQ(end.output.size(), index * 100'000);
  }
}

TEST_F(JobPoolTest, ACrashIsTheEndOfOneJobWithItsLastWords) {
  const auto ends = Run(3, [](size_t index) {
    CHECK(index != 1) << "the sky fell";
    return std::string("fine");
  });
  EXPECT_TRUE(completed_);
  EXPECT_EQ(ends.at(0).kind, JobEnd::Kind::kDone);
  EXPECT_EQ(ends.at(2).kind, JobEnd::Kind::kDone);
  EXPECT_EQ(ends.at(1).kind, JobEnd::Kind::kCrashed);
  EXPECT_EQ(ends.at(1).reason, "SIGABRT");
  EXPECT_THAT(ends.at(1).stderr_tail, HasSubstr("the sky fell"));
}

TEST_F(JobPoolTest, AnEndWithoutResultIsACrash) {
  const auto ends = Run(1, [](size_t) -> std::string { _exit(7); });
  EXPECT_EQ(ends.at(0).kind, JobEnd::Kind::kCrashed);
  EXPECT_EQ(ends.at(0).reason, "exit code 7 without a result");
}

TEST_F(JobPoolTest, KillsAJobAtItsDeadline) {
  const auto ends = Run(1, [](size_t) -> std::string { return pause(), ""; }, {.deadline = 50ms});
  EXPECT_TRUE(completed_);
  EXPECT_EQ(ends.at(0).kind, JobEnd::Kind::kTimedOut);
  EXPECT_GE(ends.at(0).duration, 50ms);
}

TEST_F(JobPoolTest, StopKillsWhatRuns) {
  stop_after_ = 1;
  const auto ends = Run(3, [](size_t index) -> std::string { return index == 0 ? 0 : pause(), ""; }, {.workers = 3});
  EXPECT_FALSE(completed_);
  EXPECT_EQ(ends.size(), 1u);
}

TEST_F(JobPoolTest, RunsNoMoreAtATimeThanAsked) {
  JobPool pool(env_, {.workers = 2});
  int started = 0;
  int ended = 0;
  int most = 0;
  pool.Run(
      [&]() -> std::optional<size_t> {
        if (started == 6) return std::nullopt;
        most = std::max(most, ++started - ended);
        return static_cast<size_t>(started);
      },
      [](size_t) { return std::string(); }, [&](size_t, const JobEnd&) { ++ended; });
  EXPECT_EQ(ended, 6);
  EXPECT_EQ(most, 2);
}

}  // namespace
}  // namespace kp::cli
