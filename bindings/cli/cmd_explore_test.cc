#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "bindings/cli/commands.h"
#include "reference/base/mutant.h"

namespace kp::cli {

int RunExplore(int argc, char** argv);

namespace {

using ::testing::HasSubstr;

struct Outcome {
  int code;
  std::string out;
};

Outcome Explored(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "explore");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  testing::internal::CaptureStdout();
  const int code = RunExplore(static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  return {code, testing::internal::GetCapturedStdout()};
}

TEST(Explore, ProvesASmallScope) {
  const Outcome outcome = Explored({"raft", "--terms=1", "--commands=0", "--messages=2"});
  EXPECT_EQ(outcome.code, kPass);
  EXPECT_THAT(outcome.out, HasSubstr("Explored to the end: no law can be broken in this scope."));
}

TEST(Explore, SaysWhenItStoppedEarly) {
  const Outcome outcome = Explored({"raft", "--terms=2", "--commands=2", "--messages=3", "--max-states=1"});
  EXPECT_EQ(outcome.code, kAborted);
  EXPECT_THAT(outcome.out, HasSubstr("Stopped before the end"));
}

#ifndef KP_NO_MUTANTS
TEST(Explore, PrintsTheShortestWayToABrokenLaw) {
  SetActiveMutant("raft-vote-twice");
  const Outcome outcome = Explored({"raft", "--terms=1", "--commands=0"});
  SetActiveMutant("");
  EXPECT_EQ(outcome.code, kFailures);
  EXPECT_THAT(outcome.out, HasSubstr("election safety broken"));
  EXPECT_THAT(outcome.out, HasSubstr("\n  1. member 1 times out and campaigns  -> candidate term=1 log=[] commit=0\n"));
}

TEST(Explore, NeverPassesAMutant) {
  SetActiveMutant("some-bug");
  const Outcome outcome = Explored({"raft", "--terms=1", "--commands=0", "--messages=1"});
  SetActiveMutant("");
  EXPECT_EQ(outcome.code, kFailures);
}
#endif

TEST(Explore, RefusesWhatAStateCannotHold) {
  EXPECT_EQ(Explored({}).code, kUsage);
  EXPECT_EQ(Explored({"paxos"}).code, kUsage);
  EXPECT_EQ(Explored({"raft", "--terms=9"}).code, kUsage);
  EXPECT_EQ(Explored({"raft", "--crashes=-1"}).code, kUsage);
}

}  // namespace
}  // namespace kp::cli
