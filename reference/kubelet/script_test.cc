#include "reference/kubelet/script.h"

#include <gtest/gtest.h>

namespace kp::kubelet {
namespace {

struct Row {
  std::vector<std::string> command;
  std::vector<std::string> args;
  std::optional<Duration> ends_after;
  int exit_code;
};

TEST(Script, ReadsWhatAContainerDoes) {
  const std::vector<Row> table = {
      {{}, {}, std::nullopt, 0},
      {{}, {"exit", "3"}, 0s, 3},
      {{}, {"exit", "0", "--after=1500ms"}, 1500ms, 0},
      {{"/bin/testpod"}, {"exit", "7"}, 0s, 7},
      {{}, {"crash", "--after=2s"}, 2s, 139},
      {{}, {"oom"}, 0s, 137},
      {{"sleep", "0.5"}, {}, 500ms, 0},
      {{"sleep", "infinity"}, {}, std::nullopt, 0},
      {{"true"}, {}, 0s, 0},
      {{"/bin/false"}, {}, 0s, 1},
      {{"nginx"}, {"-g", "daemon off;"}, std::nullopt, 0},
      {{"sh", "-c", "sleep 2; exit 4"}, {}, 2s, 4},
      {{"sh", "-c", "true && sleep 1 && false"}, {}, 1s, 1},
      {{"sh", "-c", "false && sleep 9"}, {}, 0s, 1},
      {{"sh", "-c", "exit 5; sleep 9"}, {}, 0s, 5},
      {{"/bin/sh", "-c", "echo hello; sleep infinity"}, {}, std::nullopt, 0},
      {{"sh", "-c", "while true; do sleep 1; done"}, {}, std::nullopt, 0},
  };
  for (const Row& row : table) {
    Script script = ReadScript(row.command, row.args);
    std::string line;
    for (const auto* words : {&row.command, &row.args}) {
      for (const std::string& word : *words) line += word + " ";
    }
    EXPECT_EQ(script.ends_after, row.ends_after) << line;
    EXPECT_EQ(script.exit_code, row.exit_code) << line;
  }
}

TEST(Script, StubbornIgnoresSigterm) {
  EXPECT_TRUE(ReadScript({}, {"stubborn"}).ignores_sigterm);
  EXPECT_FALSE(ReadScript({}, {}).ignores_sigterm);
}

TEST(Script, ServersAnswerProbes) {
  EXPECT_TRUE(ReadScript({}, {"http"}).serves);
  EXPECT_FALSE(ReadScript({}, {"exit", "0"}).serves);
}

}  // namespace
}  // namespace kp::kubelet
